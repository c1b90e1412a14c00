"""The methods that search, under one call: latent space inference, and inversion with the forward operator in the loop.

                start                                                       search      unknowns
lsi             e_y(ỹ), or samples of q(z_y|ỹ)                              (9)         z_y
lsi-zx          M† of that                                                  (8)         z_x
mlsi            the encoded pixel-wise mean model, or samples of its q      (16)        z_x
mlsi-lsi        the encoded estimate of lsi                                 (16)        z_x
fwi, fwi-lsi    the mean model; the estimate of lsi                         FWI         x

Each has an ensemble of members for every sample; rows are samples times members, a sample's members side by side.
"""

import torch
from torch import Tensor

from pairlsi.inference.lsi import data_latent, latent_space_inference
from pairlsi.inference.model_based import model_based_lsi, waveform_inversion
from pairlsi.inference.trajectory import Trajectory


class Search:
    """One of the searches for data behind one mask.

    network: the paired autoencoder, on the device to work on; None for fwi. keep: (C, H, W), broadcastable, on that
    device. mean: the pixel-wise mean model (C, H, W). scales: standard deviations of the training models and data.
    """

    def __init__(self, name: str, network, problem, keep: Tensor, mean: Tensor, scales: tuple[float, float]):
        self.name, self.network, self.problem, self.keep, self.mean, self.scales = (
            name, network, problem, keep, mean, scales
        )  # fmt: skip
        self.space = "y" if name == "lsi" else "x"

    def latent(self) -> int:
        """How many random numbers a start takes, 0 where starts are not drawn."""
        if self.name in ("lsi", "lsi-zx"):
            return self.network.inverse_map.in_features
        return self.network.forward_map.in_features if self.name == "mlsi" else 0

    @torch.no_grad()
    def starts(self, y: Tensor, noise: Tensor, estimates: Tensor | None) -> Tensor:
        """Starts (N * K, n) for zero-filled data y (N, C, H, W).

        noise: (N, K, latent), zeros to start from the means. estimates: those of lsi (N, C, H, W), where needed.
        """
        members = noise.shape[1]
        if self.name in ("lsi", "lsi-zx"):
            z = sample(*self.network.distribution_y(y), noise)
            return z if self.space == "y" else self.network.inverse_map(z)
        if self.name == "mlsi":
            mean, deviation = self.network.distribution_x(self.mean[None])
            return sample(mean.expand(len(y), -1), deviation.expand(len(y), -1), noise)
        models = self.mean.expand(len(y), -1, -1, -1) if self.name == "fwi" else estimates
        models = models.repeat_interleave(members, dim=0)
        return self.network.encode_x(models) if self.name == "mlsi-lsi" else models.flatten(1) / self.scales[0]

    def __call__(
        self,
        y: Tensor,
        start: Tensor,
        iterations: int,
        history: int,
        roughness: float | None,
        evaluations: int | None = None,
    ) -> Trajectory:
        """Search from `start` (N * K, n) for zero-filled data y (N, C, H, W)."""
        y = y.repeat_interleave(len(start) // len(y), dim=0)
        steps = iterations, history, evaluations
        if self.name in ("lsi", "lsi-zx"):
            return latent_space_inference(self.network, y, self.keep, start, self.space, *steps)
        if self.name in ("mlsi", "mlsi-lsi"):
            return model_based_lsi(self.network, self.problem, y, self.keep, start, *steps)
        shape, scales = self.mean.shape, self.scales
        return waveform_inversion(self.problem, y, self.keep, start, shape, scales, roughness, *steps)

    @torch.no_grad()
    def estimate(self, points: Tensor) -> Tensor:
        """x̂ (R, C, H, W) at points (R, n)."""
        if self.name.startswith("fwi"):
            return (points * self.scales[0]).unflatten(1, self.mean.shape)
        return self.network.decode_x(self.network.inverse_map(points) if self.space == "y" else points)

    @torch.no_grad()
    def complete(self, points: Tensor) -> Tensor:
        """The data that belong to points (R, n): decoded for lsi, simulated for the others, (R, C, H, W)."""
        if self.name in ("lsi", "lsi-zx"):
            return self.network.decode_y(data_latent(self.network, self.space)(points))
        return self.problem.simulate(self.estimate(points))


def sample(mean: Tensor, deviation: Tensor, noise: Tensor) -> Tensor:
    """mean + deviation * noise of each member: (N, n), (N, n), (N, K, n) -> (N * K, n)."""
    return (mean[:, None] + deviation[:, None] * noise).flatten(0, 1)
