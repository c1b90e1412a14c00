"""Counts of few photons in place of line integrals with white noise."""

import numpy as np
from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled

PHOTONS = 1e6  # of a bin that nothing is in front of, at severity 1
DEPTH = 3.0  # of the line integrals, their largest of a sample: e^-3, a twentieth, of the photons arrives there


class Poisson(Spoiled):
    """A line integral is measured as a number of photons, Poisson distributed, and the logarithm taken of it."""

    label = "few photons"
    description = "Line integrals are logarithms of photon counts: noise is Poisson's, strongest where least arrives."
    unit = "times fewer"
    where = "photons than a million a bin"

    class Settings(Spoiled.Settings):
        """How few."""

        severities: Severities = Field(
            [1.0, 10.0, 100.0, 1000.0],
            description="times fewer photons than a million arrive in a bin that nothing is in front of, one case each",
        )

    @classmethod
    def unfit(cls, settings, experiment):
        return None if experiment.problem.sample_interval is None else "kind' is poisson: for line integrals alone"

    def spoil(self, y, generators):
        photons = PHOTONS / self.level
        largest = np.abs(y).max(axis=(1, 2, 3), keepdims=True)
        scale = DEPTH / np.where(largest > 0, largest, 1)
        expected = photons * np.exp(-scale * y)
        counts = np.stack([rng.poisson(own) for rng, own in zip(generators, expected, strict=True)])
        return np.log(photons / counts.clip(min=1)) / scale
