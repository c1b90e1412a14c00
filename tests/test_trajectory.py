"""Trajectories against runs of the solver that end sooner, and choices from tables made by hand."""

import numpy as np
import pytest
import torch

from pairlsi.solvers.lbfgs import minimize
from pairlsi.solvers.trajectory import best_iterations, follow, sufficient_members

ITERATIONS = 12


def rosenbrock(x, rows):
    scale = 1.0 + rows.to(x)[:, None]  # every row is another problem
    return ((1 - x[:, :-1]).square() + scale * (x[:, 1:] - x[:, :-1].square()).square()).sum(1)


def starts() -> torch.Tensor:
    return torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_the_points_are_where_runs_of_fewer_iterations_end():
    found = follow(rosenbrock, starts(), ITERATIONS, 5)
    assert found.points.shape == (1 + ITERATIONS, 5, 4)
    assert torch.equal(found.points[0], starts())
    for i in range(1, 1 + ITERATIONS):
        # as many evaluations as the long run may take: with fewer the short one ends before its iterations
        budget = ITERATIONS * 5 // 4
        wanted = minimize(rosenbrock, starts(), max_iter=i, history=5, max_evaluations=budget, lower_bound=0)
        assert found.points[i].numpy() == pytest.approx(wanted.x.numpy(), abs=1e-12)
        sooner = follow(rosenbrock, starts(), i, 5, budget)
        assert torch.equal(sooner.points, found.points[: 1 + i])
        moved = (found.points[i] != found.points[i - 1]).any(1)
        assert moved[found.iterations >= i].all() and not moved[found.iterations < i].any()
    assert torch.equal(found.iterations, wanted.iterations) and found.iterations.max() == ITERATIONS


def test_a_row_that_stops_keeps_its_last_point():
    def fun(x, rows):
        return x.square().sum(1) * (rows < 3) + (rows >= 3) * rosenbrock(x, rows)

    found = follow(fun, starts(), ITERATIONS, 5)
    done = found.iterations
    assert (done[:3] < 4).all() and (done[3:] > 4).all()
    assert found.points[-1, :3].abs().max() < 1e-6
    for row in range(3):
        after = found.points[done[row] :, row]
        assert torch.equal(after, after[:1].expand_as(after))


def test_a_row_at_its_minimum_stays_there():
    start = starts()
    start[2] = 0
    found = follow(lambda x, rows: (x**4).sum(1), start, 3, 5)
    assert found.iterations[2] == 0 and not found.points[:, 2].any()


def test_following_leaves_the_start_as_it_was():
    start = starts().requires_grad_()
    points = follow(rosenbrock, start, 3, 5).points
    assert torch.equal(start, starts()) and not points.requires_grad


@pytest.mark.parametrize(
    ("errors", "wanted"),
    [([0.1, 0.9, 0.5, 0.6], 2), ([0.1, 0.9, 0.6, 0.5], 3), ([0.1, 0.2, 0.3], 1), ([1.0, 0.5, 0.5], 1), ([0.3, 0.4], 1)],
)
def test_the_best_number_of_iterations_is_that_of_the_least_error_and_one_at_least(errors, wanted):
    assert best_iterations(np.array(errors)) == wanted


@pytest.mark.parametrize(
    ("errors", "wanted"),
    [([0.8, 0.506, 0.5], 3), ([0.8, 0.505, 0.5], 2), ([0.4, 0.5, 0.5], 1), ([0.6, 0.55, 0.5, 0.5], 3), ([0.3], 1)],
)
def test_members_suffice_when_their_error_is_within_a_percent_of_that_of_all(errors, wanted):
    assert sufficient_members(np.array(errors)) == wanted
