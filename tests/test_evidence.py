"""The noise that is estimated from what was measured, against the likelihood in full and on data of known noise."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from pairlsi.solvers.coordinates import FACTORS, SPREADS, LinearPosterior

ENTRIES, LATENTS, SAMPLES = 40, 6, 7


@pytest.fixture(scope="module")
def linear():
    """basis (m, n), mean (n,) and root (n, n) of a prior, one direction of which no data show."""
    rng = np.random.default_rng(0)
    basis, root = rng.standard_normal((ENTRIES, LATENTS)), rng.standard_normal((LATENTS, LATENTS)) / 2
    unseen = root[:, 0] / np.linalg.norm(root[:, 0])
    return basis - np.outer(basis @ unseen, unseen), rng.standard_normal(LATENTS), root


def drawn(linear, deviation: float, weight: float, samples: int) -> np.ndarray:
    rng, (basis, mean, root) = np.random.default_rng(1), linear
    z = mean + rng.standard_normal((samples, LATENTS)) @ root.T / np.sqrt(weight)
    return z @ basis.T + deviation * rng.standard_normal((samples, ENTRIES))


@pytest.mark.parametrize("weight", [0.3, 1.0, 3.0])
def test_it_is_the_most_likely_of_those_tried(linear, weight):
    basis, mean, root = linear
    data, guess = drawn(linear, 0.5, weight, SAMPLES), np.full(SAMPLES, 0.1)
    posterior = LinearPosterior(*(torch.from_numpy(u) for u in linear))
    found = posterior.noise(torch.from_numpy(data), torch.from_numpy(guess), weight).numpy()
    signal = basis @ root @ root.T @ basis.T / weight

    def logpdf(factor: float) -> np.ndarray:
        return multivariate_normal(basis @ mean, signal + factor * 0.1 * np.eye(ENTRIES)).logpdf(data)

    likeliest = np.argmax([logpdf(factor) for factor in FACTORS], axis=0)
    assert found == pytest.approx(0.1 * np.array(FACTORS)[likeliest])


@pytest.mark.parametrize("deviation", [0.1, 1.0, 3.0])
def test_it_is_that_of_the_data_within_its_own_error(linear, deviation):
    data = torch.from_numpy(drawn(linear, deviation, 1.0, 200))
    posterior = LinearPosterior(*(torch.from_numpy(u) for u in linear))
    found = posterior.noise(data, torch.full((200,), 0.1, dtype=torch.float64), 1.0).sqrt().numpy()
    assert np.median(found) == pytest.approx(deviation, rel=0.05)
    assert found.std() / deviation == pytest.approx(1 / np.sqrt(2 * (ENTRIES - LATENTS + 1)), rel=0.3)


def test_with_the_prior_s_spread_it_is_the_most_likely_of_both(linear):
    basis, mean, root = linear
    data, guess = drawn(linear, 0.5, 1 / 9, 3), np.full(3, 0.1)
    posterior = LinearPosterior(*(torch.from_numpy(u) for u in linear))
    found = posterior.noise(torch.from_numpy(data), torch.from_numpy(guess), 1.0, SPREADS).numpy()
    signal, pairs = basis @ root @ root.T @ basis.T, [(f, s) for f in FACTORS[::2] for s in SPREADS]
    likely = [
        multivariate_normal(basis @ mean, spread * signal + factor * 0.1 * np.eye(ENTRIES)).logpdf(data)
        for factor, spread in pairs
    ]
    best = np.array(pairs)[np.argmax(likely, axis=0)]
    assert found == pytest.approx(0.1 * best[:, 0] / best[:, 1])


@pytest.mark.parametrize("weight", [0.1, 1.0, 10.0])
def test_objects_of_another_contrast_are_estimated_as_if_their_spread_were_known(linear, weight):
    data = torch.from_numpy(drawn(linear, 0.5, weight, 300))
    posterior = LinearPosterior(*(torch.from_numpy(u) for u in linear))
    guess = torch.full((300,), 0.1, dtype=torch.float64)
    found = posterior.noise(data, guess, 1.0, SPREADS)
    assert float(found.median()) == pytest.approx(0.25 * weight, rel=0.35)
    blind, known = posterior.noise(data, guess, 1.0), torch.full_like(guess, 0.25 * weight)
    truth = drawn(linear, 0.0, weight, 300)

    def off(noise) -> float:
        z = posterior.coordinates(data, noise, 1.0).centre @ torch.from_numpy(linear[0]).T
        return float(np.square(z.numpy() - truth).mean())

    assert off(found) < 1.1 * off(known) and off(found) <= 1.02 * off(blind)
