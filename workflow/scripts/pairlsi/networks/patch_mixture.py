"""A mixture of Gaussians of image patches, fitted by expectation and maximisation.

Patches are squares of the scaled image less their means; the components have mean zero, so that they are told apart by
the shapes of patches: flat, with an edge in some direction, with texture.
Source: Zoran & Weiss, From learning models of natural image patches to whole image restoration, ICCV 2011,
doi:10.1109/ICCV.2011.6126278.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pairlsi.networks.autoencoders import Scaling

FLOOR = 1e-4  # added to the variances, in those of the scaled image: flat patches would have none
AT_ONCE = 2**17  # densities, patches times components, that are computed together


class PatchMixture(nn.Module):
    """log p(q) of patches q, and what they are likely to be behind white noise.

    Parameters
    ----------
    x_shape, y_shape: (C, H, W) of a sample; channels of x are images of their own.
    size: of a patch, pixels a side; of what has fewer along an axis, all of them.
    components: of the mixture, K.

    `log_weights` (K,); `values` (K, d), `vectors` (K, d, d): of the covariances, d the entries of a patch.
    """

    def __init__(self, x_shape, y_shape, size: int, components: int):
        super().__init__()
        self.weights, self.size = {"likelihood": 1.0}, tuple(min(size, n) for n in x_shape[1:])
        self.x_scaling, self.y_scaling = Scaling(x_shape), Scaling(y_shape)
        entries = math.prod(self.size)
        self.register_buffer("log_weights", torch.full((components,), -math.log(components)))
        self.register_buffer("values", torch.ones(components, entries))
        self.register_buffer("vectors", torch.eye(entries).repeat(components, 1, 1))

    def patches(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """All patches (M, L, d) of scaled images (M, 1, H, W) less their means, and these (M, L, 1)."""
        found = F.unfold(u, self.size).transpose(1, 2)
        mean = found.mean(2, keepdim=True)
        return found - mean, mean

    def log_densities(self, q: Tensor, noise: float = 0.0) -> Tensor:
        """Of patches (n, d) with white noise of that variance, each component's times its weight, (n, K)."""
        components, entries = self.values.shape
        along = (q @ self.vectors.transpose(0, 1).reshape(entries, -1)).view(-1, components, entries)
        variances = self.values + noise
        squares = torch.einsum("nkd,kd->nk", along.square(), 1 / variances)
        return self.log_weights - 0.5 * (squares + variances.log().sum(1) + entries * math.log(2 * math.pi))

    def restored(self, u: Tensor, noise: float) -> Tensor:
        """Scaled images (M, 1, H, W) of which each patch is replaced by what it likely was before white noise of that
        variance, by its likeliest component, and each pixel by the mean over its patches.
        """
        q, mean = self.patches(u)
        flat = q.reshape(-1, q.shape[2])
        which = torch.cat(
            [self.log_densities(part, noise).argmax(1) for part in flat.split(AT_ONCE // len(self.values))]
        )
        found = torch.empty_like(flat)
        for k in which.unique().tolist():
            own, values, vectors = which == k, self.values[k], self.vectors[k]
            found[own] = (flat[own] @ vectors * (values / (values + noise))) @ vectors.T
        found = (found.view(q.shape) + mean).transpose(1, 2)
        size = u.shape[2:], self.size
        return F.fold(found, *size) / F.fold(torch.ones_like(found), *size)

    def loss_terms(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """-log p of the patches of each sample, in nats an entry, (B,)."""
        q, _ = self.patches(self.x_scaling(x).flatten(0, 1)[:, None])
        log_p = [self.log_densities(part).logsumexp(1) for part in q.flatten(0, 1).split(AT_ONCE // len(self.values))]
        return {"likelihood": -torch.cat(log_p).view(len(x), -1).mean(1) / q.shape[2]}


def drawn(mixture: PatchMixture, x: np.ndarray, count: int, seed: int) -> Tensor:
    """So many patches (count, d) of samples x (N, C, H, W), scaled, less their means."""
    rng = np.random.default_rng(seed)
    windows, shift = (
        np.lib.stride_tricks.sliding_window_view(u, mixture.size, axis=(-2, -1))
        for u in (x, mixture.x_scaling.shift.cpu().numpy())
    )
    places = tuple(rng.integers(n, size=count) for n in windows.shape[:4])
    found = windows[places] - shift[places[1:]]
    found = torch.from_numpy(found / mixture.x_scaling.scale.item()).float().flatten(1)
    return found - found.mean(1, keepdim=True)


def fit(mixture: PatchMixture, q: Tensor, iterations: int) -> list[float]:
    """Fit the mixture to patches q (n, d) by so many steps; returned is the mean log p after each, which rises.

    The components start as those of patches of like contrast, the flattest first.
    """
    components, entries = mixture.values.shape
    order = q.square().sum(1).argsort()
    part = torch.empty_like(order)
    part[order] = torch.arange(len(q)) * components // len(q)
    weights, course = F.one_hot(part, components).to(q), []
    for _ in range(iterations):
        total = weights.sum(0)
        mixture.log_weights.copy_((total / len(q)).clamp(min=1e-12).log())
        for k in range(components):
            covariance = ((q * weights[:, k : k + 1]).T @ q / total[k].clamp(min=1e-12)).double()
            values, vectors = torch.linalg.eigh(covariance)
            mixture.values[k], mixture.vectors[k] = values.clamp(min=0) + FLOOR, vectors
        log_p = torch.cat([mixture.log_densities(own) for own in q.split(AT_ONCE // components)])
        course.append(log_p.logsumexp(1).mean().item())
        weights = log_p.softmax(1)
    return course
