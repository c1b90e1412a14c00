"""Observations: what happens to data between y and ỹ, and what inference is told of it.

An instance in the config is a sweep: levels, how bad it is, in a unit of its own, and draws of each. One *case* is an
instance at one level, {instance}-{level} as in random-25; a job takes a case with its draws. {instance}-{level}-{draw}
is one draw, of which an `Observation` is made. A module `observations/KIND.py`, or a file of a user's, has one class
derived from `Observation`.
"""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pairlsi.core.base import Integer, Seed, Strict
from pairlsi.core.instances import Instance, instance
from pairlsi.core.parts import Part
from pairlsi.observations.mask import Mask

ROOM = "observations"
Draws = Annotated[Integer, Field(ge=1, le=1000)]


class Observation(Part):
    """One draw of an observation at one level.

    Deterministic: the same for the same settings, level and draw, whatever else was drawn. What a draw does at one
    level it does at every worse one too (nesting), so that a curve over levels is no comparison of other draws.

    symbol: what stands for it in tables, with ′ for new draws; unit: of its levels; where: what it does, to follow
    "with 25 % of the angles missing". `mask` is what inference is told: which rows arrived, of sample 0 where each of
    those in `dealt` has one of its own.
    """

    room: ClassVar[str] = ROOM
    symbol: ClassVar[str] = ""
    unit: ClassVar[str] = ""
    where: ClassVar[str] = ""

    class Settings(Strict):
        """What all observations have."""

        label: str | None = Field(None, description="its name in tables and legends; null: that of its kind")
        seed: Seed = Field(0, description="of all draws")
        draws: Draws = Field(1, description="draws of each level; draw 0 is what networks may have been trained on")

    def __init__(self, settings, problem, name: str, level: float, draw: int):
        self.settings, self.problem, self.level, self.draw = settings, problem, level, draw
        self.instance, self.name = name, f"{name}-{level:g}-{draw}"
        several = len(self.dealt) > 1
        self.mask = self.dealt[0].mask if several else Mask(self.name, problem.missing_axis, self.kept())

    @classmethod
    def levels(cls, settings) -> list[float]:
        """How bad it is to be, from the least to the worst; a level 0 changes nothing."""
        return [0]

    @classmethod
    def at(cls, settings, level: float):
        """The settings of one level alone: what a job for it depends on."""
        return settings.model_copy(update={"draws": 1})

    @property
    def dealt(self) -> list["Observation"]:
        """What samples are dealt out to in turn, each of one mask: itself alone where all samples are seen alike."""
        return [self]

    def of(self, sample: int) -> "Observation":
        """What a sample is seen through, of one mask."""
        return self.dealt[sample % len(self.dealt)]

    def weights(self, numbers: np.ndarray) -> np.ndarray:
        """1 where data of the samples `numbers` (N,) arrive, else 0: float32, (N, C, H, W), broadcastable."""
        if len(self.dealt) == 1:
            return self.mask.weights()[None]
        return np.stack([self.of(int(number)).mask.weights() for number in numbers])

    def kept(self) -> np.ndarray:
        """Which rows of the data arrive, bool: (rows,), or (C, rows) where channels differ."""
        return np.ones(self.problem.missing_count, bool)

    def __call__(self, y: np.ndarray, split: str, numbers: np.ndarray) -> np.ndarray:
        """ỹ (N, C, H, W), zero where nothing arrives, of full data y of the samples `numbers` (N,) of a split."""
        return self.mask(y)


BASE = Observation


def cases(instances: dict[str, Instance]) -> list[str]:
    """All cases {instance}-{level} of some instances, by instance, in the order of their levels."""
    return [f"{name}-{level:g}" for name, (_, part, said) in instances.items() for level in part.levels(said)]


def split_case(case: str) -> tuple[str, float]:
    """The instance and the level of a case."""
    name, _, level = case.rpartition("-")
    return name, number(level)


def split_draw(name: str) -> tuple[str, int]:
    """The case and the draw of {instance}-{level}-{draw}."""
    case, _, draw = name.rpartition("-")
    return case, int(draw)


def number(text: str) -> float:
    """A level as it is written, 25 rather than 25.0."""
    return float(text) if not text.isdigit() else int(text)


def described(one: Instance, level: float) -> dict:
    """An instance at one level as plain data, to make its draws from."""
    return {"name": one.name, **one._replace(settings=one.part.at(one.settings, level)).meaning}


def made(said: dict, problem, draw: int) -> Observation:
    """A draw of what `described` gave."""
    settings = {key: value for key, value in said.items() if key != "name"}
    _, part, settings = instance(ROOM, said["name"], settings, ROOM)
    return part(settings, problem, said["name"], part.levels(settings)[0], draw)
