"""Data that lie too far along their last axis: a centre of rotation that is off, a clock that is late."""

from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled, delayed


class Shift(Spoiled):
    """All rows are shifted along the last axis, between entries by linear interpolation."""

    label = "data shifted along the last axis"
    description = "All rows of the data are shifted along their last axis: the axis of rotation, or the clock, is off."
    unit = "entries"

    class Settings(Spoiled.Settings):
        """How far."""

        severities: Severities = Field([0.03, 0.1, 0.3, 1.0], description="entries of the data, one case each")

    def spoil(self, y, generators):
        return delayed(y, self.level)
