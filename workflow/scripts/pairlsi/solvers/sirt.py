"""Simultaneous iterative reconstruction: gradient steps weighed by how much rays and pixels see of one another."""

from collections.abc import Iterator

import numpy as np

SEEN = 1e-6  # of the largest sum: a ray or pixel with less meets nothing


def sirt(
    problem, y: np.ndarray, mask, iterations: int, start: np.ndarray | None = None, lowest: float | None = None
) -> Iterator[np.ndarray]:
    """Yield the iterates x_0, x_1, …, (N, C, H, W), of x ← x + C Aᵀ R P (ỹ - A x), no less than `lowest` anywhere.

    problem: with x_shape, forward and adjoint, of an operator without negative entries; y (N, C, H, W): ỹ, zero where
    nothing arrived; mask: P; R and C: diagonal, one over the sums of the rows and columns of P A. start: x_0, zero
    where it is None. Stopping early regularises. Source: Gilbert (1972), doi:10.1016/0022-5193(72)90180-4; as ASTRA's.
    """
    rows = mask(problem.forward(np.ones((1, *problem.x_shape), np.float32)))
    columns = problem.adjoint(mask(np.ones((1, *problem.y_shape), np.float32)))
    of_rows, of_columns = (inverse(sums) for sums in (rows, columns))
    x = np.zeros((len(y), *problem.x_shape), np.float32) if start is None else start
    yield x
    for _ in range(iterations):
        x = x + of_columns * problem.adjoint(of_rows * mask(y - problem.forward(x)))
        if lowest is not None:
            x = np.maximum(x, lowest)
        yield x


def inverse(sums: np.ndarray) -> np.ndarray:
    """One over sums, 0 where they are next to nothing."""
    return np.divide(1, sums, out=np.zeros_like(sums), where=sums > SEEN * sums.max())
