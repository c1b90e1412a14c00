"""A forward problem of one's own: signals in one dimension, blurred.

x is piecewise constant with a few jumps, y is x blurred by a Gaussian, with white noise. Everything that the workflow
asks of a problem stands here; `kind: deblur.py` in a config beside this file takes it.
"""

from functools import cached_property

import numpy as np
from pydantic import Field

from pairlsi.core.base import Count, Strict
from pairlsi.problems import Problem
from pairlsi.problems.randomness import add_noise, streams


class Deblur(Problem):
    """x (N, 1, 1, n) to y (N, 1, 1, n) = K x + ε, K a blur with the end values going on past the ends."""

    label = "Deblurring in one dimension"
    description = "Piecewise constant signals are blurred by a Gaussian; samples of the blurred signal go missing."
    x_unit = y_unit = "relative amplitude"
    missing_axis, missing_name = 3, "samples"  # masks act along the last axis of a batch (N, C, H, W)

    class Settings(Strict):
        """What the block `problem` of a config may say."""

        size: Count = Field(64, description="samples of a signal")
        width: float = Field(2.0, gt=0, description="standard deviation of the blur, samples")
        jumps: Count = Field(5, description="of a signal; one half more of them out of distribution")
        noise_level: float = Field(0.01, ge=0, le=1, description="norm of the noise over that of the clean data")

    def __init__(self, settings):
        super().__init__(settings)
        self.x_shape = self.y_shape = (1, 1, settings.size)
        self.missing_count = settings.size

    @classmethod
    def small(cls) -> dict:
        return {"size": 24}

    @cached_property
    def matrix(self) -> np.ndarray:
        """K (n, n)."""
        n, width = self.settings.size, self.settings.width
        reach = np.arange(-round(5 * width), round(5 * width) + 1)
        kernel = np.exp(-((reach / width) ** 2) / 2)
        matrix = np.zeros((n, n))
        for row in range(n):
            np.add.at(matrix[row], np.clip(row + reach, 0, n - 1), kernel / kernel.sum())
        return matrix.astype(np.float32)

    def draw(self, split, indices, seed, counts):
        """Each sample from random numbers of its own, so that it is the same whatever else is drawn."""
        generators = [streams(seed, split, index) for index in indices]
        jumps = self.settings.jumps * (3 if split == "ood" else 2) // 2
        x = np.stack([self.signal(rng, jumps) for rng, _ in generators])[:, None, None]
        y = self.forward(x)
        add_noise(y, [noise for _, noise in generators], self.settings.noise_level)
        return x, y

    def signal(self, rng, jumps: int) -> np.ndarray:
        """One piecewise constant signal (n,) within [0, 1]."""
        places = np.sort(rng.choice(self.settings.size, jumps, replace=False))
        levels = rng.random(jumps + 1)
        return levels[np.searchsorted(places, np.arange(self.settings.size), side="right")].astype(np.float32)

    def forward(self, x):
        return np.stack([u @ self.matrix.T for u in x])  # one by one: a product of many may round another way

    def adjoint(self, y):
        return np.stack([u @ self.matrix for u in y])

    def simulate(self, x):
        import torch

        return x @ torch.from_numpy(self.matrix.T).to(x)
