"""Least squares with the likelihood of all patches as the prior, by half quadratic splitting, many samples at once."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pairlsi.solvers.cgls import squared_norm


def patch_likelihood(
    problem,
    y: np.ndarray,
    mask,
    restored: Callable[[np.ndarray, float], np.ndarray],
    weights: np.ndarray,
    widths: Sequence[float],
    products: int,
    start: np.ndarray | None = None,
) -> Iterator[np.ndarray]:
    """Yield x (N, C, H, W) after each step of min_x ½‖P (A x - ỹ)‖² - weight Σ log p(patches of x), sample by sample.

    With copies q of the patches that may differ from them by a width β, a step is q = the likeliest patches behind
    noise of that width, from which `restored(x, β)` makes an image, and then
    min_x ½‖P (A x - ỹ)‖² + weight / (2 β²) ‖x - restored‖² by conjugate gradients. The widths fall, so that in the
    end the copies are the patches.

    problem: with x_shape, forward and adjoint; y: ỹ, zero where nothing arrived; mask: P; weights (N,): in units of the
    first term, the patches that a pixel is part of counted in; products: with A and with Aᵀ in each step; start: x,
    None for as many steps of conjugate gradients on the first term alone.
    Source: Zoran & Weiss, doi:10.1109/ICCV.2011.6126278.
    """
    x = np.zeros((len(y), *problem.x_shape), np.float32) if start is None else np.asarray(start, np.float32)
    backprojected = problem.adjoint(mask(y))
    if start is None:
        x = conjugate_gradients(problem, mask, backprojected, x, np.zeros((len(y), 1, 1, 1), np.float32), products)
    for width in widths:
        near = restored(x, width)
        pull = (np.asarray(weights, np.float32) / np.float32(width) ** 2)[:, None, None, None]
        x = conjugate_gradients(problem, mask, backprojected + pull * near, x, pull, products)
        yield x


def conjugate_gradients(problem, mask, right: np.ndarray, x: np.ndarray, pull: np.ndarray, steps: int) -> np.ndarray:
    """(Aᵀ P A + pull) x = right, (N, C, H, W), from x on; pull (N, 1, 1, 1) ≥ 0."""

    def image(u: np.ndarray) -> np.ndarray:
        return problem.adjoint(mask(problem.forward(u))) + pull * u

    tiny = np.finfo(np.float32).tiny
    residual = right - image(x)
    direction, energy = residual, squared_norm(residual)
    for _ in range(steps):
        turned = image(direction)
        step = energy / np.maximum((direction * turned).sum((1, 2, 3), keepdims=True), tiny)
        x = x + step * direction
        residual = residual - step * turned
        previous, energy = energy, squared_norm(residual)
        direction = residual + energy / np.maximum(previous, tiny) * direction
    return x
