"""Receivers that were connected the wrong way round."""

from pydantic import Field

from pairlsi.observations.spoiled import Counts, Spoiled, in_time, too_many


class Polarity(Spoiled):
    """Some rows have the other sign, others for each sample."""

    label = "receivers of the wrong polarity"
    description = "Some receivers record with the other sign, others for each sample, and nobody knows."
    unit = "rows"

    class Settings(Spoiled.Settings):
        """How many."""

        severities: Counts = Field([1, 2, 4], description="rows, one case each")

    @classmethod
    def unfit(cls, settings, experiment):
        if not in_time(experiment):
            return "this problem's data are no waves: they have one sign"
        return too_many(settings, experiment.problem.missing_count, experiment.problem.missing_name)

    def spoil(self, y, generators):
        spoiled = y.copy()
        for own, rows in zip(self.by_rows(spoiled), self.some_rows(generators, int(self.level)), strict=True):
            own[rows] *= -1
        return spoiled
