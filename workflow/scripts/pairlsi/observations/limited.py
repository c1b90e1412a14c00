"""A limited range: the last rows are missing, as where a gantry cannot turn all the way or a well ends early."""

from pairlsi.observations.missing import Missing


class Limited(Missing):
    """The last rows, whatever the draw."""

    label = "limited range"
    description = "The last rows of the data are missing: angles beyond some, receivers below a depth."
    symbol = "L"
    where = "at the end of their range"

    @classmethod
    def unfit(cls, settings, experiment):
        if settings.masks > 1:
            return f"masks' is {settings.masks}: the range ends where it ends, for all samples"
        return super().unfit(settings, experiment)

    def missing(self, rows: int, count: int):
        return slice(rows - count, rows)
