"""Rows measured elsewhere than believed: angles off by a part of a step, receivers mislocated."""

import numpy as np
from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled


class Displaced(Spoiled):
    """Every row lies a part of a step beside where it is believed to, its data those between two neighbours."""

    label = "rows a part of a step off"
    description = "All rows were measured beside where they are believed to be: what arrives lies between neighbours."
    unit = "steps"

    class Settings(Spoiled.Settings):
        """How far."""

        severities: Severities = Field(
            [0.1, 0.25, 0.5, 1.0], description="steps between rows, at most 1, one case each"
        )

    @classmethod
    def unfit(cls, settings, experiment):
        most = max(settings.severities)
        return f"severities' has {most}: rows lie at most 1 step off" if most > 1 else None

    def spoil(self, y, generators):
        axis = self.problem.missing_axis
        first, last = np.take(y, [0], axis), np.take(y, [-1], axis)
        # after half a turn the first view comes again, mirrored; behind the last receiver there is no other
        beyond = first[..., ::-1] if self.problem.mirrored else last
        following = np.concatenate([np.delete(y, 0, axis), beyond], axis)
        return (1 - self.level) * y + self.level * following
