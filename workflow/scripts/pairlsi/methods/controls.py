"""Null controls: what comes of latents of the data that tell nothing of the sample.

No claim may hold of such estimates (`evaluation.claims`). In place of a method's latents z_y stand

start     those that its search started from: no search
another   those of another sample, the next one
random    latents drawn at random as the training latents are distributed
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from pairlsi.core.base import SPLITS
from pairlsi.methods.estimates import Estimates

NAMES = ("start", "another", "random")
DRAWS = 2  # that they are measured on: a mask that networks were trained on, and a new one


def latents(found: Estimates, network, split: str, seed: int, draw: int) -> dict[str, np.ndarray]:
    """The latents (N, K, n) of each control of a paired autoencoder's estimates on one draw of the masks."""
    random = np.random.default_rng([seed, draw, SPLITS.index(split)]).standard_normal(found.latents.shape)
    # L with L L' the covariance of the training latents, from W with W'W its inverse: L = W^-1
    mean, whitening = (values.double().cpu() for values in (network.latent_mean, network.latent_whitening))
    spread = torch.linalg.solve_triangular(whitening, torch.from_numpy(random).flatten(0, 1).T, upper=False).T
    drawn = (mean + spread).float().numpy().reshape(found.latents.shape)
    controls = {"start": found.starts, "another": np.roll(found.latents, 1, axis=0), "random": drawn}
    return {name: z for name, z in controls.items() if z is not None}


@torch.no_grad()
def estimates(found: Estimates, z: np.ndarray, network, batched) -> Estimates:
    """The estimates of latents z (N, K, n) in place of those found; batched: `memory.Batched`.

    Quality metrics are those of the method's own data with these latents (PAIR), or of the data that they complete
    (LSI).
    """
    device = next(network.parameters()).device

    def decoded(part: slice) -> tuple[np.ndarray, np.ndarray]:
        points = torch.from_numpy(z[part]).to(device).flatten(0, 1)
        return tuple(
            mean_over(u, z.shape[1]) for u in (network.decode_x(network.inverse_map(points)), network.decode_y(points))
        )

    x, y = (np.concatenate(parts) for parts in zip(*batched(decoded, len(z)), strict=True))
    searched = found.starts is not None
    said = {"surrogate_data": y} if searched else {"surrogate_latents": z.mean(1)}
    return replace(
        found, x=x, y=y, members=None, data_members=None, iterations=0 * found.iterations, seconds=0.0, **said
    )


def mean_over(u: Tensor, members: int) -> np.ndarray:
    """Mean of rows (N * K, ...) over the K members of each sample, on the host."""
    return u.unflatten(0, (-1, members)).mean(1).cpu().numpy()
