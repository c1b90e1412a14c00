"""Bins of the detector read out together: neighbours share one value."""

import numpy as np
from pydantic import Field

from pairlsi.observations.spoiled import Counts, Spoiled, in_time


class Binned(Spoiled):
    """So many neighbouring bins have their mean in common, from the first one on; what is left at the end as well."""

    label = "bins read out together"
    description = "Neighbouring bins of the detector are read out together: all have their mean."
    unit = "bins"

    class Settings(Spoiled.Settings):
        """How many."""

        severities: Counts = Field([2, 3, 4], description="bins together, two or more, one case each")

    @classmethod
    def unfit(cls, settings, experiment):
        if in_time(experiment):
            return "this problem's data are samples in time, not bins of a detector"
        if min(settings.severities) < 2:
            return f"severities' has {min(settings.severities)}: two bins at least are read out together"
        return None

    def spoil(self, y, generators):
        starts = np.arange(0, y.shape[-1], int(self.level))
        counts = np.diff(np.append(starts, y.shape[-1]))
        return np.repeat(np.add.reduceat(y, starts, axis=-1) / counts, counts, axis=-1)
