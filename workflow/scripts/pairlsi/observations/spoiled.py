"""What observations share that spoil data in a way nobody is told of: all rows count as if they had arrived well."""

from typing import Annotated

import numpy as np
from pydantic import Field

from pairlsi.core.base import SPLITS, Distinct, Integer
from pairlsi.core.instances import Instance, instance
from pairlsi.core.parts import find, kinds
from pairlsi.observations import ROOM, Observation

Severities = Annotated[list[Annotated[float, Field(gt=0, le=1000)]], Field(min_length=1), Distinct]


Counts = Annotated[list[Annotated[Integer, Field(ge=1, le=1000)]], Field(min_length=1), Distinct]


class Spoiled(Observation):
    """Data that are not what inference takes them for, the more so the higher the level.

    What is drawn is drawn for each sample by its number, and at every level the same.
    """

    class Settings(Observation.Settings):
        """How bad it is to be."""

        severities: Severities = Field(description="how bad it is, one case each")

    @classmethod
    def levels(cls, settings) -> list[float]:
        return sorted(settings.severities)

    @classmethod
    def at(cls, settings, level: float):
        return settings.model_copy(update={"draws": 1, "severities": [level]})

    def __call__(self, y: np.ndarray, split: str, numbers: np.ndarray) -> np.ndarray:
        seeds = [[self.settings.seed, self.draw, SPLITS.index(split), int(number)] for number in numbers]
        return self.spoil(y, [np.random.default_rng(seed) for seed in seeds]).astype(y.dtype)

    def spoil(self, y: np.ndarray, generators: list[np.random.Generator]) -> np.ndarray:
        """Spoiled copies of data y (N, C, H, W); generators: of the random numbers of each sample."""
        raise NotImplementedError

    def normal(self, generators, shape) -> np.ndarray:
        """Standard normal numbers, (N, *shape)."""
        return np.stack([generator.standard_normal(shape) for generator in generators])

    def by_rows(self, y: np.ndarray) -> np.ndarray:
        """A view of data with the rows that masks act on in front: (N, rows, …)."""
        return np.moveaxis(y, self.problem.missing_axis, 1)

    def some_rows(self, generators, count: int) -> list[np.ndarray]:
        """Index of so many rows of each sample, those of fewer among those of more."""
        rows = self.problem.missing_count
        return [generator.permutation(rows)[: min(count, rows)] for generator in generators]


def spoiling(experiment) -> tuple[str, ...]:
    """The names of a `config.Experiment`'s observations that spoil data."""
    return tuple(name for name, one in experiment.observations.items() if issubclass(one.part, Spoiled))


def fitting(experiment, seed: int = 0) -> list[Instance]:
    """An instance of each kind that fits the problem of a `config.Experiment`, at its usual severities."""
    every = [instance(ROOM, kind, {}, ROOM) for kind in kinds(ROOM) if issubclass(find(ROOM, kind), Spoiled)]
    fit = [one for one in every if one.part.unfit(one.settings, experiment) is None]
    return [one._replace(settings=one.settings.model_copy(update={"seed": seed})) for one in fit]


def delayed(y: np.ndarray, entries: float) -> np.ndarray:
    """Data (..., entries) so many entries later along the last axis, between entries by linear interpolation."""
    whole, part = int(entries // 1), entries % 1
    return (1 - part) * np.roll(y, whole, -1) + part * np.roll(y, whole + 1, -1)


def too_many(settings, count: int, what: str) -> str | None:
    """What `unfit` says of severities beyond how many rows or bins there are."""
    most = max(settings.severities)
    return f"severities' has {most}: there are {count} {what}, one at least should be left" if most >= count else None


def in_time(experiment) -> bool:
    """Whether data are samples in time along their last axis, and no bins of a detector."""
    return experiment.problem.sample_interval is not None
