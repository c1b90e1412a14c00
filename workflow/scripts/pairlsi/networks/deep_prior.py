"""Untrained networks that make an image of noise: many at once, each with weights of its own.

Their structure is all that they know of images. Resolution doubles twice from a grid of noise, by interpolation that is
smooth, so that smooth images are what comes out easily and noise what comes out last.
Sources: Ulyanov, Vedaldi & Lempitsky, doi:10.1007/s11263-020-01303-4; without their encoder, which has only noise to
encode, as in Darestani & Heckel, arXiv:2007.02471. On slices a U-Net that sees noise at full resolution
left 1.3 to 1.6 times the error.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

REDUCED = (4, 2, 2, 1)  # of each hidden layer: so many times coarser than the image


class Generators(nn.Module):
    """f_θ(z) of R samples, (R, C, H, W), of about unit deviation before any fit.

    shape: (C, H, W); width: channels at full resolution, twice as many where it is coarser; rngs: a generator for each
    sample, from which z, normal and fixed, and the first weights are drawn. A sample depends on its own alone.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, rngs: Sequence[np.random.Generator]):
        super().__init__()
        channels, height, breadth = shape
        self.shape, self.samples = shape, len(rngs)
        # a group alone is multiplied in an order of its own, and hundreds of iterations make half a percent of what
        # that changes in the last bit: beside one that stands for nothing a sample is what it is beside any other
        rngs = [*rngs, np.random.default_rng(0)] if self.samples == 1 else rngs
        self.groups = len(rngs)
        self.sizes = [(math.ceil(height / by), math.ceil(breadth / by)) for by in REDUCED]
        widths = [2 * width, 2 * width, 2 * width, width, width]

        def drawn(*size: int) -> Tensor:
            return torch.from_numpy(np.stack([rng.standard_normal(size, dtype=np.float32) for rng in rngs]))

        self.register_buffer("z", drawn(widths[0], *self.sizes[0]).flatten(0, 1)[None])
        # He's deviation, with which layers neither amplify nor damp
        layers = [
            drawn(after, before, 3, 3) / math.sqrt(9 * before / 2)
            for before, after in zip(widths, (*widths[1:], channels), strict=True)
        ]
        self.kernels = nn.ParameterList(layers)
        self.gains = nn.ParameterList(torch.ones(self.groups * after) for after in widths[1:])
        self.shifts = nn.ParameterList(torch.zeros(self.groups * after) for after in widths[1:])
        self.bias = nn.Parameter(torch.zeros(self.groups * channels))

    def forward(self) -> Tensor:
        # samples are groups of channels: a convolution over all takes 0.6 of the time of one after the other
        u = self.z
        *hidden, last = self.kernels
        for size, kernel, gain, shift in zip(self.sizes, hidden, self.gains, self.shifts, strict=True):
            if u.shape[2:] != size:
                u = F.interpolate(u, size=size, mode="bilinear", align_corners=False)
            u = F.conv2d(u, kernel.flatten(0, 1), padding=1, groups=self.groups)
            u = F.relu(F.instance_norm(u, weight=gain, bias=shift))
        u = F.conv2d(u, last.flatten(0, 1), self.bias, padding=1, groups=self.groups)
        return u.view(self.groups, *self.shape)[: self.samples]
