"""Interpolation and CGLS against NumPy's interpolation, dense least squares, Krylov spaces, and a scan's symmetry."""

import numpy as np
import pytest
from made import make_mask

from pairlsi import problems
from pairlsi.evaluation import metrics
from pairlsi.solvers.cgls import cgls
from pairlsi.solvers.cgls import errors as cgls_errors
from pairlsi.solvers.interpolation import interpolate

ROWS, BINS = 20, 7


def keep_all_but(*missing: int) -> np.ndarray:
    keep = np.ones(ROWS, bool)
    keep[list(missing)] = False
    return keep


MASKS = {
    "one": keep_all_but(5),
    "first": keep_all_but(0),
    "last": keep_all_but(ROWS - 1),
    "both ends": keep_all_but(0, 1, ROWS - 1),
    "block": keep_all_but(*range(6, 14)),
    "random": make_mask("random-50-0", ROWS, 2, 7).keep,
    "all but one": keep_all_but(*range(3), *range(4, ROWS)),
}


@pytest.fixture
def y():
    return np.random.default_rng(0).standard_normal((3, 1, ROWS, BINS))


def hidden(y: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """y with garbage where nothing was measured."""
    return np.where(keep[:, None], y, 1e6)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("keep", MASKS.values(), ids=MASKS.keys())
def test_missing_rows_are_those_of_numpy_interp_and_measured_ones_stay(y, keep, mirrored):
    found = interpolate(hidden(y, keep), keep, 2, mirrored)
    known = np.flatnonzero(keep)
    for sample, bin_ in np.ndindex(3, BINS):
        values, at = y[sample, 0, keep, bin_], known
        if mirrored:
            ends = y[sample, 0, keep, BINS - 1 - bin_]
            values, at = np.concatenate([ends, values, ends]), np.concatenate([known - ROWS, known, known + ROWS])
        wanted = np.interp(np.arange(ROWS), at, values)
        assert found[sample, 0, :, bin_] == pytest.approx(wanted, abs=1e-12)
    assert np.array_equal(found[:, :, keep], y[:, :, keep])


def test_rows_along_another_axis_are_interpolated_alike(y):
    keep = MASKS["random"]
    turned = interpolate(np.swapaxes(y, 2, 3), keep, 3, mirrored=False)
    assert np.array_equal(np.swapaxes(turned, 2, 3), interpolate(y, keep, 2, mirrored=False))


def test_each_channel_is_interpolated_from_rows_of_its_own(y):
    keep = np.stack([MASKS["random"], MASKS["block"]])
    found = interpolate(np.concatenate([hidden(y, own) for own in keep], axis=1), keep, 2, mirrored=False)
    for channel, own in enumerate(keep):
        assert np.array_equal(found[:, channel], interpolate(hidden(y, own), own, 2, mirrored=False)[:, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_linear_along_the_rows_are_restored(dtype):
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 3, 1, 1, BINS))
    y = (a + b * np.arange(ROWS)[:, None]).astype(dtype)
    keep = MASKS["block"]
    found = interpolate(hidden(y, keep).astype(dtype), keep, 2, mirrored=False)
    assert found.dtype == dtype
    assert found == pytest.approx(y, rel=1e-6, abs=1e-5)


def symmetric_data(rng: np.random.Generator) -> np.ndarray:
    """p(s, r) with p(s, r + ROWS) = p(-s, r), linear in r from the third row before the end to the third after it.

    The part even in s has the period ROWS; the odd part changes sign after ROWS, here a line through zero.
    """
    u = rng.standard_normal((2, 4, 1, 1, BINS))
    even, odd = u[0] + u[0][..., ::-1], u[1] - u[1][..., ::-1]
    line = np.arange(ROWS) - (ROWS - 0.5)
    line[:3] = -(np.arange(3) + 0.5)
    return even + odd * line[:, None]


@pytest.mark.parametrize("missing", [(0,), (ROWS - 1,), (0, ROWS - 1), (0, 1, ROWS - 2, ROWS - 1)], ids=str)
def test_a_scan_goes_on_past_its_ends_as_its_mirror_image(missing):
    y = symmetric_data(np.random.default_rng(2))
    keep = keep_all_but(*missing)
    assert interpolate(hidden(y, keep), keep, 2, mirrored=True) == pytest.approx(y, abs=1e-10)
    assert not np.allclose(interpolate(hidden(y, keep), keep, 2, mirrored=False), y, atol=0.1)


@pytest.mark.parametrize("row", [0, 29])
def test_the_end_rows_of_a_real_scan_are_restored_by_its_symmetry(ct_settings, row):
    problem = problems.create({**ct_settings, "image_size": 32, "angles": 30, "detector_bins": 46})
    centre = (np.arange(32) + 0.5) / 32 - 0.5
    blob = np.exp(-((centre - 0.2) ** 2 + (centre[:, None] + 0.2) ** 2) / 0.02).astype(np.float32)
    y = problem.forward(blob[None, None])
    keep = np.arange(30) != row
    errors = {
        mirrored: np.linalg.norm(interpolate(hidden(y, keep), keep, 2, mirrored) - y)
        for mirrored in (problem.mirrored, False)
    }
    assert errors[True] < 0.05 * np.linalg.norm(y[:, :, row])
    assert errors[True] < errors[False] / 3


@pytest.fixture(scope="module")
def small(ct_settings):
    """264 data for 64 unknowns, and the operator as a dense matrix."""
    problem = problems.create({**ct_settings, "image_size": 8, "angles": 24})
    dense = problem.forward(np.eye(64, dtype=np.float32).reshape(64, *problem.x_shape)).reshape(64, -1).T.astype(float)
    return problem, dense


@pytest.fixture(scope="module")
def data(small):
    problem, _ = small
    x, _ = problem.draw("test", np.arange(4), 0, {"test": 4})
    clean = problem.forward(x)
    noise = np.random.default_rng(3).standard_normal(clean.shape).astype(np.float32)
    return x, clean + 0.05 * np.sqrt(np.mean(clean**2)) * noise


@pytest.mark.parametrize("name", ["none-0-0", "random-25-0"])
def test_cgls_ends_at_the_least_squares_solution(small, data, name):
    problem, dense = small
    mask = make_mask(name, 24, 2, 7)
    *_, x = cgls(problem, data[1], mask, 200)
    keep = np.repeat(mask.keep, problem.y_shape[2])
    wanted = np.linalg.lstsq(dense[keep], data[1].reshape(4, -1)[:, keep].T.astype(float), rcond=None)[0].T
    assert np.linalg.norm(x.reshape(4, -1) - wanted) < 1e-3 * np.linalg.norm(wanted)


@pytest.mark.parametrize("k", [1, 2, 4, 6])
def test_a_cgls_iterate_has_the_least_residual_of_its_krylov_space(small, data, k):
    problem, dense = small
    mask = make_mask("block-25-0", 24, 2, 7)
    *_, x = cgls(problem, data[1], mask, k)
    keep = np.repeat(mask.keep, problem.y_shape[2])
    matrix, b = dense[keep], data[1].reshape(4, -1)[:, keep].astype(float)
    for i in range(4):
        basis = np.empty((64, 0))
        vector = matrix.T @ b[i]
        for _ in range(k):  # orthonormal basis of span{Aᵀb, AᵀA Aᵀb, …}
            vector -= basis @ (basis.T @ vector)
            vector -= basis @ (basis.T @ vector)
            basis = np.column_stack([basis, vector / np.linalg.norm(vector)])
            vector = matrix.T @ (matrix @ basis[:, -1])
        wanted = basis @ np.linalg.lstsq(matrix @ basis, b[i], rcond=None)[0]
        assert np.linalg.norm(x[i].ravel() - wanted) < 1e-4 * np.linalg.norm(wanted)


def test_the_residual_of_cgls_never_rises(small, data):
    problem, _ = small
    mask = make_mask("random-25-0", 24, 2, 7)
    iterates = list(cgls(problem, data[1], mask, 40))
    assert len(iterates) == 41 and iterates[0].shape == (4, *problem.x_shape) and not iterates[0].any()
    residuals = np.array([[np.linalg.norm(r) for r in mask(problem.forward(x) - data[1])] for x in iterates])
    assert (np.diff(residuals, axis=0) <= 1e-5 * residuals[0]).all()  # float32 rounding
    assert (residuals[-1] < 0.2 * residuals[0]).all()


def test_missing_rows_have_no_influence_on_cgls(small, data):
    problem, _ = small
    mask = make_mask("random-25-0", 24, 2, 7)
    *_, x = cgls(problem, data[1], mask, 5)
    *_, again = cgls(problem, mask(data[1]), mask, 5)
    assert np.array_equal(x, again)


def test_samples_do_not_influence_each_other_in_cgls(small, data):
    problem, _ = small
    mask = make_mask("random-25-0", 24, 2, 7)
    *_, together = cgls(problem, data[1], mask, 8)
    for i in range(4):
        *_, alone = cgls(problem, data[1][i : i + 1], mask, 8)
        assert alone[0] == pytest.approx(together[i], rel=1e-5, abs=1e-6)
    *_, beside = cgls(problem, data[1] * np.array([1, 1e3, 0, 1e-3], np.float32)[:, None, None, None], mask, 8)
    assert beside[0] == pytest.approx(together[0], rel=1e-5, abs=1e-6)
    assert not beside[2].any()  # nothing measured gives nothing, and no NaN


def test_errors_of_the_iterates_are_least_between_the_first_and_the_last(small, data):
    problem, _ = small
    x, y = data
    mask = make_mask("random-25-0", 24, 2, 7)
    found = cgls_errors(cgls(problem, y, mask, 40), x)
    errors, chosen = found.mean(1), int(found.mean(1).argmin())
    assert found.shape == (41, 4)
    wanted = [metrics.relative_error(u, x).mean() for u in cgls(problem, y, mask, 40)]
    assert errors == pytest.approx(wanted, rel=1e-5)
    assert len(errors) == 41 and errors[0] == pytest.approx(1)  # of zero
    assert 1 < chosen < 40 and errors[chosen] == min(errors)  # noise: neither the first nor the last


@pytest.fixture(scope="module")
def start(small):
    return np.random.default_rng(4).standard_normal((4, *small[0].x_shape)).astype(np.float32)


# 264 data, 198 data, and 33 data: fewer than unknowns, so that the start decides what the data leave open
@pytest.mark.parametrize("name", ["none-0-0", "random-25-0", "random-88-0"])
def test_cgls_from_a_start_ends_at_the_solution_nearest_to_it(small, data, start, name):
    problem, dense = small
    mask = make_mask(name, 24, 2, 7)
    before = start.copy()
    first, *_, x = cgls(problem, data[1], mask, 200, start)
    assert np.array_equal(first, before) and np.array_equal(start, before)
    keep = np.repeat(mask.keep, problem.y_shape[2])
    matrix, b, x_0 = dense[keep], data[1].reshape(4, -1)[:, keep].astype(float), start.reshape(4, -1).astype(float)
    wanted = x_0 + (b - x_0 @ matrix.T) @ np.linalg.pinv(matrix, rtol=1e-6).T  # x⁰ + (P A)⁺ (ỹ − A x⁰)
    assert np.linalg.norm(x.reshape(4, -1) - wanted) < 1e-3 * np.linalg.norm(wanted)
    normal = (x.reshape(4, -1) @ matrix.T - b) @ matrix
    assert np.linalg.norm(normal) < 1e-4 * np.linalg.norm(b @ matrix)


@pytest.mark.parametrize("k", [1, 3, 6])
def test_cgls_from_a_start_adds_what_cgls_from_zero_finds_for_the_residual(small, data, start, k):
    problem, dense = small
    mask = make_mask("block-25-0", 24, 2, 7)
    *_, x = cgls(problem, data[1], mask, k, start)
    unexplained = data[1] - (start.reshape(4, -1) @ dense.T).reshape(data[1].shape).astype(np.float32)
    *_, step = cgls(problem, unexplained, mask, k)
    assert np.linalg.norm(x - start - step) < 1e-4 * np.linalg.norm(step)
    *_, without = cgls(problem, data[1], mask, k)
    assert np.linalg.norm(x - without) > 0.1 * np.linalg.norm(without)


def test_no_iterations_leave_the_start(small, data, start):
    problem, _ = small
    mask = make_mask("random-25-0", 24, 2, 7)
    (only,) = cgls(problem, data[1], mask, 0, start)
    assert np.array_equal(only, start)
    (only,) = cgls(problem, data[1], mask, 0)
    assert only.shape == start.shape and not only.any()


def test_errors_of_iterates_from_a_start_begin_with_the_start(small, data):
    problem, _ = small
    x, y = data
    mask = make_mask("random-25-0", 24, 2, 7)
    errors = cgls_errors(cgls(problem, y, mask, 20, x), x).mean(1)
    assert errors[0] == 0 and min(errors[1:]) > 0
    errors = cgls_errors(cgls(problem, y, mask, 20, 0.9 * x), x).mean(1)
    wanted = [metrics.relative_error(u, x).mean() for u in cgls(problem, y, mask, 20, 0.9 * x)]
    assert errors == pytest.approx(wanted, rel=1e-5) and errors[0] == pytest.approx(0.1, rel=1e-3)
