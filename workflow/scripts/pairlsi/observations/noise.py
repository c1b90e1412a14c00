"""Noise that is stronger than in training, white or correlated along the last axis of the data."""

from typing import Annotated

import numpy as np
from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled

LEAST = 1e-3  # noise level that stands in for none


class Noise(Spoiled):
    """White noise is added until there is `level` times that of training."""

    label = "stronger noise"
    description = "The noise is stronger than in training."
    unit = "times"
    where = "of the noise of training"

    class Settings(Spoiled.Settings):
        """How strong, and how smooth."""

        severities: Severities = Field(
            [1.05, 1.2, 2.0, 4.0],
            description="its standard deviation over that of training, more than 1, one case each",
        )
        length: Annotated[float, Field(ge=0, le=100)] = Field(
            0, description="entries over which it is correlated along the last axis; 0: white"
        )

    @classmethod
    def unfit(cls, settings, experiment):
        if min(settings.severities) <= 1:
            return (
                f"severities' has {min(settings.severities)}: it is the noise in all over that of training, more than 1"
            )
        return None

    def spoil(self, y, generators):
        noise = self.normal(generators, y.shape[1:])
        if self.settings.length:
            from scipy.ndimage import gaussian_filter1d

            noise = gaussian_filter1d(noise, self.settings.length, mode="wrap")
        more = max(getattr(self.problem, "noise_level", 0), LEAST) * np.sqrt(self.level**2 - 1)
        sizes = [np.linalg.norm(u.reshape(len(u), -1), axis=1).reshape(-1, 1, 1, 1) for u in (y, noise)]
        return y + more * sizes[0] / sizes[1] * noise
