"""The paired autoencoder, variational or not."""

from typing import Annotated

from pydantic import Field

from pairlsi.core.base import Weight
from pairlsi.networks.architectures import Learned, OfBoth
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
        own: Annotated[float, Field(gt=0, lt=1)] = Field(
            0.5,
            description="part of each batch that trains the first two terms of the loss, decoded from its own latents; "
            "the rest goes through the maps and trains the other two",
        )
        inverse: Learned | None = Field(
            None,
            description="of an encoder that makes latents of x of decoded data, in place of the affine map M†: for "
            "principal components of y beside another kind of x; null: the map",
        )

    @classmethod
    def completed(cls, settings, architecture):
        return settings.with_defaults(architecture)

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        kinds = [space.kind if space else None for space in (settings.x, settings.y)]
        if not any(settings.weights):
            return "weights' are all 0: at least one term of the loss must count"
        if settings.inverse is not None and (kinds[0] == "principal" or kinds[1] != "principal"):
            return (
                f"inverse' is given, and x.kind is {kinds[0]!r}, y.kind {kinds[1]!r}: it goes from principal "
                "components of y to latents of another kind of x, leave it out"
            )
        return settings.contradiction(experiment.problem, settings.inverse is not None)

    @staticmethod
    def build(settings, problem, observation):
        from pairlsi.networks.autoencoders import PairedAutoencoder

        x, y = settings.x.model_dump(), settings.y.model_dump()
        inverse = settings.inverse.model_dump() if settings.inverse else None
        weights = settings.weights, settings.divergence
        return PairedAutoencoder(problem.x_shape, problem.y_shape, x, y, *weights, inverse, settings.own)

    @classmethod
    def taken_apart(cls, settings) -> float:
        return settings.own

    @classmethod
    def begins_as(cls, settings, networks) -> str | None:
        return settings.same_components(networks)

    @staticmethod
    def starts_in_closed_form(network) -> bool:
        return hasattr(network.y_encoder, "basis")

    @staticmethod
    def solve(network, x, y, symmetries, start=None) -> None:
        from pairlsi.networks.principal_start import set_closed_forms

        set_closed_forms(network, x, y, symmetries, start=start)

    @staticmethod
    def finish(network, train_data, validation_data) -> dict:
        from pairlsi.networks import latent_prior, latents

        latent_prior.fit(network, train_data)
        return {"divergence_of_latents": latents.describe(network, validation_data)} if network.variational else {}
