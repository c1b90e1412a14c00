"""The points that a search passes through, and where along them to stop.

Searches for what was measured show semi-convergence: from some iteration on they fit noise and what the model cannot
know, so that the data error goes on falling while the error of the estimate rises. The number of iterations is
therefore a choice, made on validation samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pairlsi.solvers.lbfgs import minimize

ENOUGH = 0.01  # members suffice when the error of their mean is at most this much, relatively, above that of all


@dataclass(frozen=True)
class Trajectory:
    """points (1 + I, R, n): each row's after 0 … I iterations, its last one where it stopped; iterations (R,) done."""

    points: Tensor
    iterations: Tensor


def follow(
    fun: Callable[[Tensor, Tensor], Tensor],
    start: Tensor,
    iterations: int,
    history: int,
    evaluations: int | None = None,
) -> Trajectory:
    """Minimise `fun`, never negative, over each row of `start` (R, n) as `lbfgs.minimize` does; keep the points passed.

    evaluations: of a row at most, by default as many as the solver allows for that many iterations; with the same
    number a run of fewer iterations follows the same path.
    """
    points = start.detach().expand(1 + iterations, -1, -1).clone()
    reached = torch.zeros(1 + iterations, len(start), dtype=torch.bool, device=start.device)

    def record(rows: Tensor, done: Tensor, x: Tensor, _) -> None:
        points[done, rows], reached[done, rows] = x, True

    options = {"max_iter": iterations, "history": history, "max_evaluations": evaluations, "lower_bound": 0.0}
    found = minimize(fun, start, **options, callback=record)
    for i in range(1, 1 + iterations):
        points[i] = torch.where(reached[i, :, None], points[i], points[i - 1])
    points[-1] = found.x
    return Trajectory(points, found.iterations)


def follow_in_turn(stages: Sequence[tuple], start: Tensor, iterations: int, history: int) -> Trajectory:
    """`follow` several functions one after the other, each from where the one before ended, as one trajectory.

    stages: (fun, iterations at most) of each; `iterations`: after how many of all to stop. A run of fewer iterations
    follows the same path, as each stage has the evaluations of all its iterations.
    """
    points, done, left = [start.detach()[None].clone()], 0, iterations
    for fun, most in stages:
        count = min(most, left)
        if count == 0:
            break
        found = follow(fun, points[-1][-1], count, history, most * 5 // 4)
        points.append(found.points[1:])
        done, left = done + found.iterations, left - count
    return Trajectory(torch.cat(points), done)


def best_iterations(errors: np.ndarray) -> int:
    """The number of iterations, one at least, with the least mean validation error; errors: after 0 … I, (1 + I,)."""
    return 1 + int(np.argmin(errors[1:]))


def sufficient_members(errors: np.ndarray) -> int:
    """The fewest members whose mean estimate is as good as that of all; errors: of the first 1 … K members, (K,).

    Members beyond them serve the spread alone.
    """
    return 1 + int(np.argmax(errors <= (1 + ENOUGH) * errors[-1]))
