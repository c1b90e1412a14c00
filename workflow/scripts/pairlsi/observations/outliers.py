"""Entries of the data that have nothing to do with what was measured."""

import numpy as np
from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled


class Outliers(Spoiled):
    """Some percent of the entries are anything between plus and minus the largest value of the sample."""

    label = "outliers"
    description = "Some entries of the data are replaced by random ones, others for each sample."
    unit = "%"
    where = "of the entries"

    class Settings(Spoiled.Settings):
        """How many."""

        severities: Severities = Field([0.02, 0.1, 0.3, 1.0], description="percent of the entries, one case each")

    @classmethod
    def unfit(cls, settings, experiment):
        most = max(settings.severities)
        return f"severities' has {most}: there are no more than 100 %" if most > 100 else None

    def spoil(self, y, generators):
        spoiled = y.copy()
        for own, generator in zip(spoiled, generators, strict=True):
            order, values = generator.permutation(own.size), generator.uniform(-1, 1, own.size)
            some = order[: round(own.size * self.level / 100)]
            own.reshape(-1)[some] = values[some] * np.abs(own).max()
        return spoiled
