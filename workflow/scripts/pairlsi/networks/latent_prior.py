"""Mean and covariance of the training latents of y, which tell likely latents from unlikely ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from pairlsi.data.batches import Batches

SHRINKAGE = 1e-3  # of the mean variance, added to each: directions that no training sample takes stay possible


@torch.no_grad()
def fit(network, data: Batches) -> None:
    """Set `latent_mean`, `latent_whitening` and `left_y` of a paired autoencoder from the data y of a training split.

    That is the latents e_y(y), and the variance that an entry of y, scaled, has beyond what d_y makes of them.
    """
    network.eval()
    found, left, samples = [], 0.0, 0
    for _, y in data.epoch(0):
        found.append(network.encode_y(y))
        error = (network.decode_y(found[-1]) - y) / network.y_scaling.scale
        left += error.square().flatten(1).mean(1).double().sum()
        samples += len(y)
    mean, whitening = moments(torch.cat(found))
    encoder = getattr(network, "y_encoder", None)
    if getattr(encoder, "exact", False):
        mean, whitening = torch.zeros_like(mean), torch.diag(encoder.variances.double().rsqrt())
    network.left_y.fill_(left / samples)
    network.latent_mean.copy_(mean)
    network.latent_whitening.copy_(whitening)


def moments(latents: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (n,) of latents (N, n) and W (n, n) with W'W the inverse of their shrunken covariance, both float64."""
    latents = latents.double()
    mean = latents.mean(0)
    covariance = torch.cov(latents.T).reshape(len(mean), len(mean))  # of a single latent it is a mere number
    identity = torch.eye(len(mean), dtype=latents.dtype, device=latents.device)
    root = torch.linalg.cholesky(covariance + SHRINKAGE * covariance.diagonal().mean() * identity)
    return mean, torch.linalg.solve_triangular(root, identity, upper=False)
