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
    """Set `latent_mean` and `latent_whitening` of a paired autoencoder from the latents e_y(y) of a training split."""
    network.eval()
    latents = torch.cat([network.encode_y(y) for _, y in data.epoch(0)])
    mean, whitening = moments(latents)
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
