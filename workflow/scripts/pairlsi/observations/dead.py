"""Bins of the detector that are dead and believed good."""

from pydantic import Field

from pairlsi.observations.spoiled import Counts, Spoiled, in_time, too_many


class Dead(Spoiled):
    """The same neighbouring bins of every row are zero, a little off the middle, where there is something to lose."""

    label = "dead bins"
    description = "Neighbouring bins of the detector are dead, in all rows, and nobody knows."
    unit = "bins"

    class Settings(Spoiled.Settings):
        """How many."""

        severities: Counts = Field([1, 2, 4], description="neighbouring bins, one case each")

    @classmethod
    def unfit(cls, settings, experiment):
        if in_time(experiment):
            return "this problem's data are samples in time, not bins of a detector"
        return too_many(settings, experiment.problem.y_shape[-1] // 2, "bins from the middle on")

    def spoil(self, y, generators):
        first, spoiled = y.shape[-1] // 2 - 2, y.copy()
        spoiled[..., first : first + int(self.level)] = 0
        return spoiled
