"""Least squares with total variation on many samples at once: accelerated proximal gradients with an inner dual search.

Images have their samples last in here, (H, W, M) with M = N C, so that differences run through contiguous memory.
"""

import numpy as np

ROUGHEST = 8.0  # ‖∇‖² at most, of forward differences along two axes
MARGIN = 1.05  # power iteration comes to the largest eigenvalue from below
INNER = 4  # steps of the dual search: fewer need more products where weights are large, more gain nothing


def total_variation(problem, y: np.ndarray, mask, weights: np.ndarray, iterations: int, steepest: float, start=None):
    """Yield the iterates x_0, x_1, …, (N, C, H, W) float32, of min_x ½‖P (A x - ỹ)‖² + weight TV(x), sample by sample.

    TV(x) = Σ |(∇x)_ij|, isotropic, forward differences of one pixel, in each channel on its own. problem: with x_shape,
    forward and adjoint; y (N, C, H, W): ỹ, zero where nothing arrived; mask: P; weights (N,) > 0, in units of Aᵀy;
    steepest: ‖P A‖² (`problems.operator_norm.norms`); start: x_0 (N, C, H, W), zero where it is None.

    An iteration costs one product with A and one with Aᵀ. The proximal step of TV, which costs none, is `INNER` steps
    of its dual search, that goes on from where the last one ended. With so few the momentum of the outer iteration may
    keep a sample in motion around its minimiser, so each one that a step makes worse starts its momentum anew; without
    any this is the primal-dual method of Loris & Verhoeven, which converges with a single step of the dual. On slices
    it took fewer products than Chambolle & Pock's method (doi:10.1007/s10851-010-0251-1) with the data term by its
    gradient, and on blocks of missing angles than ADMM with conjugate gradients.
    Sources: Beck & Teboulle, doi:10.1109/TIP.2009.2028250 (both loops); O'Donoghue & Candès,
    doi:10.1007/s10208-013-9150-3 (restarts); Loris & Verhoeven, doi:10.1088/0266-5611/27/12/125007.
    """
    x = np.zeros((len(y), *problem.x_shape), np.float32) if start is None else np.asarray(start, np.float32)
    yield x
    weights = np.asarray(weights, np.float32)
    step = np.float32(1 / (MARGIN * steepest))
    strength = np.repeat(weights * step, problem.x_shape[0])
    y = mask(y)
    residual = -y if start is None else mask(problem.forward(x)) - y
    ahead, residual_ahead = x, residual  # where the next step is made
    dual = np.zeros((2, *samples_last(x).shape), np.float32)
    momentum, value = (np.full((len(y), 1, 1, 1), fill, np.float32) for fill in (1, np.inf))
    for _ in range(iterations):
        moved = samples_last(ahead - step * problem.adjoint(residual_ahead))
        moved, dual = proximal(moved, strength, dual, INNER)
        roughness = magnitudes(differences(moved)).sum(axis=(0, 1)).reshape(len(x), -1).sum(1)
        moved = samples_first(moved, x.shape)
        residual_moved = mask(problem.forward(moved)) - y
        found = (np.square(residual_moved).sum(axis=(1, 2, 3)) / 2 + weights * roughness)[:, None, None, None]
        momentum = np.where(found > value, np.float32(1), momentum)
        grown, value = grow(momentum), found
        beyond = (momentum - 1) / grown
        momentum = grown
        ahead = moved + beyond * (moved - x)
        residual_ahead = residual_moved + beyond * (residual_moved - residual)
        x, residual = moved, residual_moved
        yield x


def grow(momentum):
    """The next t of the accelerated methods, of which (t - 1) / grow(t) is how far a step goes on."""
    return (1 + np.sqrt(1 + 4 * momentum**2)) / 2


def proximal(b: np.ndarray, strength: np.ndarray, dual: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """argmin_x ½‖x - b‖² + strength TV(x) for b (H, W, M), strength (M,) > 0, after so many steps, and its dual.

    dual (2, H, W, M): q with |q_ij| ≤ 1 to start from; x = b - strength ∇ᵀq.
    """
    towards = differences(b) / (ROUGHEST * strength)
    ahead, momentum = dual, 1.0
    for _ in range(steps):
        moved = differences(transposed(ahead))
        moved *= np.float32(-1 / ROUGHEST)
        moved += ahead
        moved += towards
        moved /= np.maximum(magnitudes(moved), 1)
        previous, momentum = momentum, grow(momentum)
        ahead = moved - dual
        ahead *= np.float32((previous - 1) / momentum)
        ahead += moved
        dual = moved
    return b - strength * transposed(dual), dual


def magnitudes(q: np.ndarray) -> np.ndarray:
    """|q_ij| (H, W, M) of q (2, H, W, M)."""
    found = np.square(q[0])
    found += np.square(q[1])
    return np.sqrt(found, out=found)


def differences(x: np.ndarray) -> np.ndarray:
    """∇x (2, H, W, M) of x (H, W, M): forward differences down and across, zero at the last row and column."""
    found = np.zeros((2, *x.shape), x.dtype)
    np.subtract(x[1:], x[:-1], out=found[0, :-1])
    np.subtract(x[:, 1:], x[:, :-1], out=found[1, :, :-1])
    return found


def transposed(q: np.ndarray) -> np.ndarray:
    """∇ᵀq (H, W, M) of q (2, H, W, M)."""
    found = np.zeros(q.shape[1:], q.dtype)
    found[1:] += q[0, :-1]
    found[:-1] -= q[0, :-1]
    found[:, 1:] += q[1, :, :-1]
    found[:, :-1] -= q[1, :, :-1]
    return found


def samples_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as (H, W, N C)."""
    return np.ascontiguousarray(x.reshape(-1, *x.shape[2:]).transpose(1, 2, 0))


def samples_first(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W, N C) as (N, C, H, W), `shape`."""
    return np.ascontiguousarray(x.transpose(2, 0, 1)).reshape(shape)
