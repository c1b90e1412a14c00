"""Methods of inference: from ỹ, and what is told of how it was observed, to estimates of x.

A module `methods/KIND.py`, or a file of a user's, has one class derived from `Method`, of which an object works behind
one draw of an observation. What it may use: the network and the problem that it says it wants, statistics of the
training split, another method's estimates to start from. An estimate depends on its own sample alone.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pairlsi.core.base import Count, Distinct, Integer, Strict
from pairlsi.core.parts import Part
from pairlsi.methods.estimates import Estimates, joined

log = logging.getLogger(__name__)
Some = Annotated[Integer, Field(ge=2)]
OWN = ("zero", "mean")  # starts of a solver that are no other method's estimates


class Samples(Strict):
    """The first samples of each split."""

    validation: Some = Field(description="to choose on")
    test: Some = Field(description="to report on")
    ood: Some = Field(description="to report on, out of distribution")


@dataclass(frozen=True)
class Given:
    """What an estimate is made with, behind one draw of an observation.

    statistics: of the training split (`data.statistics.Statistics`); scaling: "pixel" or "global", see there; network:
    trained, on its device, None for none; starts: of another method, for those that start from its estimates, what
    "{split}/x", "{split}/y" and "{split}/seconds" name; device: where the network is and the work is done; seed: of
    the networks' training, which random starts depend on too; batch_size: samples at once; kept: `kept.Kept` or None.
    """

    problem: Any
    observation: Any
    statistics: Any
    scaling: str = "global"
    network: Any = None
    starts: dict | None = None
    device: str = "cpu"
    seed: int = 0
    batch_size: int = 200
    kept: Any = None

    @property
    def keep(self) -> np.ndarray:
        """1 where data arrived and 0 where not, broadcastable to (C, H, W), float32."""
        return self.observation.mask.weights()

    def start(self, name: str, split: str, numbers: np.ndarray) -> np.ndarray | None:
        """x (n, C, H, W) where a solver starts, that a setting calls `name`: zero, which is None here, mean, or a
        method's, whose estimates of the samples `numbers` (n,) are in `starts`.
        """
        if name == "zero":
            return None
        if name == "mean":
            return np.repeat(self.statistics.means["x"][None], len(numbers), axis=0)
        return self.starts[f"{split}/x"][:][numbers]


class Method(Part):
    """A method behind one draw of an observation.

    wants: what it asks of a network, "inversion", "latents", "linear" or "patches" (`networks.Network.offers`), None
    for no network; linear: it needs the problem's adjoint; differentiable: it needs the problem's `simulate`; on_gpu: a
    GPU has something to do for it; blind: it sees no data, so that its estimates are the same whatever was observed;
    controlled: null controls of its latents are measured (`methods.controls`); seeded: it draws random numbers by the
    training's seed though it has no network.
    """

    room: ClassVar[str] = "methods"
    wants: ClassVar[str | None] = None
    linear: ClassVar[bool] = False
    differentiable: ClassVar[bool] = False
    on_gpu: ClassVar[bool] = True
    blind: ClassVar[bool] = False
    controlled: ClassVar[bool] = False
    seeded: ClassVar[bool] = False

    class Settings(Strict):
        """What all methods have."""

        label: str | None = Field(None, description="its name in tables and legends; null: that of its kind")
        colour: str | None = Field(None, description="of its curves and bars, as #4C72B0; null: one that no other has")
        network: str | None = Field(
            None,
            description="which network it takes; null: that of its own name, or else the first fit for it, trained "
            "ones before closed forms",
        )
        observations: Annotated[list[str], Field(min_length=1), Distinct] | None = Field(
            None, description="those it is run on, by name, or by {name}-{level} as random-25; null: all"
        )
        draws: Count | None = Field(None, description="it is run on the first so many draws; null: on all")
        samples: Samples | None = Field(None, description="it is run on the first samples of each split; null: on all")
        batch_size: Count | None = Field(None, description="samples at once; null: inference.batch_size")

    @classmethod
    def starts_from(cls, settings) -> str | None:
        """The method whose estimates it starts from, None for none."""
        return None

    @classmethod
    def title(cls, settings, labels: dict[str, str]) -> str:
        """Its name in tables and legends where the config gives none; labels: of networks and methods before it."""
        return cls.label

    @classmethod
    def told(cls, settings, networks: dict) -> str:
        """What it does, for a report; networks: of the experiment, name -> `Instance`."""
        return cls.description

    def __init__(self, settings, given: Given):
        self.settings, self.given = settings, given
        self.problem, self.observation, self.network = given.problem, given.observation, given.network
        self.batch_size = given.batch_size

    def samples(self, split: str) -> slice:
        """The samples of a split that it is run on."""
        return slice(getattr(self.settings.samples, split) if self.settings.samples else None)

    @property
    def to_choose_on(self) -> slice:
        """The validation samples that what it leaves open is chosen on."""
        return slice(min(self.samples("validation").stop or CHOSEN_ON, CHOSEN_ON))

    def estimate(self, y: np.ndarray, split: str, numbers: np.ndarray) -> Estimates:
        """Estimate x from ỹ (N, C, H, W), zero where nothing arrived, of the samples `numbers` (N,) of a split."""
        raise NotImplementedError

    def stated(self, y: np.ndarray) -> np.ndarray | None:
        """How far off entries of x are by the method's own word, like x, for ỹ (N, C, H, W); None: it says nothing."""
        return None

    @classmethod
    def choose(cls, methods: "Sequence[Method]", x: np.ndarray, y: np.ndarray) -> dict:
        """Choose what is left open on validation pairs x, y (N, C, H, W), full data, for all draws at once.

        methods: the method on each draw; `deal` says which samples each gets. All take the choice; returned are the
        choice and its curves as plain data, {} where nothing is left open.
        """
        return {}

    @property
    def leaves_open(self) -> bool:
        """Whether there is anything to choose."""
        return False

    def __call__(self, y: np.ndarray, split: str, numbers: np.ndarray | None = None) -> Estimates:
        """Estimate x from full data y (N, C, H, W), samples `numbers` (N,) of a split, None for its first ones: they
        are observed here, batch by batch.
        """
        started = self.batched.clock()
        numbers = np.arange(len(y)) if numbers is None else numbers

        def estimate(part: slice) -> Estimates:
            measured = self.observation(y[part], split, numbers[part])
            found = self.estimate(measured, split, numbers[part])
            if found.stated is None:
                found = replace(found, stated=self.stated(measured))
            log.info("%s: %d of %d samples", self.observation.name, part.stop, len(y))
            return found

        parts = list(self.batched(estimate, len(y)))
        seconds = (self.batched.clock() - started) / len(y)
        if self.given.starts is not None:
            seconds += float(self.given.starts.get(f"{split}/seconds", 0.0))
        return joined(parts, seconds)

    @cached_property
    def batched(self):
        """The samples in batches of `batch_size`, or of what the memory has turned out to hold (`jobs.memory`)."""
        from pairlsi.jobs.memory import Batched

        return Batched(self.batch_size, self.given.kept)

    def deviation(self, y):
        """Standard deviation (N,) of the noise of an entry of ỹ, a tensor (N, C, H, W) that is zero where nothing
        arrived, in its units; 1 for data that are all zero, of which nothing is known.
        """
        measured = self.tensor(self.given.keep).expand(y.shape[1:]).sum()
        found = self.problem.noise_level * y.flatten(1).norm(dim=1) / measured.sqrt()
        return found.where(found > 0, 1.0)

    def tensor(self, values: np.ndarray):
        """An array as a tensor on the device to work on."""
        import torch

        return torch.from_numpy(values).to(self.given.device)


BASE = Method
CHOSEN_ON = 100  # validation samples: of 200, weights, iterations and lengths were the same, for twice the time
