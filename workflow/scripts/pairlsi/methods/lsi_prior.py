"""Latent space inference that knows which latents are likely: ours."""

from typing import Annotated, Literal

from pydantic import Field

from pairlsi.core.base import Distinct, Weight
from pairlsi.methods.lsi import LSI


class LSIPrior(LSI):
    """(9) with a regulariser: its defaults differ from those of `lsi` in that, and in where it stops."""

    label = "PAIR+LSI, prior"
    colour = "#8A2327"
    description = (
        "Latent space inference with the squared Mahalanobis distance from the training latents added to the misfit, "
        "weighed and stopped as the validation split says."
    )
    controlled = False

    class Settings(LSI.Settings):
        """The regulariser."""

        regulariser: Literal["tikhonov", "mahalanobis"] = Field(
            "mahalanobis", description="mahalanobis: distance from the training latents; tikhonov: from zero"
        )
        weights: Annotated[list[Weight], Field(min_length=1), Distinct] = Field(
            description="of the regulariser, to choose from on the validation split"
        )
        stop: Literal["fixed", "validation"] = Field(
            "validation", description="fixed: after `iterations`; validation: after the best number up to these"
        )
