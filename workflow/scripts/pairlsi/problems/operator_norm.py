"""How much a linear operator enlarges what it is applied to."""

import numpy as np


def norms(problem, mask=None, iterations: int = 40, probes: int = 8) -> tuple[float, float]:
    """‖P A‖², by power iteration, and the mean squared norm of a column of P A, from white noise; of a linear A.

    problem: with y_shape, forward and adjoint; mask: P (`observations.mask.Mask`), None for the identity. In units of y
    over those of x, squared.
    """
    rng, mask = np.random.default_rng(0), mask or (lambda y: y)
    noise = rng.standard_normal((probes, *problem.y_shape)).astype(np.float32)
    x = problem.adjoint(mask(noise))
    column = float(np.square(x, dtype=np.float64).mean())
    for _ in range(iterations):
        x = x / np.maximum(lengths(x), np.finfo(np.float32).tiny)
        x = problem.adjoint(mask(problem.forward(x)))
    return float(lengths(x).max()), column


def lengths(x: np.ndarray) -> np.ndarray:
    """‖x‖ of each sample, (N, 1, 1, 1)."""
    return np.sqrt(np.square(x).sum(axis=(1, 2, 3), keepdims=True))
