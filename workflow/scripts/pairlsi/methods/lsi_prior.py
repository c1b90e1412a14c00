"""Latent space inference that knows which latents are likely: ours."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
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
        turned: bool = Field(
            False,
            description="x̂ is the mean over all symmetries of the problem of what completed data, turned, are inverted "
            "to, turned back: networks that saw turned samples make other errors of each",
        )

    @classmethod
    def unfit(cls, settings, experiment):
        if settings.turned and settings.members > 1:
            return f"turned' is true, and members {settings.members}: of the estimates of one member"
        return super().unfit(settings, experiment)

    def estimate(self, y, split, numbers):
        found = super().estimate(y, split, numbers)
        return replace(found, x=self._over_symmetries(found.x, found.y)) if self.settings.turned else found

    def _over_symmetries(self, x: np.ndarray, completed: np.ndarray) -> np.ndarray:
        """The mean of estimates x (N, C, H, W), of the identity, and of those of all other turns of completed data."""
        import torch

        total = x.reshape(len(x), -1).astype(float)
        flat = completed.reshape(len(x), -1)
        for to_x, to_y in list(self.problem.symmetries)[1:]:
            with torch.no_grad():
                found = self.network.invert(self.tensor(flat[:, to_y].reshape(completed.shape)))
            total[:, to_x] += found.flatten(1).cpu().numpy()
        return (total / len(self.problem.symmetries)).astype(x.dtype).reshape(x.shape)
