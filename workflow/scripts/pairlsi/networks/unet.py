"""A small U-Net that corrects images: what is added to them, zero before training.

Source of the shape: Ronneberger, Fischer & Brox, doi:10.1007/978-3-319-24574-4_28; here of residual blocks, and the two
sides are added rather than stacked.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pairlsi.networks.blocks import ResidualDown

STEP = 4  # the resolution is halved twice
CACHED = 16  # samples at a time on a processor: of 200 the features leave its cache, which takes a third more time


class UNet(nn.Module):
    """c: (B, channels, H, W) -> the same shape, from full resolution through half and quarter and back.

    width: channels at full resolution; they double where resolution halves. Images of any size, padded with zeros.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        half, quarter = 2 * width, 4 * width
        self.stem = nn.Conv2d(channels, width, 3, padding=1)
        self.full_in, self.full_out = block(width), block(width)
        self.to_half, self.half_in, self.half_out = nn.Conv2d(width, half, 2, 2), block(half), block(half)
        self.to_quarter, self.bottom = nn.Conv2d(half, quarter, 2, 2), nn.Sequential(block(quarter), block(quarter))
        self.from_quarter, self.from_half = (
            nn.ConvTranspose2d(quarter, half, 2, 2),
            nn.ConvTranspose2d(half, width, 2, 2),
        )
        self.output = nn.Conv2d(width, channels, 3, padding=1)
        for weights in self.output.parameters():
            nn.init.zeros_(weights)

    def forward(self, u: Tensor) -> Tensor:
        if u.is_cpu and not torch.is_grad_enabled() and len(u) > CACHED:
            return torch.cat([self(few) for few in u.split(CACHED)])
        height, breadth = u.shape[2:]
        padded = F.pad(u, (0, -breadth % STEP, 0, -height % STEP))
        full = self.full_in(F.relu(self.stem(padded)))
        half = self.half_in(self.to_half(full))
        quarter = self.bottom(self.to_quarter(half))
        half = self.half_out(half + self.from_quarter(quarter))
        full = self.full_out(full + self.from_half(half))
        return self.output(full)[..., :height, :breadth]


def block(channels: int) -> ResidualDown:
    """A residual block that keeps shape and resolution."""
    return ResidualDown(channels, channels, 1, "none")
