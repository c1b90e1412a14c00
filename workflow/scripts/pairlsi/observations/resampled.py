"""Fewer rows than believed, interpolated onto those of training: another step between angles, or between receivers."""

import numpy as np
from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled


class Resampled(Spoiled):
    """Rows measured at a step so many times larger, even over the same range; those of training lie between them."""

    label = "rows resampled from fewer"
    description = (
        "The data were measured at a larger step between rows, and all rows are interpolated linearly between these."
    )
    unit = "times the step"

    class Settings(Spoiled.Settings):
        """How much larger the step is."""

        severities: Severities = Field(
            [1.5, 2.0, 3.0], description="step over that of training, above 1, one case each"
        )

    @classmethod
    def unfit(cls, settings, experiment):
        least, most, rows = min(settings.severities), max(settings.severities), experiment.problem.missing_count
        if least <= 1:
            return f"severities' has {least}: the step is larger than that of training, above 1"
        return f"severities' has {most}: of {rows} rows that leaves one" if most > rows - 1 else None

    def spoil(self, y, generators):
        count = self.problem.missing_count
        measured = np.arange(0, count, self.level)
        coarse = between(measured, np.arange(count + 1.0), self.continued(self.by_rows(y)))
        fine = between(np.arange(count), np.append(measured, count), self.continued(coarse))
        return np.moveaxis(fine, 1, self.problem.missing_axis)

    def continued(self, rows: np.ndarray) -> np.ndarray:
        """Rows (N, n, …) with the one that comes after the last: the first again, mirrored, or else the last."""
        return np.concatenate([rows, rows[:, :1, ..., ::-1] if self.problem.mirrored else rows[:, -1:]], axis=1)


def between(wanted: np.ndarray, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows (N, k, …) at places wanted (k,), linearly between rows (N, n, …) at places known (n,), ascending."""
    weights = np.stack([np.interp(wanted, known, one) for one in np.eye(len(known))], axis=1)
    return np.moveaxis(np.tensordot(weights, rows, axes=(1, 1)), 0, 1)
