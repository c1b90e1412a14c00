"""The best linear estimate: latent space inference with prior and noise on principal components, in closed form."""

from typing import Annotated

from pydantic import Field

from pairlsi.core.base import Count, Distinct
from pairlsi.methods import Method
from pairlsi.methods.choosing import best_of
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
        self.posteriors: dict = {}

    @property
    def leaves_open(self):
        return len(self.lengths) > 1

    @classmethod
    def choose(cls, methods, x, y):
        best, tried = best_of(methods, "length", methods[0].lengths, x, y)
        return {"length": best, "validation_rre_by_length": tried}

    @property
    def posterior(self):
        """Of the length that is tried or chosen."""
        from pairlsi.methods.closed_form import Posterior

        if self.length not in self.posteriors:
            self.posteriors[self.length] = Posterior(self.network, self.tensor(self.given.keep), self.length)
        return self.posteriors[self.length]

    def estimate(self, y, split, numbers):
        import torch

        with torch.no_grad():
            y = self.tensor(y)
            noise, beyond = self.deviation(y), self.network.basis_y.shape[1] - self.length
            z = torch.nn.functional.pad(self.posterior.mean(y, noise), (0, beyond))
            x, data = self.network.decode_x(self.network.inverse_map(z)), self.network.decode_y(z)
        return Estimates(x.cpu().numpy(), data.cpu().numpy(), data.cpu().numpy())

    def stated(self, y):
        import torch

        with torch.no_grad():
            return self.posterior.deviation(self.deviation(self.tensor(y))).cpu().numpy()
