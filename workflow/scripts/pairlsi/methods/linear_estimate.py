"""The best linear estimate: latent space inference with prior and noise on principal components, in closed form."""

from typing import Annotated

import numpy as np
from pydantic import Field

from pairlsi.core.base import Count, Distinct
from pairlsi.methods import Method, deal
from pairlsi.methods.estimates import Estimates


class LinearEstimate(Method):
    """min ‖P (U z - ỹ)‖² / (σ² + ρ) + Σ z_i² / s_i, then the linear regression of x on z.

    (9) on the linear PAIR, each term at its true weight; what no network that is trained should lose against.
    """

    label = "Best linear estimate"
    colour = "#4527A0"
    description = (
        "No training: the latents $z$ of principal components most likely behind Gaussian noise and the Gaussian prior "
        "of the training split, $\\min_z \\|P(U z - \\tilde y)\\|^2/(\\sigma^2 + \\rho) + \\sum_i z_i^2/s_i$, and the "
        "linear regression of x on them; $s_i$ are the variances of the latents, $\\rho$ is that of what they leave."
    )
    wants = "linear"
    on_gpu = False

    class Settings(Method.Settings):
        """How many principal components."""

        lengths: Annotated[list[Count], Field(min_length=1), Distinct] | None = Field(
            None, description="how many latents of y, to choose from on the validation split; null: all of the network"
        )

    @classmethod
    def unfit(cls, settings, experiment):
        network = experiment.networks[settings.network]
        most = getattr(network.settings, "latent", [None, None])[1]
        if most is not None and settings.lengths and max(settings.lengths) > most:
            return f"lengths' ask for {max(settings.lengths)}: network {settings.network!r} has {most} latents of y"
        return None

    def __init__(self, settings, given):
        super().__init__(settings, given)
        self.lengths = settings.lengths or [self.network.basis_y.shape[1]]
        self.length = self.lengths[0]

    @property
    def leaves_open(self):
        return len(self.lengths) > 1

    @classmethod
    def choose(cls, methods, x, y):
        dealt = list(zip(methods, deal(len(x), len(methods)), strict=True))
        errors = {}
        for length in methods[0].lengths:
            for method in methods:
                method.length = length
            found = [method.errors(x[own], y[own], own) for method, own in dealt if len(own)]
            errors[length] = float(np.concatenate(found).mean())
        best = min(errors, key=errors.get)
        for method in methods:
            method.length = best
        return {"length": best, "validation_rre_by_length": [[*pair] for pair in errors.items()]}

    def errors(self, x, y, numbers):
        """Relative errors (n,) of validation pairs, samples `numbers` (n,)."""
        found = self.estimate(self.observation(y, "validation", numbers), "validation", numbers).x
        return np.linalg.norm((found - x).reshape(len(x), -1), axis=1) / np.linalg.norm(x.reshape(len(x), -1), axis=1)

    def estimate(self, y, split, numbers):
        import torch

        from pairlsi.methods.closed_form import posterior_mean

        with torch.no_grad():
            y = self.tensor(y)
            z = posterior_mean(self.network, y, self.tensor(self.given.keep), self.deviation(y), self.length)
            z = torch.nn.functional.pad(z, (0, self.network.basis_y.shape[1] - self.length))
            x, data = self.network.decode_x(self.network.inverse_map(z)), self.network.decode_y(z)
        return Estimates(x.cpu().numpy(), data.cpu().numpy(), data.cpu().numpy())
