"""The paired autoencoder, variational or not."""

from typing import Annotated

from pydantic import Field

from pairlsi.core.base import Weight
from pairlsi.networks.architectures import OfBoth
from pairlsi.networks.part import Network


class Paired(Network):
    """PAIR: autoencoders of x and y with affine maps between their latents, trained together on (4)."""

    label = "PAIR"
    colour = "#4C72B0"
    description = "Autoencoders of x and of y with affine maps between their latents, trained together on full data."
    offers = ("inversion", "latents")

    class Settings(Network.Settings, OfBoth):
        """The loss (4)."""

        weights: Annotated[list[Weight], Field(min_length=4, max_length=4)] = Field(
            [1.0, 1.0, 1.0, 1.0], description="w1 … w4 of the loss (4): autoencode x, autoencode y, forward, inverse"
        )
        divergence: Annotated[list[Weight], Field(min_length=2, max_length=2)] | None = Field(
            None,
            description="makes it variational: weights of both divergences from the prior, of x and y, per nat; "
            "null: the latents are points",
        )

    @classmethod
    def completed(cls, settings, architecture):
        return settings.with_defaults(architecture)

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        if not any(settings.weights):
            return "weights' are all 0: at least one term of the loss must count"
        if settings.divergence and settings.x and settings.x.kind == "principal":
            return "divergence' is set, and principal components have no distributions of latents: leave it out"
        return settings.contradiction(experiment.problem)

    @staticmethod
    def build(settings, problem, observation):
        from pairlsi.networks.autoencoders import PairedAutoencoder

        x, y = settings.x.model_dump(), settings.y.model_dump()
        return PairedAutoencoder(problem.x_shape, problem.y_shape, x, y, settings.weights, settings.divergence)

    @staticmethod
    def starts_in_closed_form(network) -> bool:
        return hasattr(network.y_encoder, "basis")

    @staticmethod
    def solve(network, x, y, symmetries) -> None:
        from pairlsi.networks.principal_start import set_closed_forms

        set_closed_forms(network, x, y, symmetries)

    @staticmethod
    def finish(network, train_data, validation_data) -> dict:
        from pairlsi.networks import latent_prior, latents

        latent_prior.fit(network, train_data)
        return {"divergence_of_latents": latents.describe(network, validation_data)} if network.variational else {}
