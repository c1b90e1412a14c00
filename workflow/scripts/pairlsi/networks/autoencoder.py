"""Convolutional encoder and decoder of one space, images or sinograms (paper, Section 4.1).

encoder: convolution (the stem) -> residual blocks -> flatten -> linear -> z
decoder: linear -> unflatten -> residual blocks in reverse -> transposed convolution
"""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from pairlsi.networks.blocks import ResidualDown, ResidualUp
from pairlsi.solvers.frozen import FrozenMisfit


def padded_size(shape: tuple[int, int, int], step: int) -> tuple[int, int]:
    """Height and width of `shape` (C, H, W), each rounded up to a multiple of `step`."""
    return tuple(math.ceil(n / step) * step for n in shape[1:])


def channels_after(width: int, strides: list[int]) -> list[int]:
    """Channels after the stem and after each block: they double where the resolution halves."""
    channels = [width]
    for stride in strides:
        channels.append(channels[-1] * 2 if stride > 1 else channels[-1])
    return channels


class Encoder(nn.Module):
    """e: (B, C, H, W) -> (B, parts * latent).

    Parameters
    ----------
    shape: (C, H, W) of a sample; any size, padded with zeros to what the strides need.
    latent: length of z.
    width: channels after the stem.
    stem: stride of the first convolution (1, 2 or 4).
    strides: one residual block each.
    norm: "none" or "batch".
    parts: vectors of length `latent` that come out, one after the other: 2 for a mean and a log-variance.
    """

    def __init__(self, shape, latent: int, width: int, stem: int, strides: list[int], norm: str, parts: int = 1):
        super().__init__()
        self.latent = latent
        step = stem * math.prod(strides)
        height, breadth = padded_size(shape, step)
        self.padding = (0, breadth - shape[2], 0, height - shape[1])
        channels = channels_after(width, strides)
        kernel = 3 if stem == 1 else 2 * stem
        self.stem = nn.Conv2d(shape[0], width, kernel, stem, (kernel - stem + 1) // 2)
        self.blocks = nn.Sequential(
            *(ResidualDown(i, o, s, norm) for i, o, s in zip(channels[:-1], channels[1:], strides, strict=True))
        )
        self.to_latent = nn.Linear(channels[-1] * (height // step) * (breadth // step), parts * latent)

    def forward(self, u: Tensor) -> Tensor:
        features = self.blocks(self.stem(F.pad(u, self.padding)))
        return self.to_latent(features.flatten(1))


class Decoder(nn.Module):
    """d: (B, latent) -> (B, C, H, W); the parameters are those of `Encoder`."""

    def __init__(self, shape, latent: int, width: int, stem: int, strides: list[int], norm: str):
        super().__init__()
        step = stem * math.prod(strides)
        height, breadth = padded_size(shape, step)
        self.shape = tuple(shape)
        channels = channels_after(width, strides)
        self.features = (channels[-1], height // step, breadth // step)
        self.from_latent = nn.Linear(latent, math.prod(self.features))
        blocks = zip(channels[:0:-1], channels[-2::-1], strides[::-1], strict=True)
        self.blocks = nn.Sequential(*(ResidualUp(i, o, s, norm) for i, o, s in blocks))
        kernel = 3 if stem == 1 else 2 * stem
        self.output = nn.ConvTranspose2d(width, shape[0], kernel, stem, (kernel - stem + 1) // 2)

    def forward(self, z: Tensor) -> Tensor:
        features = self.from_latent(z).unflatten(1, self.features)
        return self.output(self.blocks(features))[..., : self.shape[1], : self.shape[2]]

    def frozen_misfit(self, y: Tensor, keep: Tensor, before: nn.Linear | None = None) -> FrozenMisfit | None:
        """‖keep (d(z) - y)‖² with its gradient written out (`FrozenMisfit`); None where it is not for this decoder."""
        last = self.blocks[-1].body[3]
        if self.output.stride != (2, 2) or not isinstance(last, nn.ConvTranspose2d):
            return None
        return FrozenMisfit(self, y, keep, before)
