"""The likelihood of patches as a prior: classical solving that knows what small pieces of images look like."""

from collections import deque
from typing import Annotated

import numpy as np
from pydantic import Field

from pairlsi.core.base import Count, Distinct
from pairlsi.methods.estimates import Estimates
from pairlsi.methods.weighed import Weighed

Positive = Annotated[float, Field(gt=0)]


class EPLL(Weighed):
    """min ½‖P(A x - ỹ)‖² / σ² - weight Σ log p(q) over all patches q of x, for a mixture p of Gaussians.

    The expected patch log likelihood of Zoran & Weiss, doi:10.1109/ICCV.2011.6126278; the weight is chosen on
    validation samples, as patches overlap and are no independent witnesses.
    """

    label = "EPLL"
    colour = "#8D6E63"
    description = (
        "Least squares on what was measured with a prior of small patches, "
        "$\\min_x \\frac{1}{2\\sigma^2}\\|P(A x - \\tilde y)\\|^2 - \\lambda \\sum_q \\log p(q)$, knowing the forward "
        "operator; $p$ is a mixture of Gaussians of patches of training images, and the validation split chooses "
        "$\\lambda$."
    )
    wants = "patches"
    linear = True
    on_gpu = False

    class Settings(Weighed.Settings):
        """The weight of the prior, and the way of the search."""

        weights: Annotated[list[Positive], Field(min_length=1), Distinct] = Field(
            description="of the prior, to choose from on the validation split; 1 would be right for patches apart"
        )
        widths: Annotated[list[Positive], Field(min_length=1)] = Field(
            [1.0, 0.5, 0.35, 0.25, 0.18, 0.13, 0.1, 0.07, 0.05],
            description="by how much patches may differ from the image in each step, standard deviations of x",
        )
        products: Count = Field(12, description="with the operator and its adjoint in each step")
        start: str = Field("zero", description="zero: some conjugate gradients from there; or a method: its estimates")

    @classmethod
    def starts_from(cls, settings):
        return None if settings.start == "zero" else settings.start

    @classmethod
    def title(cls, settings, labels):
        start = labels.get(settings.start, settings.start)
        return cls.label if settings.start == "zero" else f"{cls.label} from {start}"

    def estimate(self, y, split, numbers):
        from pairlsi.solvers.patch_likelihood import patch_likelihood

        scale, patches = self.network.x_scaling.scale.item(), self.network.values.shape[1]
        variance = np.square(self.deviation(self.tensor(y)).cpu().numpy())
        iterates = patch_likelihood(
            self.problem,
            y,
            self.observation.mask,
            lambda x, width: self.restored(x, width / scale),
            self.weight * patches * variance,
            [width * scale for width in self.settings.widths],
            self.settings.products,
            self.given.start(self.settings.start, split, numbers),
        )
        x = deque(iterates, maxlen=1).pop()
        return Estimates(x, self.problem.forward(x), iterations=len(self.settings.widths))

    def restored(self, x: np.ndarray, width: float) -> np.ndarray:
        """x (N, C, H, W) with its patches put right (`PatchMixture.restored`); width: of the scaled image."""
        import torch

        scaling = self.network.x_scaling
        with torch.no_grad():
            u = scaling(self.tensor(x))
            u = self.network.restored(u.flatten(0, 1)[:, None], width**2).view(u.shape)
            return scaling.inverse(u).cpu().numpy()
