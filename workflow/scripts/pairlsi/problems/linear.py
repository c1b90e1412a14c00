"""A small linear problem with Gaussian x and noise, whose moments are known exactly: where theory can be checked.

x is a zero-mean Gaussian field of unit variance with Matérn covariance of smoothness 3/2 on n × n pixels,
Γ_x[i, j] = (1 + √3 d / ℓ) exp(−√3 d / ℓ) for pixels a distance d apart (Rasmussen & Williams, Gaussian Processes for
Machine Learning, 2006, equation 4.17). Such a field is once differentiable, as rough as images with soft edges.

A is parallel-beam tomography with the strip model: datum (θ, s) is the integral of x over a strip one pixel wide,
divided by the width. The share of a pixel in a strip is an exact area, so A is a true integral operator rather than
one that aliases, small enough to be held as a dense matrix. Strips smooth along and across; few views leave the
fine detail between them poorly determined. Hence A is mildly ill-posed, as in the first example of the paper.

Noise is white of one variance for all data, Γ_ε = σ² I, with σ = noise_level times the root mean square of the clean
data over the prior. So E[y yᵀ] = A Γ_x Aᵀ + σ² I is exact. The ood split has fields of another correlation length.
"""

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np
from pydantic import Field

from pairlsi.core.base import Strict
from pairlsi.problems import Problem, randomness
from pairlsi.problems.backprojection import filtered_backprojection


class Settings(Strict):
    """What the ``problem`` block of an experiment says for the linear problem."""

    image_size: int = Field(16, ge=4, le=48, description="pixels a side of x; Γ_x has this to the fourth entries")
    angles: int = Field(16, ge=2, le=180, description="views, spread evenly over 180 degrees, the first at 0")
    noise_level: float = Field(gt=0, le=1, description="of the noise, relative to the rms of clean data over the prior")
    correlation_length: float = Field(gt=0, le=1, description="of x, in image widths")
    ood_correlation_length: float = Field(gt=0, le=1, description="the same in the ood split")


class Linear(Problem):
    """The problem y = A x + ε (1): x (N, 1, n, n) to y (N, 1, angles, bins), with exact second moments."""

    label = "A linear problem"
    description = "Gaussian fields seen in strips, whose every answer is known in closed form."
    sections = (
        "answer-linear",
        "example",
        "ranking",
        "error-against-rank",
        "error-against-noise",
        "error-against-missing",
        "exact-bounds",
        "stopping-early",
        "measured-errors",
        "choices",
        "inconsistencies",
        "posteriors",
        "trust",
        "where-to-measure",
        "origin",
    )
    Settings = Settings
    x_unit = "standard deviations"
    y_unit = "standard deviations x image width"
    missing_axis = 2
    missing_name = "angles"
    y_axes = ("channel", "angle", "bin")
    mirrored = True  # p(s, θ + π) = p(-s, θ)

    def __init__(self, settings: Settings):
        super().__init__(settings)
        bins = math.ceil(2**0.5 * settings.image_size)  # the diagonal: nothing is cut off
        self.x_shape = (1, settings.image_size, settings.image_size)
        self.y_shape = (1, settings.angles, bins)
        self.missing_count = settings.angles

    @classmethod
    def small(cls) -> dict:
        lengths = {"correlation_length": 0.2, "ood_correlation_length": 0.1}
        return {"image_size": 12, "angles": 12, "noise_level": 0.02, **lengths}

    @cached_property
    def matrix(self) -> np.ndarray:
        """A (m, n²) in float64, lengths in image widths."""
        return strip_matrix(self.settings.image_size, self.settings.angles, self.y_shape[2])

    @cached_property
    def moment_x(self) -> np.ndarray:
        """Γ_x = E[x xᵀ] (n², n²) of all splits but ood."""
        return matern(self.settings.image_size, self.settings.correlation_length)

    @cached_property
    def noise_deviation(self) -> float:
        """σ, in units of y; the same in all splits."""
        variances = np.einsum("ij,jk,ik->i", self.matrix, self.moment_x, self.matrix, optimize=True)
        return float(self.settings.noise_level * np.sqrt(variances.mean()))

    @property
    def moment_noise(self) -> np.ndarray:
        """Γ_ε = σ² I (m, m)."""
        return self.noise_deviation**2 * np.eye(len(self.matrix))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """A x: data without noise (N, 1, angles, bins) float32 of x (N, 1, n, n)."""
        return _apply(self.matrix, x, self.x_shape, "x").reshape(-1, *self.y_shape)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Aᵀ y: (N, 1, n, n) float32 of y (N, 1, angles, bins)."""
        return _apply(self.matrix.T, y, self.y_shape, "y").reshape(-1, *self.x_shape)

    def approximate_inverse(self, y: np.ndarray) -> np.ndarray:
        """Filtered backprojections (N, 1, n, n) float32 of y (N, 1, angles, bins)."""
        return filtered_backprojection(self, y)

    def draw(self, split: str, indices: np.ndarray, seed: int, counts: Mapping[str, int]):
        """Samples ``indices`` of a split: x (n, 1, H, W) and noisy y (n, 1, angles, bins), float32.

        Sample i depends on (seed, split, i) alone; ``counts`` does not matter. Raises ValueError for an unknown split.
        """
        factor = self._ood_factor if split == "ood" else self._factor
        x, y = (np.empty((len(indices), *shape), np.float32) for shape in (self.x_shape, self.y_shape))
        for row, index in enumerate(indices):  # one by one: a product of many may round another way
            of_x, of_noise = randomness.streams(seed, split, index)
            field = factor @ of_x.standard_normal(len(factor))
            data = self.matrix @ field + self.noise_deviation * of_noise.standard_normal(len(self.matrix))
            x[row], y[row] = field.reshape(self.x_shape), data.reshape(self.y_shape)
        return x, y

    @cached_property
    def _factor(self) -> np.ndarray:
        return np.linalg.cholesky(self.moment_x)

    @cached_property
    def _ood_factor(self) -> np.ndarray:
        return np.linalg.cholesky(matern(self.settings.image_size, self.settings.ood_correlation_length))


def matern(size: int, length: float) -> np.ndarray:
    """Matérn covariance of smoothness 3/2 and unit variance, (size², size²), of the centres of size × size pixels.

    length: of correlation, in image widths.
    """
    centres = (np.arange(size) + 0.5) / size
    rows, columns = (grid.ravel() for grid in np.meshgrid(centres, centres, indexing="ij"))
    scaled = np.sqrt(3) / length * np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    return (1 + scaled) * np.exp(-scaled)


def strip_matrix(size: int, angles: int, bins: int) -> np.ndarray:
    """Mean line integrals over strips one pixel wide, (angles * bins, size²), lengths in image widths.

    A pixel seen from angle θ casts a shadow with the density of the sum of two uniform variables, |cos θ| and |sin θ|
    pixels wide; its distribution function at the edges of the strips gives the area that it shares with each.
    """
    centres = np.arange(size) - (size - 1) / 2
    rows, columns = (grid.ravel() for grid in np.meshgrid(centres, centres, indexing="ij"))
    edges = np.arange(bins + 1) - bins / 2
    views = []
    for theta in np.arange(angles) * (np.pi / angles):
        offsets = edges[:, None] - (columns * np.cos(theta) + rows * np.sin(theta))
        views.append(np.diff(_below(offsets, abs(np.cos(theta)), abs(np.sin(theta))), axis=0) / size)
    return np.concatenate(views)


def _below(offsets: np.ndarray, a: float, b: float) -> np.ndarray:
    """The distribution function of the sum of two uniform variables, a and b wide, both centred at zero."""
    if min(a, b) < 1e-9:  # a view along rows or columns, to rounding: there is one width alone
        return np.clip(offsets / max(a, b) + 0.5, 0, 1)
    offsets = np.clip(offsets, -(a + b) / 2, (a + b) / 2)  # large squares would cancel to fewer digits
    corners = (((a + b) / 2, 1), ((a - b) / 2, -1), ((b - a) / 2, -1))
    return sum(sign * np.maximum(offsets + corner, 0) ** 2 for corner, sign in corners) / (2 * a * b)


def _apply(matrix: np.ndarray, array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim != 4 or array.shape[1:] != shape:
        raise ValueError(f"{name} has shape {array.shape}; expected (N, {', '.join(map(str, shape))})")
    return (array.reshape(len(array), -1) @ matrix.T).astype(np.float32)
