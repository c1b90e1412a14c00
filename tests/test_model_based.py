"""M-LSI and waveform inversion on a matrix in place of the simulation, against least squares in closed form."""

import numpy as np
import pytest
import torch
from made import make_mask

from pairlsi.solvers.model_based import model_based_lsi, roughness, smoothing, surrogate_root, waveform_inversion

ROWS, BINS = 8, 3
X_SHAPE, Y_SHAPE = (1, 4, 5), (1, ROWS, BINS)
LONG = {"iterations": 1000, "history": 50}
SCALES = (3.0, 0.5)


class Matrix:
    """A problem whose simulation is a matrix."""

    def __init__(self, shape, unknowns: int):
        self.shape = shape
        self.matrix = np.random.default_rng(0).standard_normal((ROWS * BINS, unknowns)) / 5

    def simulate(self, x):
        return (x.flatten(1) @ torch.from_numpy(self.matrix.T)).unflatten(1, Y_SHAPE)


@pytest.fixture(scope="module")
def y():
    return torch.from_numpy(np.random.default_rng(1).standard_normal((5, *Y_SHAPE)))


def observe(name: str) -> tuple[np.ndarray, torch.Tensor]:
    """P as a (24, 24) matrix and as the weights that inference takes."""
    weights = make_mask(name, ROWS, 2, 7).weights()
    return np.diag(np.broadcast_to(weights, Y_SHAPE).ravel()).astype(float), torch.from_numpy(weights).double()


@pytest.fixture(scope="module")
def pair(linear_pair):
    rng = np.random.default_rng(2)
    basis = rng.standard_normal((9, 9))
    return linear_pair(Matrix(X_SHAPE, 9).matrix, basis @ basis.T, np.eye(24), 6, 9, Y_SHAPE)


@pytest.mark.parametrize("mask", ["none-0-0", "random-25-0", "block-50-0"])
def test_inversion_over_latents_ends_at_the_pseudo_inverse(pair, y, mask):
    p, keep = observe(mask)
    problem = Matrix(X_SHAPE, 9)
    start = torch.randn(5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = model_based_lsi(pair, problem, keep * y, keep, start, **LONG)
    wanted = np.linalg.pinv(p @ problem.matrix @ pair.u_x) @ (keep * y).flatten(1).numpy().T  # (P A D)⁺ ỹ
    assert found.points[-1].numpy() == pytest.approx(wanted.T, abs=2e-5)
    assert torch.equal(found.points[0], start)


@pytest.mark.parametrize("mask", ["none-0-0", "random-25-0", "block-50-0"])
def test_where_the_surrogate_is_the_operator_a_preconditioned_search_ends_at_once(pair, y, mask):
    p, keep = observe(mask)
    problem = Matrix(X_SHAPE, 9)
    start, added = torch.zeros(5, 6, dtype=torch.float64), 1e-6
    root = surrogate_root(pair, keep, start[0], added)
    slope = p @ problem.matrix @ pair.u_x / float(pair.y_scaling.scale)
    curvature = slope.T @ slope
    curvature += added * np.trace(curvature) / 6 * np.eye(6)
    assert np.linalg.inv(root.numpy() @ root.numpy().T) == pytest.approx(curvature, rel=1e-8, abs=1e-8)
    wanted = np.linalg.pinv(p @ problem.matrix @ pair.u_x) @ (keep * y).flatten(1).numpy().T

    def off(n, **given):
        found = model_based_lsi(pair, problem, keep * y, keep, start, n, 10, **given).points[-1].numpy().T
        return np.linalg.norm(found - wanted) / np.linalg.norm(wanted)

    assert off(3, root=root) < 1e-9 and off(3) > 0.1


@pytest.mark.parametrize("preconditioned", [False, True])
def test_with_a_prior_inversion_over_latents_ends_at_the_mode_of_the_posterior(pair, y, preconditioned):
    p, keep = observe("block-50-0")
    start = torch.randn(5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    root = surrogate_root(pair, keep, start[0], 0.1) if preconditioned else torch.eye(6, dtype=torch.float64)
    slope = p @ Matrix(X_SHAPE, 9).matrix @ pair.u_x / float(pair.y_scaling.scale)
    left = (keep * y).flatten(1).numpy().T / float(pair.y_scaling.scale) - slope @ start.numpy().T
    precision = np.linalg.inv(root.numpy() @ root.numpy().T)
    step = np.linalg.solve(slope.T @ slope + 0.3 * precision, slope.T @ left)
    given = LONG | {"root": root if preconditioned else None, "weight": 0.3}
    found = model_based_lsi(pair, Matrix(X_SHAPE, 9), keep * y, keep, start, **given).points[-1]
    assert found.numpy() == pytest.approx(start.numpy() + step.T, abs=2e-5)


def differences() -> np.ndarray:
    """All first differences of a 4 x 5 image as a matrix."""
    rows, columns = np.diff(np.eye(4), axis=0), np.diff(np.eye(5), axis=0)
    return np.vstack([np.kron(rows, np.eye(5)), np.kron(np.eye(4), columns)])


def invert(y, keep, start, weight, smooth=None):
    said = LONG | {"smooth": smooth}
    return waveform_inversion(Matrix(X_SHAPE, 20), y, keep, start, X_SHAPE, SCALES, weight, **said).points[-1]


@pytest.mark.parametrize("least", [None, 0.5])
@pytest.mark.parametrize("weight", [1.0, 20.0])
@pytest.mark.parametrize("mask", ["none-0-0", "block-50-0"])
def test_inversion_over_pixels_ends_at_tikhonovs_solution_smooth_steps_or_not(y, mask, weight, least):
    p, keep = observe(mask)
    start = torch.randn(5, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    a = p @ Matrix(X_SHAPE, 20).matrix * SCALES[0] / SCALES[1]
    data = (keep * y / SCALES[1]).flatten(1).numpy().T
    d = differences()
    step = np.linalg.solve(a.T @ a + weight * d.T @ d, a.T @ (data - a @ start.numpy().T))
    found = invert(keep * y, keep, start, weight, smoothing(X_SHAPE, least) if least else None)
    assert found.numpy() == pytest.approx(start.numpy() + step.T, abs=2e-5)


def test_smoothing_twice_is_the_inverse_of_a_roughness_with_a_floor():
    smooth, d = smoothing(X_SHAPE, 0.3), differences()
    pixels = torch.eye(20, dtype=torch.float64).unflatten(1, X_SHAPE)
    twice = smooth(smooth(pixels)).flatten(1).numpy()
    assert twice == pytest.approx(0.3 * np.linalg.inv(d.T @ d + 0.3 * np.eye(20)), abs=1e-12)
    constant = torch.ones(1, *X_SHAPE)
    assert torch.allclose(smooth(constant), constant)


@pytest.mark.parametrize("least", [None, 0.1])
def test_of_all_images_that_explain_few_data_it_ends_at_the_smoothest_where_steps_are_smooth(least):
    problem, keep = Matrix(X_SHAPE, 20), torch.ones(1, ROWS, 1, dtype=torch.float64)
    problem.matrix = a = problem.matrix * (np.arange(ROWS * BINS) < 8)[:, None]  # fewer data than pixels
    y, start = torch.from_numpy(a.sum(1)).reshape(1, *Y_SHAPE), torch.zeros(1, 20, dtype=torch.float64)
    smooth = smoothing(X_SHAPE, least) if least else None
    found = waveform_inversion(problem, y, keep, start, X_SHAPE, (1.0, 1.0), 0.0, **LONG, smooth=smooth).points[-1]
    d = differences()
    covariance = np.linalg.inv(d.T @ d + least * np.eye(20)) if least else np.eye(20)
    wanted = covariance @ a.T @ np.linalg.pinv(a @ covariance @ a.T) @ a.sum(1)
    assert found[0].numpy() == pytest.approx(wanted, abs=1e-4)


def test_the_roughness_is_the_sum_of_squared_differences():
    u = torch.randn(3, *X_SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    wanted = np.square(u.flatten(1).numpy() @ differences().T).sum(1)
    assert roughness(u).numpy() == pytest.approx(wanted)


def test_missing_rows_have_no_influence_whatever_stands_there(pair, y):
    _, keep = observe("random-25-0")
    dirty = y + 1000 * (1 - keep)
    start = torch.zeros(5, 20, dtype=torch.float64)
    assert torch.equal(invert(dirty, keep, start, 1.0), invert(keep * y, keep, start, 1.0))
    clean, other = (
        model_based_lsi(pair, Matrix(X_SHAPE, 9), u, keep, start[:, :6], 5, 5).points for u in (keep * y, dirty)
    )
    assert torch.equal(clean, other)
