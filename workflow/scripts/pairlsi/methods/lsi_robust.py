"""Latent space inference that stands values which have nothing to do with what was measured: ours."""

from typing import Annotated, Literal

from pydantic import Field

from pairlsi.core.base import Distinct, Iterations, Weight
from pairlsi.methods.lsi_prior import LSIPrior


class LSIRobust(LSIPrior):
    """(9) with a prior and Huber's misfit; its defaults differ from those of `lsi-prior` in that alone.

    Source of the misfit: Huber, doi:10.1214/aoms/1177703732.
    """

    label = "LSI, robust"
    colour = "#D81B60"
    description = (
        "As the posterior mode, with a misfit that is linear for residuals beyond what noise and network make: values "
        "that have nothing to do with what was measured pull with a bounded force, and the prior says what stands in "
        "their place."
    )

    class Settings(LSIPrior.Settings):
        """The misfit."""

        iterations: Iterations = Field(20, description="of L-BFGS, at most where stop is validation")
        misfit: Literal["huber"] = Field("huber", description="linear for large residuals")
        weights: Annotated[list[Weight], Field(min_length=1), Distinct] = Field(
            [1.0], description="of the regulariser, to choose from on the validation split: 1 by theory"
        )
        stop: Literal["fixed", "validation"] = Field(
            "fixed", description="fixed: after `iterations`; validation: after the best number up to these"
        )
