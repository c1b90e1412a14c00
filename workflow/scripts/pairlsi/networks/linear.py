"""The linear PAIR in closed form."""

import math
from typing import Annotated

from pydantic import Field

from pairlsi.core.base import Count
from pairlsi.networks.part import Network


class Linear(Network):
    """The best linear encoders, decoders and maps (METHOD.md, "Linear theory")."""

    label = "Linear PAIR"
    colour = "#B39DDB"
    description = "The best linear encoders, decoders and maps, in closed form from the training split."
    offers = ("inversion", "latents", "linear")
    closed_form = True

    class Settings(Network.Settings):
        """How long its latents are."""

        latent: Annotated[list[Count], Field(min_length=2, max_length=2)] = Field(
            description="lengths of the latents, of x and of y"
        )

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        problem, train = experiment.problem, experiment.data.samples.train
        train *= len(problem.symmetries) if experiment.training.symmetries else 1
        for space, shape, latent in zip("xy", (problem.x_shape, problem.y_shape), settings.latent, strict=True):
            rank = min(math.prod(shape), train)
            if latent > rank:
                return (
                    f"latent' asks for {latent} latents of {space}: at most {rank}, the lesser of a sample's "
                    "entries and data.samples.train, times the problem's symmetries"
                )
        return None

    @staticmethod
    def build(settings, problem, observation):
        from pairlsi.networks.linear_pair import LinearPair

        return LinearPair(problem.x_shape, problem.y_shape, *settings.latent)

    @staticmethod
    def solve(network, x, y, symmetries) -> None:
        from pairlsi.networks.linear_fit import fit_samples

        fit_samples(network, x, y, symmetries)
