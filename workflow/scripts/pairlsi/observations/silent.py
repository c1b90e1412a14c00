"""A wrong P: rows that are believed to have been measured, and were not."""

from pydantic import Field

from pairlsi.observations.spoiled import Counts, Spoiled, too_many


class Silent(Spoiled):
    """Some rows are zero, others for each sample, and inference is not told."""

    label = "silent rows, believed to be measured"
    description = "Some rows of the data are zero, others for each sample, and nobody knows."
    unit = "rows"

    class Settings(Spoiled.Settings):
        """How many."""

        severities: Counts = Field([1, 2, 4], description="rows, one case each")

    @classmethod
    def unfit(cls, settings, experiment):
        return too_many(settings, experiment.problem.missing_count, experiment.problem.missing_name)

    def spoil(self, y, generators):
        spoiled = y.copy()
        for own, rows in zip(self.by_rows(spoiled), self.some_rows(generators, int(self.level)), strict=True):
            own[rows] = 0
        return spoiled
