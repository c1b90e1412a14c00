"""The misfit of latent space inference and its gradient for a linear decoder, without the decoder.

‖keep (U z - y)‖² is ‖R z - Qᵀ y‖² + ‖y - Q Qᵀ y‖² with Q R the rows of U that keep leaves: R has as many rows as there
are latents, U one for every entry of the data, fifteen times as many in the seismic example. Nothing cancels, as it
would in zᵀ UᵀU z - 2 zᵀ Uᵀ y + ‖y‖².
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Factors:
    """What a mask leaves of a linear decoder: kept (entries,) bool, matrix (k, n), offset (kept entries,), and Q (kept
    entries, k), None where as few entries as latents are left and matrix is U's own rows.
    """

    kept: Tensor
    matrix: Tensor
    offset: Tensor
    orthonormal: Tensor | None

    @classmethod
    def of(cls, basis: Tensor, kept: Tensor, before: nn.Linear | None) -> "Factors":
        """basis (entries, n): U; before: a linear layer from the latents searched to those of U, if any."""
        matrix, offset = basis[kept], basis.new_zeros(())
        if before is not None:
            matrix, offset = matrix @ before.weight, matrix @ before.bias
        if len(matrix) <= matrix.shape[1]:
            return cls(kept, matrix, offset, None)
        orthonormal, matrix = torch.linalg.qr(matrix)
        return cls(kept, matrix, offset, orthonormal)


class LinearMisfit:
    """(z, rows) -> losses and gradients, as `frozen.FrozenMisfit`, for data y (N, C, H, W) in the decoder's units."""

    def __init__(self, factors: Factors, y: Tensor):
        self.matrix = factors.matrix
        self.data = y.flatten(1)[:, factors.kept] - factors.offset
        self.beside = self.data.new_zeros(len(y))
        if factors.orthonormal is not None:
            along = self.data @ factors.orthonormal
            self.beside = (self.data - along @ factors.orthonormal.T).square().sum(1)
            self.data = along

    def __call__(self, z: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Losses (A,) and gradients (A, n) at z (A, n) for the samples `rows` (A,)."""
        residual = z @ self.matrix.T - self.data[rows]
        return residual.square().sum(1) + self.beside[rows], 2 * residual @ self.matrix
