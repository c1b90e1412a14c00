"""The gain of the measuring device changes from row to row, at random or as a slow drift."""

from typing import Annotated

import numpy as np
from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled


class Gain(Spoiled):
    """Each row is multiplied by a factor of its own, normal about 1."""

    label = "gain of every row off"
    description = "Every row of the data is too large or too small by a factor of its own."
    unit = "%"

    class Settings(Spoiled.Settings):
        """By how much."""

        severities: Severities = Field(
            [0.05, 0.1, 0.3, 3.0], description="percent, standard deviation of the factors, one case each"
        )
        length: Annotated[float, Field(ge=0, le=1000)] = Field(
            0, description="rows over which the gain drifts; 0: each row has a factor of its own"
        )

    def spoil(self, y, generators):
        shape = [1, 1, 1]
        shape[self.problem.missing_axis - 1] = self.problem.missing_count
        factors = self.normal(generators, shape)
        if self.settings.length:
            from scipy.ndimage import gaussian_filter1d

            factors = gaussian_filter1d(factors, self.settings.length, axis=self.problem.missing_axis, mode="nearest")
            factors /= np.sqrt(np.square(factors).mean((1, 2, 3), keepdims=True))
        return y * (1 + self.level / 100 * factors)
