"""Null controls: latents that tell nothing of a sample, what is made of them, and what a job writes of them."""

import numpy as np
import pytest
import torch
from made import make_mask, make_method

from pairlsi.data.statistics import Statistics
from pairlsi.evaluation import inference as sweep
from pairlsi.jobs import memory
from pairlsi.methods import controls
from pairlsi.networks import latent_prior
from pairlsi.networks.autoencoders import PairedAutoencoder

X_SHAPE, Y_SHAPE = (1, 12, 12), (1, 8, 9)
ARCHITECTURE = {"latent": 5, "width": 4, "stem": 1, "strides": [2, 1], "norm": "none"}
MASK = make_mask("random-25-0", 8, 2, 7)
SEARCH = {"iterations": 3, "members": 2}
RANGE = {"pixel_std": 1.0, "std": 0.5, "min": 0.0, "max": 1.0}
STATISTICS = Statistics(dict.fromkeys("xy", RANGE), {"x": np.zeros(X_SHAPE, np.float32)})
COUNT = 6


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = PairedAutoencoder(X_SHAPE, Y_SHAPE, ARCHITECTURE, ARCHITECTURE, divergence=[0.1, 0.1])
    mixing = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    latents = torch.randn(4000, 5, generator=torch.Generator().manual_seed(2)) @ mixing + torch.arange(5)
    mean, whitening = latent_prior.moments(latents)
    network.latent_mean.copy_(mean)
    network.latent_whitening.copy_(whitening)
    network.training_latents = latents
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(3).standard_normal((COUNT, *Y_SHAPE)).astype(np.float32)


def estimates(network, y, name: str):
    return method(network, name)(y, "test")


def method(network, name: str = "pair"):
    said = SEARCH if name == "lsi" else {}
    return make_method(name, said, None, MASK, STATISTICS, network, seed=3, batch_size=12 if said else 4)


def test_latents_are_those_of_the_start_of_the_next_sample_and_drawn_as_the_training_ones(network, y):
    found = estimates(network, y, "lsi")
    z = controls.latents(found, network, "test", 3, 0)
    assert list(z) == list(controls.NAMES)
    noise = np.stack([np.random.default_rng([3, 0, 2, i]).standard_normal((2, 5)) for i in range(COUNT)])
    mean, deviation = network.distribution_y(torch.from_numpy(MASK(y)))
    assert z["start"] == pytest.approx(mean.numpy()[:, None] + deviation.numpy()[:, None] * noise, abs=1e-5)
    assert np.array_equal(z["another"], found.latents[[5, 0, 1, 2, 3, 4]])
    many = np.concatenate([controls.latents(found, network, "test", seed, 0)["random"] for seed in range(2000)])
    drawn, trained = many.reshape(-1, 5), network.training_latents.numpy()
    assert drawn.mean(0) == pytest.approx(trained.mean(0), abs=0.1)
    assert np.cov(drawn.T) == pytest.approx(np.cov(trained.T), abs=0.06 * np.cov(trained.T).max())


def test_pair_has_no_search_to_leave_out(network, y):
    assert list(controls.latents(estimates(network, y, "pair"), network, "test", 3, 0)) == ["another", "random"]


@pytest.mark.parametrize("name", ["pair", "lsi"])
def test_the_latents_of_a_method_give_its_own_estimates_back(network, y, name):
    found = estimates(network, y, name)
    again = controls.estimates(found, found.latents, network, memory.Batched(4))
    assert again.x == pytest.approx(found.x, abs=1e-5) and again.y == pytest.approx(found.y, abs=1e-5)
    x = np.random.default_rng(4).standard_normal((COUNT, *X_SHAPE)).astype(np.float32)
    tables = [sweep.measure(each, x, y, method(network), STATISTICS, "test") for each in (found, again)]
    for column in ("rre", "misfit", "measured_residual", "residual_estimate", "autoencoded_difference"):
        assert tables[0][column] == pytest.approx(tables[1][column], rel=1e-4), column


def test_the_misfit_is_held_against_what_was_measured_and_tells_other_latents_from_the_own(network, y):
    """The quality metrics of the paper, held against the completed data, do not."""
    found = estimates(network, network.decode_y(network.encode_y(torch.from_numpy(y))).numpy(), "lsi")
    x = np.ones((COUNT, *X_SHAPE), np.float32)
    other = controls.estimates(
        found, controls.latents(found, network, "test", 3, 0)["another"], network, memory.Batched(9)
    )
    data = network.decode_y(network.encode_y(torch.from_numpy(y))).numpy()
    own, null = (sweep.measure(each, x, data, method(network), STATISTICS, "test") for each in (found, other))
    kept = MASK.keep
    wanted = [np.linalg.norm((a - b)[:, kept]) / np.linalg.norm(b[:, kept]) for a, b in zip(other.y, data, strict=True)]
    assert null["misfit"] == pytest.approx(wanted, rel=1e-5)
    assert np.mean(null["misfit"]) > 1.5 * np.mean(own["misfit"])
    assert np.mean(null["autoencoded_difference"]) < 1.5 * np.mean(own["autoencoded_difference"])
