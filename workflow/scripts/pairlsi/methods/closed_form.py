"""Latent space inference on a linear PAIR in closed form (METHOD.md, "Linear theory", (8) and (9))."""

import torch
from torch import Tensor

from pairlsi.networks.linear_pair import LinearPair

# singular values below this, relative to the largest, are roundings of zeros, which the symmetries of a problem make
RESOLVED = 1e-10


def solve_y(network: LinearPair, y: Tensor, keep: Tensor) -> Tensor:
    """The solution z_y* = (P U_y)⁺ ỹ of (9): y (N, C, H, W) -> (N, latent_y).

    keep: (C, H, W), broadcastable, 1 where data arrived. Where several latents fit equally well this is the shortest.
    Iterations from e_y(ỹ) find that one too as long as zeros in ỹ are zeros after scaling, y_scaling.shift = 0.
    """
    return _least_squares(network, network.basis_y, y, keep)


def solve_x(network: LinearPair, y: Tensor, keep: Tensor) -> Tensor:
    """The solution z_x* = (P U_y M)⁺ ỹ of (8): y (N, C, H, W) -> (N, latent_x); see `solve_y`."""
    return _least_squares(network, network.basis_y @ network.forward_map.weight, y, keep)


def posterior_mean(network: LinearPair, y: Tensor, keep: Tensor, deviation: Tensor, latents: int) -> Tensor:
    """The mode, and mean, of the latents behind Gaussian noise and the Gaussian prior of the training split.

    min ‖P (U z - ỹ)‖² / (σ² + ρ) + Σ z_i² / s_i over the first `latents` of z_y, (N, latents); s_i are their variances,
    ρ is the variance that an entry of the data has beyond these latents. deviation (N,): σ, the standard deviation of
    the noise of an entry, in physical units. One eigenvalue decomposition of (latents, latents) for all samples,
    whose noise differs.
    """
    kept = (keep > 0).expand(y.shape[1:]).flatten()
    spread = network.variances_y[:latents].double().sqrt()
    left = (network.tail_y + network.variances_y[latents:].sum()).double() / len(network.basis_y)
    seen = network.basis_y[kept, :latents].double() * spread
    rows = network.y_scaling(y).flatten(1)[:, kept].double()
    values, vectors = torch.linalg.eigh(seen.T @ seen)
    noise = (deviation.double() / network.y_scaling.scale.double()).square()[:, None] + left
    whitened = (rows @ seen @ vectors) / (values.clamp(min=0) + noise) @ vectors.T
    return (spread * whitened).to(y.dtype)


def _least_squares(network: LinearPair, basis: Tensor, y: Tensor, keep: Tensor) -> Tensor:
    """Shortest least-squares solutions of P basis z = P y for scaled y; float64 within, rows (N, latent)."""
    kept = (keep > 0).expand(y.shape[1:]).flatten()
    seen, rows = basis[kept].double(), network.y_scaling(y).flatten(1)[:, kept].double()
    cut = max(RESOLVED, max(seen.shape) * torch.finfo(basis.dtype).eps)  # of weights in single precision
    return (rows @ torch.linalg.pinv(seen, rtol=cut).T).to(y.dtype)
