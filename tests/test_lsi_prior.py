"""LSI with a regulariser, other misfits and other starts: closed forms on a linear PAIR, and its promises."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import torch
from made import make_mask, make_method

from pairlsi.networks.autoencoders import PairedAutoencoder

ROWS, BINS, SCALE, LEVEL = 8, 3, 0.5, 0.2
MASKS = ["none-0-0", "random-25-0", "block-50-0"]
PROBLEM = SimpleNamespace(mirrored=False, noise_level=LEVEL)
PLAIN = {"start": "zeros", "misfit": "squared", "history": 50, "iterations": 1, "stop": "fixed"}
ARCHITECTURE = {"latent": 8, "width": 4, "stem": 1, "strides": [2, 1], "norm": "none"}


@pytest.fixture(scope="module")
def pair(linear_pair):
    """A linear PAIR with latents of y around a mean that is not zero, correlated."""
    rng = np.random.default_rng(0)
    a, basis = rng.standard_normal((ROWS * BINS, 6)) / 5, rng.standard_normal((9, 9))
    network = linear_pair(a, np.diag(np.linspace(1, 0.2, 6)), np.eye(ROWS * BINS) / 10, 4, 9, (1, ROWS, BINS), 0.3)
    network.y_scaling.scale.fill_(SCALE)
    network.latent_mean = torch.from_numpy(rng.standard_normal(9))
    network.latent_whitening = torch.from_numpy(np.tril(basis) + 2 * np.eye(9))
    return network


@pytest.fixture(scope="module")
def y():
    return torch.from_numpy(np.random.default_rng(1).standard_normal((4, 1, ROWS, BINS)))


class Double:
    """A mask whose weights are float64."""

    def __init__(self, name: str):
        self.mask = make_mask(name, ROWS, 2, 7)
        self.keep, self.axis = self.mask.keep, 2

    def weights(self):
        return self.mask.weights().astype(float)


def searched(network, mask: str, name: str = "lsi-prior", problem=PROBLEM, **said):
    observation = SimpleNamespace(mask=Double(mask), name=mask, draw=0)
    own = {"weights": [1.0]} if name == "lsi-prior" else {}
    return make_method(name, PLAIN | own | said, problem, observation, ({}, {}), network)


def solve(network, y, mask: str, weight: float, iterations: int = 2000, name: str = "lsi-prior", **said):
    """The points of a search of a single member for each sample."""
    search = searched(network, mask, name, **said)
    observed = search.keep * y
    start = search.begin(observed, observed.new_zeros(len(y), 1, 1), None)
    with torch.no_grad():
        return search.follow(observed, start, iterations, weight, None).points


def system(pair, y, mask: str) -> tuple[np.ndarray, np.ndarray]:
    """The measured rows of U_y / scale, and of the data / scale, (N, measured)."""
    seen = np.repeat(make_mask(mask, ROWS, 2, 7).keep, BINS)
    return pair.u_y[seen] / SCALE, y.flatten(1).numpy()[:, seen] / SCALE


def prior(pair, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Centre (n,) and precision (n, n) of the quadratic regulariser."""
    if kind == "tikhonov":
        return np.zeros(9), np.eye(9)
    whitening = pair.latent_whitening.numpy()
    return pair.latent_mean.numpy(), whitening.T @ whitening


def noise(data: np.ndarray) -> np.ndarray:
    """The noise level times the root mean square of what was measured, (N,), in the units of `data`."""
    return LEVEL * np.sqrt(np.square(data).mean(1))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", ["tikhonov", "mahalanobis"])
@pytest.mark.parametrize("weight", [0.1, 3.0])
@pytest.mark.parametrize("misfit", ["squared", "weighted"])
def test_with_a_linear_pair_it_ends_at_the_regularised_least_squares(pair, y, mask, kind, weight, misfit):
    found = solve(pair, y, mask, weight, regulariser=kind, misfit=misfit)[-1].numpy()
    basis, data = system(pair, y, mask)
    centre, precision = prior(pair, kind)
    deviations = noise(data) if misfit == "weighted" else np.ones(len(y))
    for z, row, deviation in zip(found, data, deviations, strict=True):
        matrix = basis.T @ basis / deviation**2 + weight * precision
        wanted = np.linalg.solve(matrix, basis.T @ row / deviation**2 + weight * precision @ centre)
        assert z == pytest.approx(wanted, abs=2e-4)


@pytest.mark.parametrize("mask", ["none-0-0", "random-25-0"])
@pytest.mark.parametrize("name", ["lsi-prior", "lsi-robust"])
def test_with_hubers_misfit_it_ends_where_scipy_ends(pair, y, mask, name):
    outliers = y.clone()
    outliers[:, 0, 2, 1] += 8
    alone = {"left_out": None} if name == "lsi-robust" else {}
    found = solve(pair, outliers, mask, 0.5, name=name, misfit="huber", **alone)[-1].numpy()
    basis, data = system(pair, outliers, mask)
    centre, precision = prior(pair, "mahalanobis")
    for z, row, deviation in zip(found, data, noise(data), strict=True):

        def loss(z, row=row, deviation=deviation):
            residual = (basis @ z - row) / deviation
            return 2 * scipy.special.huber(1.345, residual).sum() + 0.5 * (z - centre) @ precision @ (z - centre)

        def gradient(z, row=row, deviation=deviation):
            clipped = np.clip((basis @ z - row) / deviation, -1.345, 1.345)
            return 2 * basis.T @ clipped / deviation + precision @ (z - centre)

        wanted = scipy.optimize.minimize(loss, centre, jac=gradient, method="BFGS", options={"gtol": 1e-9})
        assert z == pytest.approx(wanted.x, abs=1e-3)
    quadratic = solve(pair, outliers, mask, 0.5, misfit="weighted")[-1].numpy()
    assert np.abs(found - quadratic).max() > 0.1  # the outlier rules the one and not the other


def test_a_heavy_prior_leaves_the_mean_latent_alone(pair, y):
    found = solve(pair, y, "random-25-0", 1e6)[-1]
    assert found.numpy() == pytest.approx(np.broadcast_to(pair.latent_mean.numpy(), (4, 9)), abs=1e-3)


def interpolated(y: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The rows of (N, 1, ROWS, BINS) that are missing, filled by NumPy, sample by sample and bin by bin."""
    filled, known = y.copy(), np.flatnonzero(keep)
    for sample, bin_ in np.ndindex(len(y), y.shape[3]):
        filled[sample, 0, :, bin_] = np.interp(np.arange(ROWS), known, y[sample, 0, known, bin_])
    return filled


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("start", ["zeros", "interpolated", "mean"])
def test_it_starts_where_it_is_told_to(pair, y, mask, start):
    keep = make_mask(mask, ROWS, 2, 7).keep
    filled = np.where(keep[:, None], y.numpy(), 0) if start == "zeros" else interpolated(y.numpy(), keep)
    wanted = 0.3 * filled.reshape(4, -1) @ pair.u_y
    if start == "mean":
        wanted = np.broadcast_to(pair.latent_mean.numpy(), (4, 9))
    assert solve(pair, y, mask, 1.0, 1, start=start)[0].numpy() == pytest.approx(wanted, abs=1e-12)


def test_rows_of_a_parallel_beam_are_filled_past_the_ends_of_the_scan(pair, y):
    """The first row is missing: its neighbours are the second one and the mirror image of the last one."""
    keep = np.arange(ROWS) > 0
    search = searched(pair, "none-0-0", problem=SimpleNamespace(mirrored=True), start="interpolated")
    search.observation.mask.keep = keep
    observed = y * torch.from_numpy(keep)[:, None]
    found = search.begin(observed, observed.new_zeros(4, 1, 1), None)
    filled = y.numpy().copy()
    filled[:, :, 0] = (y.numpy()[:, :, 1] + y.numpy()[:, :, -1, ::-1]) / 2
    assert found.numpy() == pytest.approx(0.3 * filled.reshape(4, -1) @ pair.u_y, abs=1e-12)


def make(divergence=None) -> PairedAutoencoder:
    torch.manual_seed(0)
    network = PairedAutoencoder((1, 8, 8), (1, ROWS, 9), ARCHITECTURE, ARCHITECTURE, divergence=divergence).double()
    network.y_scaling.scale.fill_(0.3)
    network.latent_mean.normal_()
    network.latent_whitening.copy_(torch.randn(8, 8).tril())
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def real_y():
    return torch.rand(5, 1, ROWS, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("start", ["zeros", "interpolated", "mean"])
def test_members_start_around_the_latents_of_the_filled_data_and_a_mean_start_is_one_point(real_y, start):
    network = make(divergence=[0.1, 0.1])
    search = searched(network, "random-25-0", start=start)
    observed = search.keep * real_y
    noise = torch.stack([torch.zeros(5, 8), torch.ones(5, 8)], dim=1).double()  # two members
    found = search.begin(observed, noise, None).unflatten(0, (5, 2))
    by_numpy = torch.from_numpy(interpolated(real_y.numpy(), search.observation.mask.keep))
    filled = by_numpy if start == "interpolated" else observed
    mean, deviation = network.distribution_y(filled)
    if start == "mean":
        mean, deviation = network.latent_mean.expand(5, -1), torch.zeros(5, 8)
    assert found.numpy() == pytest.approx(torch.stack([mean, mean + deviation], dim=1).numpy())


@pytest.mark.parametrize("mask", ["none-0-0", "random-25-0"])
def test_without_weight_from_zero_filled_data_it_is_lsi(real_y, mask):
    network = make()
    plain = solve(network, real_y, mask, 0.0, 10, name="lsi")
    assert torch.equal(solve(network, real_y, mask, 0.0, 10), plain)
    weighted = solve(network, real_y, mask, 0.0, 10, misfit="weighted")  # the same but for a factor
    assert weighted[-1].numpy() == pytest.approx(plain[-1].numpy(), abs=0.1)
    for changes in ({"weight": 1.0}, {"start": "mean"}, {"misfit": "huber"}):
        other = solve(network, real_y, mask, changes.pop("weight", 0.0), 10, **changes)
        assert not torch.allclose(other[-1], plain[-1], atol=1e-3)


@pytest.mark.parametrize("misfit", ["squared", "weighted", "huber"])
def test_samples_do_not_influence_each_other(real_y, misfit):
    network, said = make(), {"misfit": misfit, "start": "interpolated"}
    together = solve(network, real_y, "random-25-0", 0.3, 10, **said)[-1].numpy()
    for i in (0, 3):
        alone = solve(network, real_y[i : i + 1], "random-25-0", 0.3, 10, **said)[-1].numpy()
        assert alone[0] == pytest.approx(together[i], rel=1e-6, abs=1e-8)
    others = real_y.clone()
    others[1:] *= 1000
    beside = solve(network, others, "random-25-0", 0.3, 10, **said)[-1].numpy()
    assert beside[0] == pytest.approx(together[0], rel=1e-6, abs=1e-8)


def test_the_regularised_objective_falls_with_every_iteration(real_y):
    network = make()
    points = solve(network, real_y, "random-25-0", 0.3, 10, start="mean")
    keep = torch.from_numpy(Double("random-25-0").weights())
    values = []
    for z in points:
        residual = keep * (network.decode_y(z) - real_y) / 0.3
        away = (z - network.latent_mean) @ network.latent_whitening.T
        values.append(residual.square().sum((1, 2, 3)) + 0.3 * away.square().sum(1))
    falls = torch.stack(values).diff(dim=0)
    assert (falls <= 0).all() and (falls.sum(0) < 0).all()
