"""Learned primal-dual: an iterative solver whose steps are networks."""

from pydantic import Field

from pairlsi.core.base import Count
from pairlsi.networks.on_fresh_masks import OnFreshMasks


class PrimalDualNetwork(OnFreshMasks):
    """Networks update data and image in turn, with the forward operator and its adjoint between them."""

    label = "Learned primal-dual"
    colour = "#8E44AD"
    description = (
        "A primal-dual solver whose steps are small networks, with the forward operator and its adjoint between them, "
        "trained end to end on data of which fresh rows are missing for every sample."
    )

    class Settings(OnFreshMasks.Settings):
        """How many steps."""

        iterations: Count = Field(3, description="updates of the data and of the image")
        memory: Count = Field(4, description="images, and data, that are passed from one update to the next")

    @staticmethod
    def build(settings, problem, observation):
        from pairlsi.networks.known_operator import PrimalDual

        return PrimalDual(problem, settings.missing, settings.iterations, settings.width, settings.memory)
