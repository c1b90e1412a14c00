"""Conjugate gradients for least squares on many samples at once, stopped early."""

from collections.abc import Iterable

import numpy as np


def cgls(problem, y: np.ndarray, mask, iterations: int, start: np.ndarray | None = None):
    """Yield the iterates x_0, x_1, …, (N, C, H, W), of conjugate gradients on min_x ‖P (A x - ỹ)‖².

    problem: with x_shape, forward and adjoint; y (N, C, H, W): ỹ, zero where nothing arrived; mask: P.
    start: x_0 (N, C, H, W), zero where it is None. Each sample has step lengths of its own. Stopping early regularises.
    Source: Hestenes & Stiefel (1952); Hansen, Discrete Inverse Problems (2010), Section 6.3.
    """
    x = np.zeros((len(y), *problem.x_shape), np.float32) if start is None else start
    residual = mask(y) if start is None else mask(y - problem.forward(start))
    yield x
    gradient = problem.adjoint(residual)
    direction = gradient
    energy = squared_norm(gradient)
    for _ in range(iterations):
        image = mask(problem.forward(direction))
        step = energy / np.maximum(squared_norm(image), np.finfo(np.float32).tiny)
        x = x + step * direction
        residual = residual - step * image
        gradient = problem.adjoint(residual)
        previous, energy = energy, squared_norm(gradient)
        direction = gradient + energy / np.maximum(previous, np.finfo(np.float32).tiny) * direction
        yield x


def squared_norm(u: np.ndarray) -> np.ndarray:
    """‖u‖² of each sample, (N, 1, 1, 1)."""
    return np.square(u, dtype=np.float32).sum(axis=(1, 2, 3), keepdims=True)


def errors(iterates: Iterable[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Relative errors (1 + I, N) of the iterates (N, C, H, W) of a solver, from the start on, for x (N, C, H, W)."""
    norm = np.sqrt(squared_norm(x))
    return np.stack([(np.sqrt(squared_norm(u - x)) / norm).ravel() for u in iterates])
