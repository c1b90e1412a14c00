"""Fully convolutional encoder and decoder of atrous spatial pyramid pooling layers (paper, Section 4.2).

encoder: convolution (the stem) -> levels of residual pyramid layers, each level ending in a change of resolution and
channels -> 1x1 convolution -> z, the vectorised feature map
decoder: the reverse

Source of the layer: Chen et al., DeepLab, doi:10.1109/TPAMI.2017.2699184: convolutions side by side whose kernels
have holes, so that one layer sees near and far at the price of few weights.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pairlsi.networks.autoencoder import channels_after, padded_size
from pairlsi.networks.blocks import normalisation


class PyramidLayer(nn.Module):
    """u + f(u), (B, channels, H, W): f joins one 3x3 convolution for each of the dilation `rates` by a 1x1 one.

    f(u) at a pixel sees the pixels at the distances 0 and r, in both directions, for every rate r.
    """

    def __init__(self, channels: int, rates: list[int], norm: str):
        super().__init__()
        share = math.ceil(channels / len(rates))
        self.branches = nn.ModuleList(nn.Conv2d(channels, share, 3, padding=r, dilation=r) for r in rates)
        self.norm = normalisation(norm, share * len(rates))
        self.join = nn.Conv2d(share * len(rates), channels, 1)

    def forward(self, u: Tensor) -> Tensor:
        features = torch.cat([branch(u) for branch in self.branches], dim=1)
        return u + self.join(F.relu(self.norm(features)))


class PyramidEncoder(nn.Module):
    """e: (B, C, H, W) -> (B, parts * n), where n = latent * H / step * W / step is the length of z.

    Parameters
    ----------
    shape: (C, H, W) of a sample; any size, padded with zeros to what the strides need.
    latent: channels of the latent feature map.
    width: channels after the stem.
    stem: stride of the first convolution (1, 2 or 4).
    strides: one level each: 2 halves the resolution at its end and doubles the channels.
    layers: pyramid layers a level.
    rates: dilations of a layer.
    norm: "none" or "batch".
    parts: feature maps of `latent` channels that come out, one after the other: 2 for a mean and a log-variance.
    """

    def __init__(self, shape, latent, width, stem, strides, layers, rates, norm, parts: int = 1):
        super().__init__()
        step = stem * math.prod(strides)
        height, breadth = padded_size(shape, step)
        self.padding = (0, breadth - shape[2], 0, height - shape[1])
        self.latent = latent * (height // step) * (breadth // step)
        channels = channels_after(width, strides)
        kernel = 3 if stem == 1 else 2 * stem
        self.stem = nn.Conv2d(shape[0], width, kernel, stem, (kernel - stem + 1) // 2)
        self.levels = nn.Sequential()
        for inputs, outputs, stride in zip(channels[:-1], channels[1:], strides, strict=True):
            self.levels.extend(PyramidLayer(inputs, rates, norm) for _ in range(layers))
            self.levels.append(nn.Conv2d(inputs, outputs, stride, stride))
        self.to_latent = nn.Conv2d(channels[-1], parts * latent, 1)

    def forward(self, u: Tensor) -> Tensor:
        return self.to_latent(self.levels(self.stem(F.pad(u, self.padding)))).flatten(1)


class PyramidDecoder(nn.Module):
    """d: (B, n) -> (B, C, H, W); the parameters are those of `PyramidEncoder`."""

    def __init__(self, shape, latent, width, stem, strides, layers, rates, norm):
        super().__init__()
        step = stem * math.prod(strides)
        height, breadth = padded_size(shape, step)
        self.shape = tuple(shape)
        self.features = (latent, height // step, breadth // step)
        channels = channels_after(width, strides)
        self.from_latent = nn.Conv2d(latent, channels[-1], 1)
        self.levels = nn.Sequential()
        for inputs, outputs, stride in zip(channels[:0:-1], channels[-2::-1], strides[::-1], strict=True):
            self.levels.append(nn.ConvTranspose2d(inputs, outputs, stride, stride))
            self.levels.extend(PyramidLayer(outputs, rates, norm) for _ in range(layers))
        kernel = 3 if stem == 1 else 2 * stem
        self.output = nn.ConvTranspose2d(width, shape[0], kernel, stem, (kernel - stem + 1) // 2)

    def forward(self, z: Tensor) -> Tensor:
        features = self.from_latent(z.unflatten(1, self.features))
        return self.output(self.levels(features))[..., : self.shape[1], : self.shape[2]]
