"""Errors measured on samples of the linear problem, held against the exact ones and against the algebra."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from made import make_mask

from pairlsi import problems
from pairlsi.networks import linear_pair
from pairlsi.theory import bounds, measured, sweeps

RANK = 12


@pytest.fixture(scope="module")
def problem():
    """36 unknowns, 12 views of 9 bins."""
    said = {"kind": "linear", "image_size": 6, "angles": 12, "noise_level": 0.05, "correlation_length": 0.3}
    return problems.create(said | {"ood_correlation_length": 0.15})


@pytest.fixture(scope="module")
def moments(problem):
    return sweeps.Moments(problem.matrix, problem.moment_x, problem.moment_noise)


@pytest.fixture(scope="module")
def network(problem, moments):
    """The optimal linear PAIR by the exact moments, float64, without scaling."""
    found = linear_pair.LinearPair(problem.x_shape, problem.y_shape, RANK, RANK).double().requires_grad_(False)
    linear_pair.fit_moments(found, moments.moment_x, moments.moment_y, moments.moment_x @ moments.matrix.T)
    return found


def keep(problem, name: str) -> torch.Tensor:
    return torch.from_numpy(make_mask(name, problem.missing_count, problem.missing_axis, 7).weights()).double()


@pytest.fixture(scope="module")
def samples(problem):
    return [torch.from_numpy(u).double() for u in problem.draw("test", range(2000), 5, {})]


def test_many_samples_have_the_exact_errors(problem, moments, network, samples):
    masks = {0: "none-0-0", 25: "random-25-0"}
    solver = SimpleNamespace(iterations=1, history=1)
    table = measured.stopped_early(
        network, moments, *samples, [(q, keep(problem, name)) for q, name in masks.items()], solver
    )
    names = {"pair": "PAIR (5)", "lsi": "LSI (9), the minimiser", "lmmse": "LMMSE"}
    seen = {("random", q): np.broadcast_to(keep(problem, m), problem.y_shape).ravel() > 0 for q, m in masks.items()}
    exact = measured.exact(moments, seen, RANK)
    for percent in masks:
        for method, name in names.items():
            assert table.loc[percent, name] == pytest.approx(exact.loc[method, ("random", percent)], rel=0.03)
    assert table.loc[25, "PAIR (5)"] > 1.1 * table.loc[25, "LMMSE"], "otherwise the comparison says little"


def test_iterations_lead_from_pair_to_the_minimiser(problem, moments, network, samples):
    few = [u[:6] for u in samples]
    masks = [(25, keep(problem, "random-25-0"))]
    start, end = (
        measured.stopped_early(network, moments, *few, masks, SimpleNamespace(iterations=count, history=50)).loc[25]
        for count in (1, 2000)
    )
    assert end["LSI (9), at most 2000 iterations"] == pytest.approx(end["LSI (9), the minimiser"], rel=1e-3)
    assert abs(start["LSI (9), at most 1 iterations"] / start["LSI (9), the minimiser"] - 1) > 0.01


def test_draws_of_a_mask_are_averaged(problem, moments, network, samples):
    few, solver = [u[:6] for u in samples], SimpleNamespace(iterations=1, history=1)
    masks = [(25, keep(problem, f"random-25-{draw}")) for draw in (0, 1)]
    both = measured.stopped_early(network, moments, *few, masks, solver)
    one, other = (measured.stopped_early(network, moments, *few, [mask], solver) for mask in masks)
    assert list(both.index) == [25]
    assert both.loc[25].to_numpy() == pytest.approx((one.loc[25].to_numpy() + other.loc[25].to_numpy()) / 2)


def test_the_error_of_a_method_is_the_root_of_the_ratio_of_mean_squares():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 16)) * np.arange(1, 6)[:, None]
    estimate = x + rng.standard_normal((5, 16))
    energy = np.square(x).sum(1)
    errors = np.linalg.norm(estimate - x, axis=1) / np.sqrt(energy)
    rows = [
        {
            "method": "cgls",
            "observation": "random",
            "percent": 25,
            "draw": draw,
            "split": split,
            "sample": i,
            "rre": error,
        }
        for draw in (0, 1)
        for split, factor in (("test", 1), ("ood", 7))
        for i, error in enumerate(factor * errors)
    ]
    found = measured.of_methods(pd.DataFrame(rows), energy)
    assert found.loc["cgls", ("random", 25)] == pytest.approx(np.linalg.norm(estimate - x) / np.linalg.norm(x))
    assert found.loc["cgls", ("random", 25)] != pytest.approx(errors.mean(), rel=0.01)


def test_looseness_is_of_the_bounds_that_are_finite_and_failures_are_counted():
    rows = [
        {"percent": 25, "draw": draw, "sample": i, "statement": statement, "left": 1.0, "lower": 0.2 * draw}
        | {"right": np.inf if draw == 0 and statement == "Proposition 1" else 2.0 + i}
        for statement in bounds.STATEMENTS
        for draw in (0, 1)
        for i in range(3)
    ]
    table = pd.DataFrame(rows)
    found = sweeps.looseness(table)
    assert list(found.columns) == ["c_P, mean over draws", *bounds.STATEMENTS]
    assert found.loc[25].tolist() == pytest.approx([0.1, 3, 3, 3])
    assert sweeps.broken(table) == 0
    table.loc[[0, 5], "right"] = 0.999
    table.loc[1, "right"] = 1 - 1e-12  # rounding
    assert sweeps.broken(table) == 2
