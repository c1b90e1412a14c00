"""What observations with missing rows share: settings, and what contradicts a problem."""

from dataclasses import replace
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
        unsaid: Annotated[Integer, Field(ge=0, lt=100)] = Field(
            0,
            description="percent of the rows that are missing beyond these, zero, while inference takes them for data",
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
            if round(rows * (percent + settings.unsaid) / 100) >= rows:
                return f"unsaid' is {settings.unsaid}: with {percent} % that are said to be missing nothing is left"
        return None

    @cached_property
    def dealt(self) -> list[Observation]:
        masks = self.settings.masks
        if masks == 1:
            return [self]
        alone = self.settings.model_copy(update={"masks": 1})
        draws = range(self.draw * masks, (self.draw + 1) * masks)
        return [type(self)(alone, self.problem, self.instance, self.level, draw) for draw in draws]

    def count(self, unsaid: int = 0) -> int:
        """How many rows are missing, with so many percent more that nobody is told of."""
        return round(self.problem.missing_count * (self.level + unsaid) / 100)

    def kept(self, unsaid: int = 0) -> np.ndarray:
        keep = np.ones(self.problem.missing_count, bool)
        keep[self.missing(len(keep), self.count(unsaid))] = False
        return keep

    def __call__(self, y: np.ndarray, split: str, numbers: np.ndarray) -> np.ndarray:
        if len(self.dealt) > 1:
            seen = [self.of(int(number))(one[None], split, numbers[:1]) for one, number in zip(y, numbers, strict=True)]
            return np.concatenate(seen)
        arrived = replace(self.mask, keep=self.kept(self.settings.unsaid)) if self.settings.unsaid else self.mask
        return arrived(y)

    def missing(self, rows: int, count: int):
        """Index of the `count` of so many rows that are missing."""
        raise NotImplementedError
