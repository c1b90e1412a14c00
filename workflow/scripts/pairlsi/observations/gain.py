"""The gain of the measuring device drifts from row to row."""

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

    def spoil(self, y, generators):
        shape = [1, 1, 1]
        shape[self.problem.missing_axis - 1] = self.problem.missing_count
        return y * (1 + self.level / 100 * self.normal(generators, shape))
