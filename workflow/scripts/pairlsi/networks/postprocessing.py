"""A classical inverse and a U-Net after it."""

from pydantic import Field

from pairlsi.core.base import Count
from pairlsi.networks.fresh_masks import Missing
from pairlsi.networks.part import Network


class PostprocessingNetwork(Network):
    """The problem's quick inverse of what was measured, corrected by a U-Net that is trained on whatever is missing."""

    label = "Classical inverse + U-Net"
    colour = "#B5651D"
    description = (
        "The problem's approximate inverse, filtered backprojection for CT, and a U-Net after it, trained end to end "
        "on data of which fresh rows are missing for every sample."
    )

    class Settings(Network.Settings):
        """Its size, and what is missing in its training."""

        width: Count = Field(16, description="channels of the U-Net at full resolution")
        missing: Missing = Field(50, description="of the rows, at most, in the fresh masks of its training")

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        return None if experiment.problem.linear else "kind' needs a linear problem with an adjoint: take it out"

    @staticmethod
    def build(settings, problem, observation):
        from pairlsi.networks.known_operator import Postprocessing

        return Postprocessing(problem, settings.missing, settings.width)
