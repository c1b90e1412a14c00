"""What latent searches minimise: misfits and regularisers against formulas of SciPy and torch, the prior of latents."""

import numpy as np
import pytest
import scipy.special
import torch
from made import make_network
from scipy.spatial.distance import mahalanobis

from pairlsi.data import store
from pairlsi.data.batches import Batches
from pairlsi.data.statistics import Statistics
from pairlsi.networks import latent_prior, stored
from pairlsi.solvers.objectives import KNEE, Objective, misfit, regulariser

ROWS, SHAPE, LATENT = 5, (2, 3, 4), 6


@pytest.fixture(scope="module")
def residual():
    """Residuals (5, 2, 3, 4) of very different sizes: far below and far above the knee of Huber's function."""
    values = np.random.default_rng(0).standard_normal((ROWS, *SHAPE))
    return torch.from_numpy(values * np.array([0.01, 0.5, 1, 3, 100]).reshape(-1, 1, 1, 1))


@pytest.fixture(scope="module")
def deviation():
    return torch.linspace(0.3, 2, ROWS, dtype=torch.float64)


@pytest.fixture(scope="module")
def latents():
    """Correlated latents (200, 6) around a mean that is not zero, and five of them moved away."""
    rng = np.random.default_rng(1)
    cloud = rng.standard_normal((200, LATENT)) @ rng.standard_normal((LATENT, LATENT)) + rng.standard_normal(LATENT)
    return torch.from_numpy(cloud), torch.from_numpy(cloud[:ROWS] + rng.standard_normal((ROWS, LATENT)))


def by_row(residual) -> np.ndarray:
    return residual.numpy().reshape(ROWS, -1)


def test_the_squared_misfit_is_the_sum_of_squares_whatever_the_noise(residual, deviation):
    wanted = [sum(value**2 for value in row) for row in by_row(residual)]
    assert misfit("squared", residual, deviation).numpy() == pytest.approx(wanted)
    assert torch.equal(misfit("squared", residual, None), misfit("squared", residual, deviation))


def test_the_weighted_misfit_is_in_standard_deviations_of_each_rows_noise(residual, deviation):
    wanted = [sum(value**2 for value in row) / s**2 for row, s in zip(by_row(residual), deviation.numpy(), strict=True)]
    assert misfit("weighted", residual, deviation).numpy() == pytest.approx(wanted)


def test_hubers_misfit_is_that_of_scipy_and_of_torch(residual, deviation):
    found = misfit("huber", residual, deviation).numpy()
    standard = by_row(residual) / deviation.numpy()[:, None]
    assert found == pytest.approx(2 * scipy.special.huber(1.345, standard).sum(1))
    loss = torch.nn.HuberLoss(reduction="sum", delta=1.345)
    assert found == pytest.approx([2 * loss(torch.from_numpy(r), torch.zeros(24)).item() for r in standard])


def test_hubers_misfit_is_the_weighted_one_for_small_residuals_and_grows_linearly_for_large_ones(residual, deviation):
    small, large = 0.9 * KNEE / by_row(residual).__abs__().max(), 1e6
    ones = torch.ones_like(deviation)
    for kind, factor in (("weighted", small), ("huber", small)):
        assert misfit(kind, factor * residual, ones).numpy() == pytest.approx(
            np.square(factor * by_row(residual)).sum(1)
        )
    grown, twice = (misfit("huber", factor * residual, ones).numpy() for factor in (large, 2 * large))
    assert twice == pytest.approx(2 * grown, rel=1e-3)


def test_mahalanobis_is_scipys_distance_squared_by_the_inverse_of_the_covariance(latents):
    cloud, z = latents
    mean, whitening = latent_prior.moments(cloud)
    covariance = np.cov(cloud.numpy().T)
    shrunken = covariance + 1e-3 * np.trace(covariance) / LATENT * np.eye(LATENT)
    inverse = np.linalg.inv(shrunken)
    wanted = [mahalanobis(row, cloud.numpy().mean(0), inverse) ** 2 for row in z.numpy()]
    assert regulariser("mahalanobis", z, (mean, whitening)).numpy() == pytest.approx(wanted)


def test_tikhonov_is_the_squared_norm_of_the_latents_whatever_the_prior(latents):
    cloud, z = latents
    found = regulariser("tikhonov", z, latent_prior.moments(cloud)).numpy()
    assert found == pytest.approx([sum(value**2 for value in row) for row in z.numpy()])


@pytest.mark.parametrize("kind", ["squared", "weighted", "huber"])
@pytest.mark.parametrize("of_latents", ["tikhonov", "mahalanobis"])
def test_the_objective_is_the_misfit_plus_the_weighted_regulariser_of_the_rows_asked_for(
    residual, deviation, latents, kind, of_latents
):
    cloud, z = latents
    prior = latent_prior.moments(cloud)
    objective = Objective(kind, of_latents, 0.7, deviation, prior)
    rows = torch.tensor([4, 0, 2])
    found = objective(z[rows], residual[rows], rows)
    for i, row in enumerate(rows.tolist()):
        one = slice(row, row + 1)
        wanted = misfit(kind, residual[one], deviation[one]) + 0.7 * regulariser(of_latents, z[one], prior)
        assert found[i].item() == pytest.approx(wanted.item())


def test_the_default_objective_is_the_papers(residual, latents):
    rows = torch.arange(ROWS)
    found = Objective()(latents[1], residual, rows)
    assert found.numpy() == pytest.approx(np.square(by_row(residual)).sum(1))
    unweighted = Objective("squared", "mahalanobis", 0.0, None, latent_prior.moments(latents[0]))
    assert torch.equal(unweighted(latents[1], residual, rows), found)


def test_the_moments_of_latents_are_numpys_and_whiten(latents):
    cloud = latents[0]
    mean, whitening = latent_prior.moments(cloud)
    assert mean.dtype == whitening.dtype == torch.float64
    assert mean.numpy() == pytest.approx(cloud.numpy().mean(0))
    covariance = np.cov(cloud.numpy(), rowvar=False)
    shrunken = covariance + 1e-3 * np.diag(covariance).mean() * np.eye(LATENT)
    assert (whitening.T @ whitening).numpy() == pytest.approx(np.linalg.inv(shrunken))
    white = ((cloud - mean) @ whitening.T).numpy()
    spread = np.linalg.eigvalsh(np.cov(white.T))  # 1 but for the shrinkage, which only takes away
    assert (spread < 1).all() and spread[1:] == pytest.approx(1, abs=0.1)


def test_directions_that_no_training_latent_takes_are_unlikely_but_possible(latents):
    flat = latents[0].clone()
    flat[:, 2] = 0.5
    mean, whitening = latent_prior.moments(flat)
    assert torch.isfinite(whitening).all()
    aside, along = mean.clone(), mean.clone()
    aside[2] += 1
    along[1] += 1
    far, near = regulariser("mahalanobis", torch.stack([aside, along]), (mean, whitening)).tolist()
    assert far == pytest.approx(1 / (1e-3 * flat.var(0).mean().item())) and far > 10 * near


ARCHITECTURE = {"latent": LATENT, "width": 2, "stem": 2, "strides": [2], "norm": "none"}
SPEC = {"x": ARCHITECTURE, "y": ARCHITECTURE, "weights": [1, 1, 1, 1]}


@pytest.mark.parametrize("name", ["pair", "vpae"])
def test_the_prior_is_of_the_latents_of_the_training_data_and_is_stored_with_the_weights(
    ct_data, ct_problem, tmp_path, name
):
    torch.manual_seed(0)
    spec = SPEC if name == "pair" else SPEC | {"divergence": [0.1, 0.1]}
    network = make_network(name, spec, ct_problem)
    stored.fit_scaling(network, Statistics(*store.statistics(ct_data / "train.zarr")), "pixel")
    assert not network.latent_mean.any() and torch.equal(network.latent_whitening, torch.eye(LATENT))
    latent_prior.fit(network, Batches(ct_data / "train.zarr", 16, 16, seed=0))
    y = torch.from_numpy(store.read(ct_data / "train.zarr", "y"))
    with torch.no_grad():
        z = network.encode_y(y).double().numpy()
    assert network.latent_mean.numpy() == pytest.approx(z.mean(0), abs=1e-5)
    covariance = np.cov(z.T)
    whitening = network.latent_whitening.double().numpy()
    shrunken = covariance + 1e-3 * np.trace(covariance) / LATENT * np.eye(LATENT)
    assert np.linalg.inv(whitening.T @ whitening) == pytest.approx(shrunken, rel=1e-3, abs=1e-5 * shrunken.max())
    stored.save(network, tmp_path / "weights.safetensors")
    loaded = stored.load(make_network(name, spec, ct_problem), tmp_path / "weights.safetensors")
    assert torch.equal(loaded.latent_mean, network.latent_mean)
    assert torch.equal(loaded.latent_whitening, network.latent_whitening)
