"""What one would try without latent space inference: interpolate the missing data, or solve classically."""

import numpy as np


def interpolate(y: np.ndarray, keep: np.ndarray, axis: int, mirrored: bool) -> np.ndarray:
    """Fill the missing rows of y (N, C, H, W) linearly from the nearest rows that arrived.

    keep: (rows,) bool along `axis`. mirrored: rows continue past the ends as p(s, θ + π) = p(-s, θ), as a parallel
    beam's do, with s the last axis; else the first and last row that arrived are repeated.
    """
    y = np.moveaxis(y, axis, 0)
    rows = len(keep)
    known = np.flatnonzero(keep)
    values = y[known]
    if mirrored:
        known = np.concatenate([known - rows, known, known + rows])
        values = np.concatenate([values[..., ::-1], values, values[..., ::-1]])
    wanted = np.arange(rows)
    right = np.clip(np.searchsorted(known, wanted), 0, len(known) - 1)
    left = np.clip(np.searchsorted(known, wanted, side="right") - 1, 0, len(known) - 1)
    gap = known[right] - known[left]
    weight = np.where(gap > 0, (wanted - known[left]) / np.maximum(gap, 1), 0)
    weight = weight.astype(y.dtype).reshape(-1, *[1] * (y.ndim - 1))
    filled = (1 - weight) * values[left] + weight * values[right]
    return np.moveaxis(filled, 0, axis)


def cgls(problem, y: np.ndarray, mask, iterations: int, start: np.ndarray | None = None):
    """Yield the iterates x_0, x_1, …, (N, C, H, W), of conjugate gradients on min_x ‖P (A x - ỹ)‖².

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


def errors(problem, x: np.ndarray, y: np.ndarray, mask, limit: int, start=None) -> np.ndarray:
    """Relative errors (1 + limit, N) of the iterates of CGLS, from the start on, for pairs x and y (N, C, H, W)."""
    norm = np.sqrt(squared_norm(x))
    iterates = cgls(problem, y, mask, limit, start)
    return np.stack([(np.sqrt(squared_norm(u - x)) / norm).ravel() for u in iterates])
