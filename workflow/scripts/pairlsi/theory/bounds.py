"""Bounds on what latent space inference (9) can miss (METHOD.md, "Bounds (3.2)"), with both of their sides.

For full data y, P y observed, z* the solution of (9) and x̂ = d_x(M† z*), in physical units,

    Statement 1     ‖P d_y(z*) − P y‖ ≤ C_P ε_y
    Proposition 1   ‖x̂ − x‖ ≤ ε_x + L_dx (ε_M + L_M† (ε_z + L_ey (C_P / c_P) ε_y))
    Statement 2     ‖P A(x̂) − P y‖ ≤ C_P L_A · (the bound of Proposition 1) + ‖P(y − A(x))‖

with errors of each sample as in `errors`. The last term of Statement 2 is ours: it is zero for the noise-free y of the
paper. Noise enters Proposition 1 by ε_y and ε_M, which are taken at the y given. They must hold as follows.

Statement 1 wants the misfit at z* to be at most that at e_y(y), as at any global minimiser: then it is at most
‖P(d_y(e_y(y)) − y)‖ ≤ C_P ε_y, with C_P for this one difference. Ten iterations from e_y(ỹ) promise no such thing.

Proposition 1 follows by adding and removing d_x(e_x(x)), M† e_y(y) and e_y(d_y(z*)), with L_dx on the segment from
M† z* to e_x(x) and L_ey on that from d_y(z*) to y. Its last steps are ‖d_y(z*) − y‖ ≤ (1/c_P) ‖P d_y(z*) − P y‖ and
Statement 1, and what they ask of c_P matters:

- c_P for the difference d_y(z*) − y of the sample itself, as `restricted_constants` gives for a set with both, will do.
- c_P for differences of decoded data alone says nothing of y off the decoder's range. By way of d_y(e_y(y)) one gets
  ‖d_y(z*) − y‖ ≤ (1 + 2 C_P / c_P) ε_y, so the factor C_P / c_P has to be replaced by that one.
- The linear PAIR needs no such factor, with c_P = σ_min(P U_y) > 0: z* − e_y(y) = (P U_y)⁺ P (I − U_y U_yᵀ) y, of norm
  at most ε_y / c_P on scaled data, and ε_z = 0. Even ε_y √(1 − c_P²) / c_P holds and is attained: the tangent of the
  largest angle between the span of U_y and the signals that P keeps. The bounds by `linear_constants` must all hold.

For networks the constants of `local_constants` are the largest found at the points of interest, not over segments and
never too large: the bounds built on them are estimates, and one that fails shows curvature between the points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]
STATEMENTS = ("Statement 1", "Proposition 1", "Statement 2")


@dataclass(frozen=True)
class Constants:
    """Lipschitz constants of d_x, M†, e_y and A, and c_P ‖u − v‖ ≤ ‖P u − P v‖ ≤ C_P ‖u − v‖; all in physical units."""

    decoder_x: float
    inverse_map: float
    encoder_y: float
    operator: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Errors:
    """ε_x, ε_y (units of x, y), ε_M and ε_z (of latents), (N,) each; see `errors`."""

    autoencoder_x: Tensor
    autoencoder_y: Tensor
    inverse_map: Tensor
    latent: Tensor


class Bound(NamedTuple):
    """Both sides of an inequality left ≤ right, (N,) each."""

    left: Tensor
    right: Tensor


@torch.no_grad()
def bounds(network, forward: Function, x: Tensor, y: Tensor, z: Tensor, keep: Tensor, constants: Constants):
    """Statement 1, Proposition 1 and Statement 2 of each sample, a dict of `Bound` by these names.

    forward: A without noise, (N, C, H, W) of x to y; z (N, latent_y): the solutions z* of (9) for data keep * y.
    keep: (C, H, W), broadcastable, 1 where data arrived. Where c_P = 0 the right sides of the last two are infinite.
    """
    found, reconstruction = errors(network, x, y, z), network.decode_x(network.inverse_map(z))
    c = constants
    ratio = c.upper / c.lower if c.lower > 0 else float("inf")
    in_latent = found.latent + torch.nan_to_num(c.encoder_y * ratio * found.autoencoder_y, nan=float("inf"))
    error_x = found.autoencoder_x + c.decoder_x * (found.inverse_map + c.inverse_map * in_latent)
    noise = norms(keep * (y - forward(x)))
    both = (
        Bound(norms(keep * (network.decode_y(z) - y)), c.upper * found.autoencoder_y),
        Bound(norms(reconstruction - x), error_x),
        Bound(norms(keep * (forward(reconstruction) - y)), c.upper * c.operator * error_x + noise),
    )
    return dict(zip(STATEMENTS, both, strict=True))


@torch.no_grad()
def errors(network, x: Tensor, y: Tensor, z: Tensor) -> Errors:
    """What the networks themselves get wrong, for x, y (N, C, H, W) and z* (N, latent_y).

    ε_x = ‖d_x(e_x(x)) − x‖, ε_y = ‖d_y(e_y(y)) − y‖, ε_M = ‖M† e_y(y) − e_x(x)‖, ε_z = ‖e_y(d_y(z*)) − z*‖.
    """
    z_x, z_y = network.encode_x(x), network.encode_y(y)
    return Errors(
        norms(network.decode_x(z_x) - x),
        norms(network.decode_y(z_y) - y),
        norms(network.inverse_map(z_y) - z_x),
        norms(network.encode_y(network.decode_y(z)) - z),
    )


def linear_constants(network, matrix: Tensor, keep: Tensor) -> Constants:
    """The constants of a `LinearPair` and A = matrix (m, n): exact, c_P and C_P over the span of U_y.

    c_P is 0 where fewer entries arrive than there are latents. C_P is 1 where anything is kept of a general y, which
    is what Statement 1 needs; over the span alone it may be less.
    """
    kept = (keep > 0).expand(network.y_shape).flatten()
    values = torch.linalg.svdvals(network.basis_y[kept])
    complete = kept.sum() >= network.basis_y.shape[1]
    return Constants(
        decoder_x=float(network.x_scaling.scale * torch.linalg.matrix_norm(network.basis_x, 2)),
        inverse_map=float(torch.linalg.matrix_norm(network.inverse_map.weight.detach(), 2)),
        encoder_y=float(torch.linalg.matrix_norm(network.basis_y, 2) / network.y_scaling.scale),
        operator=float(torch.linalg.matrix_norm(matrix, 2)),
        lower=float(values[-1]) if complete else 0.0,
        upper=1.0,
    )


def local_constants(
    network, operator: float, y: Tensor, z: Tensor, keep: Tensor, iterations: int, generator: torch.Generator
) -> Constants:
    """The largest local constants of any PAIR at its estimates for y (N, C, H, W) with solutions z* (N, latent_y).

    operator: the Lipschitz constant of A. L_dx is looked for at M† z* and M† e_y(y), that of an M† that is no affine
    map at z* and e_y(y), L_ey at d_y(z*) and y, c_P and C_P over all differences of y, d_y(e_y(y)) and d_y(z*). The
    network must be in eval mode.
    """
    with torch.no_grad():
        completed, z_y = network.decode_y(z), network.encode_y(y)
        in_x = torch.cat([network.inverse_map(z), network.inverse_map(z_y)])
        lower, upper = restricted_constants(torch.cat([y, network.decode_y(z_y), completed]), keep)
    if isinstance(network.inverse_map, torch.nn.Linear):
        inverse = torch.linalg.matrix_norm(network.inverse_map.weight.detach(), 2)
    else:
        inverse = local_lipschitz(network.inverse_map, torch.cat([z, z_y]), iterations, generator).max()
    return Constants(
        decoder_x=float(local_lipschitz(network.decode_x, in_x, iterations, generator).max()),
        inverse_map=float(inverse),
        encoder_y=float(local_lipschitz(network.encode_y, torch.cat([completed, y]), iterations, generator).max()),
        operator=operator,
        lower=lower,
        upper=upper,
    )


def local_lipschitz(function: Function, points: Tensor, iterations: int, generator: torch.Generator) -> Tensor:
    """The spectral norm of the Jacobian of `function` at each point (N, ...) by power iteration on Jᵀ J: (N,).

    Row i of the function's output must depend on row i of its input alone. Estimates grow to the norm from below, by a
    factor (σ_2 / σ_1)⁴ less error an iteration. Source: Golub & Van Loan, Matrix Computations, 4th ed., Section 8.2.
    """
    _, pull_back = torch.func.vjp(function, points)
    direction = torch.randn(points.shape, generator=generator, dtype=points.dtype).to(points.device)
    shape, tiny = (-1, *[1] * (points.ndim - 1)), torch.finfo(points.dtype).tiny  # a Jacobian may be zero
    for _ in range(iterations):
        direction = direction / norms(direction).clamp(min=tiny).reshape(shape)
        _, image = torch.func.jvp(function, (points,), (direction,))
        (direction,) = pull_back(image)
    return norms(image).detach()


def restricted_constants(signals: Tensor, keep: Tensor) -> tuple[float, float]:
    """c_P and C_P over all differences of a finite set of signals (K, C, H, W); equal signals are left out.

    For a mask 0 ≤ c_P ≤ C_P ≤ 1. Raises ValueError where no two signals differ.
    """
    exact = {"compute_mode": "donot_use_mm_for_euclid_dist"}  # close signals would drown in rounding
    rows = signals.detach().double().flatten(1)
    kept = (keep > 0).expand(signals.shape[1:]).flatten()
    first, second = torch.triu_indices(len(rows), len(rows), 1, device=rows.device)
    whole, seen = (torch.cdist(u, u, **exact)[first, second] for u in (rows, rows[:, kept]))
    differ = whole > 0
    if not differ.any():
        raise ValueError(f"{len(signals)} signals, all equal: constants need two that differ")
    ratios = seen[differ] / whole[differ]
    return float(ratios.min()), float(ratios.max())


def norms(u: Tensor) -> Tensor:
    """The Euclidean norm of each sample: (N, ...) -> (N,)."""
    return torch.linalg.vector_norm(u.flatten(1), dim=1)
