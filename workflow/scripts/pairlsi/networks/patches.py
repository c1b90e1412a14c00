"""A mixture of Gaussians of image patches, for methods that ask how likely an image is patch by patch."""

from typing import Annotated

from pydantic import Field

from pairlsi.core.base import Count, Integer, Iterations
from pairlsi.networks.part import Network


class Patches(Network):
    """What small pieces of training images look like."""

    label = "Patches"
    colour = "#8D6E63"
    description = "A mixture of Gaussians of small square patches of training images, by expectation and maximisation."
    offers = ("patches",)
    closed_form = True

    class Settings(Network.Settings):
        """Size of the patches, and how well they are told apart."""

        size: Annotated[Integer, Field(ge=2, le=16)] = Field(6, description="of a patch, pixels a side")
        components: Count = Field(50, description="of the mixture")
        drawn: Count = Field(60000, description="patches of the training split that it is fitted to")
        iterations: Iterations = Field(20, description="of expectation and maximisation")

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        if settings.drawn < 2 * settings.components:
            return f"drawn' is {settings.drawn}: at least two for each of the {settings.components} components"
        return None

    @staticmethod
    def build(settings, problem, observation):
        from pairlsi.networks.patch_mixture import PatchMixture

        mixture = PatchMixture(problem.x_shape, problem.y_shape, settings.size, settings.components)
        mixture.fitted = settings.drawn, settings.iterations
        return mixture

    @staticmethod
    def solve(network, x, y, symmetries) -> None:
        import torch

        from pairlsi.networks.patch_mixture import drawn, fit

        count, iterations = network.fitted
        with torch.no_grad():
            fit(network, drawn(network, x, count, seed=0), iterations)
