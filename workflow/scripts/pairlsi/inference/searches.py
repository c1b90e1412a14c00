"""The methods that search, under one call: latent space inference, and inversion with the forward operator in the loop.

                start                                                       search      unknowns
lsi             e_y(ỹ), or samples of q(z_y|ỹ)                              (9)         z_y
lsi-prior       the same with missing rows filled, or the mean latent       (9), R(z)   z_y
lsi-zx          M† of the start of lsi                                      (8)         z_x
mlsi            the encoded pixel-wise mean model, or samples of its q      (16)        z_x
mlsi-lsi        the encoded estimate of lsi                                 (16)        z_x
fwi, fwi-lsi    the mean model; the estimate of lsi                         FWI         x
lsi-refined     the encoded estimate of lsi-prior                           (16)        z_x

`KINDS` says the same to the program. Each has an ensemble of members for every sample; rows are samples times members,
a sample's members side by side. lsi-refined searches latents rather than pixels, the better of the two on validation
samples: in as many iterations the estimate's error fell by half instead of a quarter.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pairlsi.inference.baselines import interpolate
from pairlsi.inference.lsi import data_latent, latent_space_inference
from pairlsi.inference.model_based import model_based_lsi, waveform_inversion
from pairlsi.inference.objectives import Objective
from pairlsi.inference.trajectory import Trajectory


class Kind(NamedTuple):
    """start: what it starts from, "data", "mean" (the mean model) or "estimate" (of another method); unknowns: "z_y",
    "z_x" or "x"; simulates: whether the forward operator is in the loop; weights: the key of its regulariser's weights.
    """

    start: str
    unknowns: str
    simulates: bool
    weights: str | None = None


KINDS = {
    "lsi": Kind("data", "z_y", False),
    "lsi-prior": Kind("data", "z_y", False, "weights"),
    "lsi-zx": Kind("data", "z_x", False),
    "mlsi": Kind("mean", "z_x", True),
    "mlsi-lsi": Kind("estimate", "z_x", True),
    "fwi": Kind("mean", "x", True, "roughness"),
    "fwi-lsi": Kind("estimate", "x", True, "roughness"),
    "lsi-refined": Kind("estimate", "z_x", True),
}


class Search:
    """One of the searches for data behind one mask.

    said: its settings, of a `settings.Solver`. network: the paired autoencoder; None for fwi. mean: the pixel-wise
    mean model (C, H, W), on the device to work on. scales: standard deviations of the training models and data.
    """

    def __init__(self, name: str, said: dict, network, problem, mask, mean: Tensor, scales: tuple[float, float]):
        self.kind, self.said, self.network, self.problem, self.mask = KINDS[name], said, network, problem, mask
        self.keep = torch.from_numpy(mask.weights()).to(mean.device)
        self.mean, self.scales = mean, scales
        self.space = "y" if self.kind.unknowns == "z_y" else "x"

    @property
    def weights(self) -> list[float]:
        """What the weight of the regularisation is chosen from."""
        return self.said[self.kind.weights] if self.kind.weights else [0.0]

    def latent(self) -> int:
        """How many random numbers a start takes, 0 where starts are not drawn."""
        if self.kind.start == "data":
            return self.network.inverse_map.in_features
        return self.network.forward_map.in_features if self.kind[:2] == ("mean", "z_x") else 0

    @torch.no_grad()
    def starts(self, y: Tensor, noise: Tensor, estimates: Tensor | None) -> Tensor:
        """Starts (N * K, n) for zero-filled data y (N, C, H, W).

        noise: (N, K, latent), zeros to start from the means. estimates: of the method that this one starts from
        (N, C, H, W), where it does.
        """
        if self.kind.start == "data":
            z = sample(*self._latents(y), noise)
            return z if self.space == "y" else self.network.inverse_map(z)
        models = self.mean.expand(len(y), -1, -1, -1) if self.kind.start == "mean" else estimates
        if self.kind.unknowns == "z_x":
            mean, deviation = self.network.distribution_x(models)
            return sample(mean, deviation, noise) if self.latent() else mean
        return models.repeat_interleave(noise.shape[1], dim=0).flatten(1) / self.scales[0]

    def _latents(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the latents of zero-filled data to start from, (N, n) each."""
        filled = self.said.get("start", "zeros")
        if filled == "mean":
            mean = self.network.latent_mean.expand(len(y), -1)
            return mean, torch.zeros_like(mean)
        if filled == "interpolated":
            mask, mirrored = self.mask, self.problem.mirrored
            y = torch.from_numpy(interpolate(y.cpu().numpy(), mask.keep, mask.axis, mirrored)).to(y)
        return self.network.distribution_y(y)

    def _objective(self, y: Tensor, weight: float) -> Objective:
        """What latent space inference minimises for zero-filled data y (R, C, H, W)."""
        if not self.kind.weights:
            return Objective()  # the paper's
        measured = self.keep.expand(y.shape[1:]).sum()
        level = self.problem.settings.noise_level if self.said["misfit"] != "squared" else 1.0
        deviation = level * y.flatten(1).norm(dim=1) / measured.sqrt() / self.network.y_scaling.scale
        deviation = deviation.where(deviation > 0, 1.0)  # of data that are all zero nothing is known
        prior = self.network.latent_mean, self.network.latent_whitening
        return Objective(self.said["misfit"], self.said["regulariser"], weight, deviation, prior)

    def __call__(
        self, y: Tensor, start: Tensor, iterations: int, weight: float, evaluations: int | None = None
    ) -> Trajectory:
        """Search from `start` (N * K, n) for zero-filled data y (N, C, H, W); weight: of the regularisation."""
        y = y.repeat_interleave(len(start) // len(y), dim=0)
        steps = iterations, self.said["history"], evaluations
        if not self.kind.simulates:
            objective = self._objective(y, weight)
            return latent_space_inference(self.network, y, self.keep, start, self.space, *steps, objective)
        if self.kind.unknowns == "z_x":
            return model_based_lsi(self.network, self.problem, y, self.keep, start, *steps)
        shape, scales = self.mean.shape, self.scales
        return waveform_inversion(self.problem, y, self.keep, start, shape, scales, weight, *steps)

    @torch.no_grad()
    def estimate(self, points: Tensor) -> Tensor:
        """x̂ (R, C, H, W) at points (R, n)."""
        if self.kind.unknowns == "x":
            return (points * self.scales[0]).unflatten(1, self.mean.shape)
        return self.network.decode_x(self.network.inverse_map(points) if self.space == "y" else points)

    @torch.no_grad()
    def complete(self, points: Tensor) -> Tensor:
        """The data that belong to points (R, n): decoded for lsi, simulated for the others, (R, C, H, W)."""
        if not self.kind.simulates:
            return self.network.decode_y(data_latent(self.network, self.space)(points))
        return self.problem.simulate(self.estimate(points))


def sample(mean: Tensor, deviation: Tensor, noise: Tensor) -> Tensor:
    """mean + deviation * noise of each member: (N, n), (N, n), (N, K, n) -> (N * K, n)."""
    return (mean[:, None] + deviation[:, None] * noise).flatten(0, 1)
