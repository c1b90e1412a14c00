"""What a latent search minimises: a misfit to what was measured, and a regulariser R(z) that keeps latents likely.

Both are for each row on its own. Residuals come in units of the network's scaling of y, zero where nothing was
measured. Source: Huber, doi:10.1214/aoms/1177703732, for the misfit that large residuals do not rule; METHOD.md,
"Latent space inference", for R(z).
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

KNEE = 1.345  # of Huber's function, in standard deviations: 95 % efficient where noise is normal after all


def misfit(kind: str, residual: Tensor, deviation: Tensor | None) -> Tensor:
    """Misfit of each row, (R,), for residuals (R, C, H, W) and standard deviations of the noise (R,), in one unit.

    squared    ‖r‖²
    weighted   ‖r / σ‖²
    huber      2 Σ h(r / σ), h(t) = t²/2 up to |t| = `KNEE` and linear beyond: the same as weighted for small residuals
    """
    if kind == "squared":
        return residual.square().flatten(1).sum(1)
    standard = (residual / deviation.view(-1, 1, 1, 1)).flatten(1)
    if kind == "weighted":
        return standard.square().sum(1)
    return 2 * torch.nn.functional.huber_loss(standard, torch.zeros_like(standard), reduction="none", delta=KNEE).sum(1)


def regulariser(kind: str, z: Tensor, prior: tuple[Tensor, Tensor]) -> Tensor:
    """R(z) of each row (R, n), (R,); prior: mean (n,) and whitening matrix W (n, n) of the training latents.

    tikhonov      ‖z‖²
    mahalanobis   ‖W (z - mean)‖², W'W the inverse of the training latents' covariance
    """
    if kind == "tikhonov":
        return z.square().sum(1)
    mean, whitening = prior
    return ((z - mean) @ whitening.T).square().sum(1)


@dataclass(frozen=True)
class Objective:
    """misfit + weight R(z); the defaults are those of the paper.

    deviation: standard deviations of the noise of all rows, in the units of the residuals; prior: see `regulariser`.
    """

    OF_SQUARES: ClassVar[tuple[str, ...]] = ("squared", "weighted")

    misfit: str = "squared"
    regulariser: str = "none"
    weight: float = 0.0
    deviation: Tensor | None = None
    prior: tuple[Tensor, Tensor] | None = None

    def __call__(self, z: Tensor, residual: Tensor, rows: Tensor) -> Tensor:
        """The objective at latents z (A, n) with residuals (A, C, H, W) of the rows `rows` (A,): (A,)."""
        deviation = None if self.deviation is None else self.deviation[rows]
        return misfit(self.misfit, residual, deviation) + self.prior_term(z)

    def of_squares(self, z: Tensor, squares: Tensor, rows: Tensor) -> Tensor:
        """The same from ‖r‖² (A,), for the misfits `OF_SQUARES`, which need no more."""
        if self.misfit == "weighted":
            squares = squares / self.deviation[rows].square()
        return squares + self.prior_term(z)

    def prior_term(self, z: Tensor) -> Tensor | float:
        """weight R(z) of each row, (A,), or 0."""
        if self.regulariser == "none" or self.weight == 0:
            return 0.0
        return self.weight * regulariser(self.regulariser, z, self.prior)
