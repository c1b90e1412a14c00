"""Metrics against scikit-image and formulas written out; the surrogate metrics on a linear PAIR."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pairlsi.evaluation import metrics, surrogate
from pairlsi.networks.autoencoders import PairedAutoencoder


def test_the_measures_of_an_ensemble_are_those_computed_by_hand():
    truth = np.array([[[[3.0, 4.0]]], [[[0.0, 2.0]]]])  # norms 5 and 2
    mean = np.array([[[3.0, 0.0]]])  # off by 4 and by sqrt(13)
    members = np.array(
        [
            [[[[3.0, 4.0]]], [[[3.0, 6.0]]], [[[3.0, 7.0]]]],  # off by 0, 2 and 3: 2 is half of 4, the last that counts
            [[[[0.0, 1.0]]], [[[0.0, 6.0]]], [[[2.0, 2.0]]]],  # off by 1, 4 and 2, at most 1.8 counts
        ]
    )
    found = metrics.ensemble(members, truth, mean)
    assert found["member_rre"] == pytest.approx([2 / 5, 2 / 2])
    assert found["success"] == pytest.approx([2 / 3, 1 / 3])
    variances = [np.var([4, 6, 7], ddof=1), np.var([0, 0, 2], ddof=1) + np.var([1, 6, 2], ddof=1)]
    assert found["spread"] == pytest.approx(np.sqrt(variances) / [5, 2])


def test_a_single_estimate_has_no_measures_of_an_ensemble(images):
    found = metrics.ensemble(None, images[1], images[1][0])
    assert list(found) == ["spread", "member_rre", "success"] and all(np.isnan(value) for value in found.values())


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    truth = rng.random((4, 1, 17, 19)).astype(np.float32)
    return truth + 0.2 * rng.standard_normal(truth.shape).astype(np.float32), truth


def test_the_relative_error_is_a_ratio_of_norms_per_sample(images):
    estimate, truth = images
    wanted = [np.linalg.norm((a - b).ravel()) / np.linalg.norm(b.ravel()) for a, b in zip(*images, strict=True)]
    assert metrics.relative_error(estimate, truth) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(("factor", "error"), [(1, 0), (0, 1), (3, 2), (-1, 2)])
def test_the_relative_error_of_a_multiple_is_known(images, factor, error):
    truth = images[1]
    assert metrics.relative_error(factor * truth, truth) == pytest.approx(np.full(4, error), rel=1e-5)


@pytest.mark.parametrize("shift", [0, 2150])
def test_the_error_relative_to_the_deviation_does_not_care_how_large_the_mean_is(images, shift):
    estimate, truth = (u.astype(np.float64) + shift for u in images)
    mean = truth.mean(0)
    found = metrics.deviation_error(estimate, truth, mean)
    wanted = [np.linalg.norm(a - b) / np.linalg.norm(b - images[1].mean(0)) for a, b in zip(*images, strict=True)]
    assert found == pytest.approx(wanted, rel=1e-4)
    assert metrics.deviation_error(np.broadcast_to(mean, truth.shape), truth, mean) == pytest.approx(np.ones(4))
    half = (truth + mean) / 2
    assert metrics.deviation_error(half, truth, mean) == pytest.approx(np.full(4, 0.5))
    assert np.isnan(metrics.deviation_error(estimate, np.broadcast_to(mean, truth.shape), mean)).all()


@pytest.mark.parametrize("data_range", [1.0, 0.7])
def test_the_signal_to_noise_ratio_is_that_of_skimage(images, data_range):
    wanted = [peak_signal_noise_ratio(b, a, data_range=data_range) for a, b in zip(*images, strict=True)]
    assert metrics.peak_signal_to_noise(*images, data_range) == pytest.approx(wanted, rel=1e-5)


def test_the_signal_to_noise_ratio_of_equal_images_is_huge_and_finite(images):
    ratio = metrics.peak_signal_to_noise(images[1], images[1], 1.0)
    assert np.isfinite(ratio).all() and (ratio > 1000).all()


@pytest.mark.parametrize("data_range", [1.0, 0.7])
def test_the_similarity_is_that_of_skimage_with_the_window_of_wang(images, data_range):
    said = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": data_range}
    wanted = [structural_similarity(a[0], b[0], **said) for a, b in zip(*images, strict=True)]
    assert metrics.similarity(*images, data_range) == pytest.approx(wanted, rel=1e-6)


def test_the_similarity_of_equal_images_is_one_and_that_of_others_less(images):
    assert metrics.similarity(images[1], images[1], 1.0) == pytest.approx(np.ones(4))
    assert (metrics.similarity(*images, 1.0) < 0.99).all()


def test_the_similarity_of_channels_is_their_mean(images):
    both = [np.concatenate([u, u[::-1]], axis=1) for u in images]
    single = metrics.similarity(*images, 1.0)
    assert metrics.similarity(*both, 1.0) == pytest.approx((single + single[::-1]) / 2, rel=1e-6)


def test_surrogate_metrics_of_a_perfect_linear_pair_are_zero(linear_pair):
    rng = np.random.default_rng(1)
    a = np.linalg.qr(rng.standard_normal((6, 6)))[0] * np.linspace(1, 2, 6)
    pair = linear_pair(a, np.diag(np.linspace(1, 3, 6)), np.zeros((6, 6)), 6, 6, (1, 2, 3))
    x = rng.standard_normal((5, 6))
    b = torch.from_numpy(x @ a.T).reshape(5, 1, 2, 3)
    keep = torch.tensor([1.0, 0.0]).view(1, 2, 1)
    found = surrogate.surrogate_metrics(pair, b, torch.from_numpy(x).reshape(5, 1, 1, 6), keep * b, keep)
    assert list(found) == list(surrogate.NAMES)
    for values in found.values():
        assert values.numpy() == pytest.approx(np.zeros(5), abs=1e-9)


def test_surrogate_metrics_of_a_linear_pair_are_their_formulas(linear_pair):
    """METHOD.md, "Surrogate quality metrics", in matrices."""
    rng = np.random.default_rng(2)
    a = rng.standard_normal((12, 6))
    pair = linear_pair(a, np.diag(np.linspace(1, 3, 6)), 0.3 * np.eye(12), 3, 5, (1, 4, 3), encoder_gain=0.9)
    x, b = rng.standard_normal((5, 6)), rng.standard_normal((5, 12))
    keep, measured = np.repeat([1.0, 0.0, 1.0, 1.0], 3), rng.standard_normal((5, 12))
    data, model, seen = (torch.from_numpy(u) for u in (b, x, keep * measured))
    given = data.reshape(5, 1, 4, 3), model.reshape(5, 1, 1, 6), seen.reshape(5, 1, 4, 3)
    found = surrogate.surrogate_metrics(pair, *given, torch.from_numpy(keep).view(1, 4, 3))
    z_x, z_y = pair.u_x.T @ x.T, 0.9 * pair.u_y.T @ b.T  # columns are samples

    def relative(difference, reference):
        return np.linalg.norm(difference, axis=0) / np.linalg.norm(reference, axis=0)

    wanted = {
        "residual_estimate": relative(pair.u_y @ pair.m @ z_x - b.T, b.T),
        "autoencoded_difference": relative(pair.u_y @ z_y - b.T, b.T),
        "model_autoencoder": relative(pair.u_x @ z_x - x.T, x.T),
        "latent_inverse": relative(pair.m_inverse @ z_y - z_x, z_x),
        "latent_forward": relative(pair.m @ z_x - z_y, z_y),
        "measured_residual": relative(keep[:, None] * (pair.u_y @ pair.m @ z_x - measured.T), (keep * measured).T),
    }
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert found[name].numpy() == pytest.approx(values, rel=1e-10)
        assert (values > 0.01).all()
    other = torch.from_numpy(rng.standard_normal((5, 5)))
    replaced = surrogate.surrogate_metrics(pair, *given, torch.from_numpy(keep).view(1, 4, 3), other)
    wanted = relative(pair.u_y @ other.numpy().T - b.T, b.T)
    assert replaced["autoencoded_difference"].numpy() == pytest.approx(wanted, rel=1e-10)
    assert replaced["measured_residual"].numpy() == pytest.approx(found["measured_residual"].numpy())


def test_surrogate_metrics_of_a_network_are_in_physical_units_and_without_gradients():
    said = {"latent": 4, "width": 2, "stem": 1, "strides": [2], "norm": "none"}
    torch.manual_seed(0)
    network = PairedAutoencoder((1, 8, 8), (1, 6, 9), said, said)
    network.x_scaling.scale.fill_(3.0)
    network.y_scaling.shift.fill_(2.0)
    x, b = torch.rand(3, 1, 8, 8), torch.rand(3, 1, 6, 9)
    found = surrogate.surrogate_metrics(network, b, x, b, torch.ones(1))
    with torch.no_grad():
        residual = network.predict(x).numpy() - b.numpy()
    wanted = [np.linalg.norm(r) / np.linalg.norm(v) for r, v in zip(residual, b.numpy(), strict=True)]
    assert found["residual_estimate"].numpy() == pytest.approx(wanted, rel=1e-5)
    assert torch.equal(found["measured_residual"], found["residual_estimate"])  # with nothing missing
    assert not any(values.requires_grad for values in found.values())
