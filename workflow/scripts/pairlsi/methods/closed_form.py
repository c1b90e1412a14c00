"""Latent space inference on a linear PAIR in closed form (METHOD.md, "Linear theory", (8) and (9))."""

from functools import cached_property

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


class Posterior:
    """The latents, and x, behind Gaussian noise and the Gaussian prior of the training split, on the rows of one mask.

    The mean is min ‖P (U z - ỹ)‖² / (σ² + ρ) + Σ z_i² / s_i over the first `latents` of z_y; s_i are their variances,
    ρ is the variance that an entry of the data has beyond these latents. keep: (C, H, W), broadcastable. One eigenvalue
    decomposition of (latents, latents) serves all samples, whose noise differs.
    """

    def __init__(self, network: LinearPair, keep: Tensor, latents: int):
        self.network, self.latents = network, latents
        self.kept = (keep > 0).expand(network.y_shape).flatten()
        self.spread = network.variances_y[:latents].double().sqrt()
        self.left = (network.tail_y + network.variances_y[latents:].sum()).double() / len(network.basis_y)
        self.seen = network.basis_y[self.kept, :latents].double() * self.spread
        self.values, self.vectors = torch.linalg.eigh(self.seen.T @ self.seen)
        self.values = self.values.clamp(min=0)

    def noise(self, deviation: Tensor) -> Tensor:
        """σ² + ρ, scaled (N, 1), of σ (N,), the standard deviation of the noise of an entry, in physical units."""
        return (deviation.double() / self.network.y_scaling.scale.double()).square()[:, None] + self.left

    def mean(self, y: Tensor, deviation: Tensor) -> Tensor:
        """z_y (N, latents) of ỹ (N, C, H, W) with noise of σ (N,)."""
        rows = self.network.y_scaling(y).flatten(1)[:, self.kept].double()
        whitened = (rows @ self.seen @ self.vectors) / (self.values + self.noise(deviation)) @ self.vectors.T
        return (self.spread * whitened).to(y.dtype)

    def deviation(self, deviation: Tensor) -> Tensor:
        """The standard deviation of each entry of x, (N, C, H, W) in its unit, for noise of σ (N,).

        That of B z, x's regression on the latents, and what x has beside it: B C Bᵀ + Γ_x - B S Bᵀ on the diagonal.
        """
        noise, (variances, beyond) = self.noise(deviation), self._of_x
        found = (noise / (self.values + noise)).float() @ variances.T + beyond
        found = found.clamp(min=0).sqrt() * self.network.x_scaling.scale
        return found.to(deviation.dtype).unflatten(1, self.network.x_shape)

    @cached_property
    def _of_x(self) -> tuple[Tensor, Tensor]:
        """Variances of the entries of x along the eigenvectors, (n, latents), with nothing measured; and beyond."""
        network = self.network
        along = (network.inverse_map.weight[:, : self.latents].double() * self.spread) @ self.vectors
        variances = (network.basis_x @ along.float()).square()
        return variances, network.square_x - variances.sum(1)


def _least_squares(network: LinearPair, basis: Tensor, y: Tensor, keep: Tensor) -> Tensor:
    """Shortest least-squares solutions of P basis z = P y for scaled y; float64 within, rows (N, latent)."""
    kept = (keep > 0).expand(y.shape[1:]).flatten()
    seen, rows = basis[kept].double(), network.y_scaling(y).flatten(1)[:, kept].double()
    cut = max(RESOLVED, max(seen.shape) * torch.finfo(basis.dtype).eps)  # of weights in single precision
    return (rows @ torch.linalg.pinv(seen, rtol=cut).T).to(y.dtype)
