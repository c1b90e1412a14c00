"""Coordinates in which a search of latents has an easy way: whitened by their posterior behind a linear decoder.

A prior N(m, C C') of latents z and data that a linear map B of them explains, r = B (z - m) up to noise of variance n,
leave z = m + C u with u normal, of precision λ / n + w along the eigenvectors of (B C)'(B C) with eigenvalues λ; w is
the prior's weight. Measured in its standard deviations around its mean, a quadratic objective is a
ball, which a solver crosses in one step, and a nearly quadratic one in few.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

SPREADS = [10 ** (k / 6) for k in range(-10, 11)]  # factors on the variance of latents, from a 46th to 46
FACTORS = [10 ** (k / 20) for k in range(-40, 81)]  # on the variance of noise, a twelfth apart


@dataclass(frozen=True)
class Coordinates:
    """z = centre + (v * scale) @ turn, row by row: centre and scale (R, n), turn (n, n)."""

    centre: Tensor
    scale: Tensor
    turn: Tensor

    def latents(self, v: Tensor, rows: Tensor) -> Tensor:
        """z (A, n) at v (A, n) of the rows `rows` (A,)."""
        return self.centre[rows] + (v * self.scale[rows]) @ self.turn


class LinearPosterior:
    """The posterior of latents behind a linear decoder, for many data observed in one way.

    basis (m, n): of the entries that were observed; mean (n,), root (n, n): of the prior. One eigenvalue decomposition
    of (n, n), in float64, serves all data, noise levels and weights.
    """

    def __init__(self, basis: Tensor, mean: Tensor, root: Tensor):
        self.mean, self.basis, root = mean.double(), basis.double(), root.double()
        self.values, vectors = torch.linalg.eigh(root.T @ (self.basis.T @ self.basis) @ root)
        self.values = self.values.clamp(min=0)
        self.turn = root @ vectors

    def along(self, left: Tensor) -> Tensor:
        """Data less their mean (R, m) along the eigenvectors, (R, n), times the roots of the eigenvalues."""
        return left @ self.basis @ self.turn

    def noise(self, data: Tensor, guess: Tensor, weight: float, spreads=(1.0,)) -> Tensor:
        """The variance (R,) of the noise under which data (R, m) are most likely, with a prior of that weight.

        Of all factors in `FACTORS` on the guess (R,): along an eigenvector with eigenvalue λ data have the variance
        λ / weight + n, beside all of them n. spreads: factors that the prior's variance may have, of which the
        likeliest is taken too, and given as so much less noise: what is most likely behind both is the same. Source:
        MacKay, doi:10.1162/neco.1992.4.3.415, the evidence.
        """
        left = data.double() - self.mean @ self.basis.T
        some = self.values > self.values.max() * torch.finfo(torch.float64).eps * len(self.values)
        values = self.values[some] / weight
        along = self.along(left)[:, some].square() / self.values[some]
        beside = (left.square().sum(1) - along.sum(1)).clamp(min=0)
        others, best = data.shape[1] - len(values), None
        for factor, spread in itertools.product(FACTORS if len(spreads) == 1 else FACTORS[::2], spreads):
            n = factor * guess.double()
            variances = spread * values + n[:, None]
            cost = (variances.log() + along / variances).sum(1) + others * n.log() + beside / n
            if best is None:
                best, least = n / spread, cost
            best, least = torch.where(cost < least, n / spread, best), torch.minimum(cost, least)
        return best.to(data.dtype)

    def coordinates(self, data: Tensor, noise: Tensor, weight: float) -> Coordinates:
        """Of data (R, m) with noise of the variances (R,), and a prior of that weight."""
        precision = self.values / noise.double()[:, None] + weight
        left = data.double() - self.mean @ self.basis.T
        centre = self.along(left) / noise.double()[:, None] / precision
        found = self.mean + centre @ self.turn.T, precision.rsqrt(), self.turn.T
        return Coordinates(*(u.to(data.dtype) for u in found))
