"""Receivers that were connected the wrong way round."""

from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled, in_time


class Polarity(Spoiled):
    """Some rows have the other sign, others for each sample."""

    label = "receivers of the wrong polarity"
    description = "Some receivers record with the other sign, others for each sample, and nobody knows."
    unit = "rows"

    class Settings(Spoiled.Settings):
        """How many."""

        severities: Severities = Field([1, 2, 4], description="rows, one case each")

    @classmethod
    def unfit(cls, settings, experiment):
        return None if in_time(experiment) else "this problem's data are no waves: they have one sign"

    def spoil(self, y, generators):
        spoiled = y.copy()
        for own, rows in zip(self.by_rows(spoiled), self.some_rows(generators, round(self.level)), strict=True):
            own[rows] *= -1
        return spoiled
