"""Receivers whose clocks are late."""

from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled, delayed, in_time

PART = 0.25  # of the rows that are late


class Late(Spoiled):
    """A quarter of the rows, others for each sample, come late, between samples by linear interpolation."""

    label = "a quarter of the receivers late"
    description = "The clocks of a quarter of the receivers, others for each sample, are late, and nobody knows."
    unit = "samples"

    class Settings(Spoiled.Settings):
        """By how much."""

        severities: Severities = Field([0.1, 0.3, 1.0, 3.0], description="samples in time, one case each")

    @classmethod
    def unfit(cls, settings, experiment):
        return None if in_time(experiment) else "this problem's data are no samples in time"

    def spoil(self, y, generators):
        spoiled = y.copy()
        for own, rows in zip(
            self.by_rows(spoiled), self.some_rows(generators, round(PART * self.problem.missing_count)), strict=True
        ):
            own[rows] = delayed(own[rows], self.level)
        return spoiled
