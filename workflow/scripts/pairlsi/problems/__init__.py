"""Forward problems: samplers of x and the operator A that makes data y of it, with shapes, units and axes.

A module `problems/KIND.py` or a folder of that name, or a file of a user's, has one class derived from `Problem`.
Arrays are numpy's, float32, the batch is axis 0.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from pairlsi.core.errors import ConfigError, parse
from pairlsi.core.parts import Part, find
from pairlsi.problems.operator_norm import norms
from pairlsi.problems.symmetries import Symmetries


class Problem(Part):
    """y = A(x) + ε. An object is made from settings; `draw` is called from several threads at once.

    What a class or an object has to have:

    x_shape, y_shape            (C, H, W) of one sample of x and of y; one-dimensional signals are (1, 1, W)
    x_unit, y_unit              their units
    missing_axis, missing_name, missing_count
                                the axis of a batch of y that masks act on, what its rows are called, how many
    draw(split, indices, seed, counts) -> x (n, C, H, W), y (n, C, H, W)
                                float32; `indices` are the samples wanted, `counts` the samples of each split; the same
                                sample whatever else is drawn
    forward(x) -> y             A without noise on the grid of x, (N, C, H, W) each

    and may have:

    adjoint(y) -> x             the transpose of a linear A; methods that are `linear` need it
    approximate_inverse(y) -> x a quick linear inverse of a linear A, as filtered backprojection; see below
    inverse_label               what that is called under pictures
    sample_interval             seconds between samples along the last axis of y, where that is time; methods that go
                                through frequencies need it
    simulate(x) -> y            A on tensors, differentiable; methods that are `differentiable` need it
    mirrored                    whether rows go on past the ends as a parallel beam's views do
    peak_frequency              Hz, of the Ricker wavelet that sends waves out; None where none does
    positions, position_unit    where the rows that masks act on lie, (rows,), for measurements that have others
    position_period             after which a row comes again, mirrored along the last axis of y; None where none does
    unnoticed                   sentences on what can be wrong with data that no test of them can tell
    oddities(y, keep)           what is odd about data whatever x is, name -> (N,); `oddity_words` says it, see below
    symmetries                  what turns a pair (x, y) into one that is as likely: training makes use of them
    x_axes, y_axes              names of the axes (C, H, W), for who opens the data
    sections                    the kinds of the sections of its report; those of any problem where there are none
    archives, fetch()           what to download, and how
    shares_samples              whether the splits are dealt out of one pool of files, so that their sizes interact; if
                                so, `draw` keeps to what was dealt once, and there are
        folder                  where the files lie
        deal(seed, counts) -> dict
                                plain data, kept as data/images.json: the files as "images", name -> what tells one
                                from others, and which sample of which split each is
        images() -> dict        the "images" of the folder as it is now
        take(dealt)             draw from these; an error with a sentence where the folder has changed since
    """

    room: ClassVar[str] = "problems"
    x_axes: ClassVar[tuple[str, str, str]] = ("channel", "row", "column")
    y_axes: ClassVar[tuple[str, str, str] | None] = None
    mirrored: ClassVar[bool] = False
    sample_interval: float | None = None
    peak_frequency: float | None = None
    positions: np.ndarray | None = None
    position_unit: ClassVar[str] = ""
    inverse_label: ClassVar[str] = "A quick inverse"
    position_period: ClassVar[float | None] = None
    oddity_words: ClassVar[dict[str, str]] = {}
    unnoticed: ClassVar[tuple[str, ...]] = ()
    shares_samples = False
    archives: list[dict] = []
    sections: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings):
        self.settings = settings

    @property
    def said(self) -> dict:
        """Kind and settings as plain data."""
        return {"kind": self.kind, **self.settings.model_dump()}

    @property
    def noise_level(self) -> float:
        """Norm of the noise over that of the clean data."""
        return getattr(self.settings, "noise_level", 0.0)

    @property
    def linear(self) -> bool:
        """Whether A has an adjoint."""
        return hasattr(self, "adjoint")

    @property
    def differentiable(self) -> bool:
        """Whether A can be differentiated."""
        return hasattr(self, "simulate")

    @property
    def symmetries(self) -> Symmetries:
        """Of A and of the distribution of x both; the identity alone where none are known."""
        return Symmetries(self.x_shape, self.y_shape)

    @cached_property
    def norm(self) -> float:
        """The largest singular value of a linear A, in units of y over those of x."""
        return norms(self)[0] ** 0.5

    def approximate_inverse(self, y: np.ndarray) -> np.ndarray:
        """x (N, C, H, W) from data of a linear A; where a problem knows no better, a step of steepest descent."""
        return self.adjoint(y) / self.norm**2

    def oddities(self, y: np.ndarray, keep: np.ndarray) -> dict[str, np.ndarray]:
        """How far data y (N, C, H, W), zero where nothing arrived, are from any that A could give, name -> (N,).

        keep: (rows,) bool. The larger the odder, on whatever scale; what is usual is found out from data of the
        problem. `oddity_words` has a sentence for each name, with what to try; {value} stands for the number found.
        """
        return {}

    @classmethod
    def small(cls) -> dict:
        """Settings for tests, small and quick."""
        raise NotImplementedError

    def draw(self, split: str, indices: np.ndarray, seed: int, counts: Mapping[str, int]):
        """Samples of a split: see above."""
        raise NotImplementedError

    def forward(self, x: np.ndarray) -> np.ndarray:
        """A x without noise: see above."""
        raise NotImplementedError

    def fetch(self) -> None:
        """Download `archives`; nothing where there are none."""


BASE = Problem
NEEDED = ("x_shape", "y_shape", "x_unit", "y_unit", "missing_axis", "missing_name", "missing_count")
OF_FILES = ("folder", "deal", "images", "take")  # of problems that share samples


def axes(problem: Problem) -> dict[str, tuple[str, str, str]]:
    """Names of the axes (C, H, W) of x and of y; where the problem says nothing of y they are of y alone."""
    x, y = problem.x_axes, ["y_channel", "y_row", "y_column"]
    if problem.missing_name not in x:
        y[problem.missing_axis - 1] = problem.missing_name
    return {"x": tuple(x), "y": tuple(problem.y_axes or y)}


def create(given: dict, key: str = "problem") -> Problem:
    """The problem that a config block describes: its kind, and what that may say; `key` is its place in the config.

    Raises ConfigError that names the key.
    """
    if "kind" not in given:
        raise ConfigError(f"config key '{key}.kind' is missing: see config.yaml for what it means")
    kind = given["kind"]
    try:
        part = find("problems", str(kind))
    except ConfigError as error:
        raise ConfigError(f"config key '{key}.kind' is {kind!r}: {error}") from None
    problem = part(parse(part.Settings, {name: value for name, value in given.items() if name != "kind"}, key))
    lacking = [name for name in (*NEEDED, *(OF_FILES if problem.shares_samples else ())) if not hasattr(problem, name)]
    lacking += [name for name in ("draw", "forward") if getattr(part, name) is getattr(Problem, name)]
    if lacking:
        raise ConfigError(f"config key '{key}.kind' is {kind!r}: its class {part.__name__} lacks {', '.join(lacking)}")
    return problem
