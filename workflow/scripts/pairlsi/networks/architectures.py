"""What a config says of the autoencoder of one space, x or y."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pairlsi.core.base import Count, Distinct, Integer, Strict

Size = Annotated[Integer, Field(ge=0)]


class Convolutional(Strict):
    """What the architectures share."""

    latent: Count = Field(description="length of the latent vector; of pyramid: channels of the latent feature map")
    width: Count = Field(description="channels after the first convolution; they double where resolution halves")
    stem: Literal[1, 2, 4] = Field(description="stride of the first convolution")
    strides: Annotated[list[Literal[1, 2]], Field(min_length=1)] = Field(
        description="a residual block or level each: 2 halves the resolution"
    )
    norm: Literal["none", "batch"] = Field(description="batch: batch normalisation in the blocks")

    @property
    def reduction(self) -> int:
        """By how much the resolution falls, in rows and in columns."""
        return self.stem * math.prod(self.strides)


class Residual(Convolutional):
    """Residual blocks and a dense layer: the keyword arguments of `autoencoder.Encoder`."""

    kind: Literal["residual"] = Field(description="residual blocks and a dense layer")


class Pyramid(Convolutional):
    """Fully convolutional levels of pyramid pooling layers: the keyword arguments of `pyramid.PyramidEncoder`."""

    kind: Literal["pyramid"] = Field(description="fully convolutional levels of atrous spatial pyramid pooling layers")
    layers: Count = Field(description="of each level")
    rates: Annotated[list[Count], Field(min_length=1), Distinct] = Field(description="dilations, side by side")


class Principal(Strict):
    """Principal components, and a U-Net before or after them: the keyword arguments of `principal.PrincipalEncoder`."""

    kind: Literal["principal"] = Field(description="principal components in closed form, corrected by U-Nets")
    latent: Count = Field(description="length of the latent vector: how many principal components")
    encoder_width: Size = Field(0, description="channels of the U-Net before them at full resolution; 0: none")
    width: Size = Field(description="channels of the U-Net after them at full resolution; 0: none")
    reduction: ClassVar[int] = 1


Learned = Annotated[Residual | Pyramid, Field(discriminator="kind")]
Autoencoder = Annotated[Residual | Pyramid | Principal, Field(discriminator="kind")]


class Architecture(Strict):
    """The block `architecture` of an experiment: of all its networks that do not say otherwise."""

    x: Autoencoder = Field(description="autoencoder of x")
    y: Autoencoder = Field(description="autoencoder of y")


class OfBoth(Strict):
    """Keys of a network that has both autoencoders."""

    x: Autoencoder | None = Field(None, description="autoencoder of x; null: that of the experiment's architecture")
    y: Autoencoder | None = Field(None, description="autoencoder of y; null: that of the experiment's architecture")

    def with_defaults(self, architecture: Architecture | None):
        """The same with what the experiment says where a space says nothing."""
        left = {space: getattr(architecture, space) for space in "xy" if architecture and getattr(self, space) is None}
        return self.model_copy(update=left)

    def same_components(self, networks: dict) -> str | None:
        """The linear network among these whose principal components and maps, of complete data, are those that this one
        begins with, None for none.
        """
        latent_x, latent_y = (space.latent if space.kind == "principal" else None for space in (self.x, self.y))
        for name, one in networks.items():
            of_x, of_y = one.settings.latent if "linear" in one.part.offers else (0, 0)
            if latent_y == of_y and latent_x in (None, of_x):
                return name
        return None

    def contradiction(self, problem, with_inverse: bool = False) -> str | None:
        """What does not go with the shapes of a problem, or with each other, as "key' …".

        with_inverse: latents of principal components of y go to those of a learned encoder of x by a network.
        """
        for space, shape in (("x", problem.x_shape), ("y", problem.y_shape)):
            architecture = getattr(self, space)
            if architecture is None:
                return f"{space}' is null, and the experiment has no architecture: give either"
            if architecture.kind == "principal" and architecture.latent > math.prod(shape):
                return f"{space}.latent' is {architecture.latent}: a sample of {space} has {math.prod(shape)} entries"
            step = architecture.reduction
            size = min((n for n in shape[1:] if n > 1), default=1)  # along an axis of length 1 nothing is reduced
            if step > size:
                return (
                    f"{space}.strides' reduce by {step} in all with the stem: "
                    f"more than the {size} rows or columns of a sample of {space} with shape {shape}"
                )
        kinds = {space: getattr(self, space).kind for space in "xy"}
        if list(kinds.values()).count("principal") == 1 and not with_inverse:
            return (
                f"x.kind' is {kinds['x']!r}, and y.kind {kinds['y']!r}: principal components are of both, of none, or "
                "of the y of a PAIR with inverse"
            )
        return None
