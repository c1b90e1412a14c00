"""The base of all kinds of networks."""

from typing import ClassVar

from pydantic import Field

from pairlsi.core.base import Count, Strict
from pairlsi.core.parts import Part


class Network(Part):
    """A kind of network.

    offers: what methods may ask of it, "inversion", "latents", "linear" (closed forms on a `linear_pair.LinearPair`),
    "patches" (the likelihood of pieces of x);
    closed_form: it is solved by `solve` instead of trained, and has nothing for a GPU to do.
    """

    room: ClassVar[str] = "networks"
    offers: ClassVar[tuple[str, ...]] = ("inversion",)
    closed_form: ClassVar[bool] = False

    class Settings(Strict):
        """What all networks have."""

        label: str | None = Field(None, description="its name in tables and legends; null: that of its kind")
        epochs: Count | None = Field(None, description="passes over the training split; null: training.epochs")
        colour: str | None = Field(None, description="of its curves, as #4C72B0; null: one that no other has")

    @classmethod
    def title(cls, settings) -> str:
        """Its name in tables and legends where the config gives none."""
        return cls.label

    @classmethod
    def completed(cls, settings, architecture):
        """The settings with what they leave to the experiment; architecture: its block `architecture`."""
        return settings

    @classmethod
    def observed(cls, settings) -> str | None:
        """The case, {observation}-{level}, whose draw 0 it is trained behind; None for complete data."""
        return None

    @classmethod
    def taken_apart(cls, settings) -> float:
        """The first part of every batch, in every process, that trains other terms than the rest; 1 for all of it."""
        return 1.0

    @classmethod
    def begins_as(cls, settings, networks: dict) -> str | None:
        """The network in closed form among these, name -> `Instance`, that it begins as, so that what both have is
        computed once; None for none.
        """
        return None

    @staticmethod
    def build(settings, problem, observation):
        """The untrained torch module; observation: the draw that it is trained behind, None for complete data."""
        raise NotImplementedError

    @staticmethod
    def solve(network, x, y, symmetries) -> None:
        """Set the weights from all samples x, y (N, C, H, W) of the training split; only of closed forms.

        symmetries: turned copies of the samples are as likely (`problems.symmetries.Symmetries`). Where `begins_as`
        names a network, it is a further argument, `start`, solved for.
        """
        raise NotImplementedError

    @staticmethod
    def starts_in_closed_form(network) -> bool:
        """Whether `solve` sets a part of the weights before the others are trained."""
        return False

    @staticmethod
    def finish(network, train_data, validation_data) -> dict:
        """What is left to do after training; returns what is to be told of the network beside its weights."""
        return {}
