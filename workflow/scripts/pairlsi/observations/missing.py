"""What observations with missing rows share: settings, and what contradicts a problem."""

from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import Field

from pairlsi.core.base import Count, Distinct, Integer
from pairlsi.observations import Observation


class Missing(Observation):
    """Some percent of the rows of the data do not arrive: of one draw, the more the worse its level."""

    unit = "%"

    class Settings(Observation.Settings):
        """Which percentages."""

        percents: Annotated[list[Annotated[Integer, Field(ge=1, lt=100)]], Field(min_length=1), Distinct] = Field(
            description="percent of the rows that are missing, one case each"
        )
        masks: Count = Field(
            1,
            description="of a draw, dealt out to the samples in turn, each at the price of a draw; as many as samples, "
            "and each has its own",
        )

    @classmethod
    def levels(cls, settings) -> list[float]:
        return sorted(settings.percents)

    @classmethod
    def at(cls, settings, level: float):
        return settings.model_copy(update={"draws": 1, "percents": [level]})

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        problem = experiment.problem
        rows, axis = problem.missing_count, problem.missing_name
        for percent in settings.percents:
            missing = round(rows * percent / 100)
            if not 1 <= missing < rows:
                advice = "masks none: ask for more" if missing < 1 else "masks all: ask for fewer"
                return f"percents' has {percent}: of {rows} {axis} it {advice}"
        return None

    @cached_property
    def dealt(self) -> list[Observation]:
        masks = self.settings.masks
        if masks == 1:
            return [self]
        alone = self.settings.model_copy(update={"masks": 1})
        draws = range(self.draw * masks, (self.draw + 1) * masks)
        return [type(self)(alone, self.problem, self.instance, self.level, draw) for draw in draws]

    @property
    def count(self) -> int:
        """How many rows are missing."""
        return round(self.problem.missing_count * self.level / 100)

    def kept(self) -> np.ndarray:
        keep = np.ones(self.problem.missing_count, bool)
        keep[self.missing(len(keep), self.count)] = False
        return keep

    def missing(self, rows: int, count: int):
        """Index of the `count` of so many rows that are missing."""
        raise NotImplementedError
