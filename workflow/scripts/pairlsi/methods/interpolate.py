"""Interpolation of missing rows, then PAIR: what one would try without latent space inference."""

from pairlsi.methods import Method
from pairlsi.methods.estimates import Estimates


class Interpolate(Method):
    """Missing rows filled linearly from their neighbours, then (5)."""

    label = "Interpolation, then PAIR"
    colour = "#8172B3"
    description = "Fill missing rows linearly from the nearest that arrived, then PAIR."
    wants = "latents"

    def estimate(self, y, split, numbers):
        import torch

        from pairlsi.solvers.interpolation import interpolate

        mask = self.observation.mask
        y = interpolate(y, mask.keep, mask.axis, self.problem.mirrored)
        with torch.no_grad():
            return Estimates(self.network.invert(self.tensor(y)).cpu().numpy(), y, y)
