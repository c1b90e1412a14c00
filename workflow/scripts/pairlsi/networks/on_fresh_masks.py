"""What kinds of networks share that have the forward operator in them and are trained behind fresh masks."""

from pydantic import Field

from pairlsi.core.base import Count
from pairlsi.networks.fresh_masks import Missing
from pairlsi.networks.part import Network


class OnFreshMasks(Network):
    """A network of `known_operator`, for problems with an adjoint."""

    class Settings(Network.Settings):
        """Its size, and what is missing in its training."""

        width: Count = Field(16, description="channels of the convolutions at full resolution")
        missing: Missing = Field(50, description="percent of the rows, at most, in the fresh masks of its training")

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        return None if experiment.problem.linear else "kind' needs a linear problem with an adjoint: take it out"
