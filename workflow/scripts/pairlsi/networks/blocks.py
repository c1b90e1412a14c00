"""Residual blocks that halve or double the resolution (paper, Section 4.1).

A block is two convolutions beside a skip connection. What differs from the textbook block is what made the
networks learn in few epochs on few images: no ReLU after the sum, so that the skip path stays linear, and a
skip that changes resolution by a strided s x s (transposed) convolution, so that it loses no pixel.
"""

from torch import Tensor, nn


def normalisation(kind: str, channels: int) -> nn.Module:
    """Return batch normalisation over `channels` for kind "batch", the identity for "none"."""
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.Identity()


class ResidualDown(nn.Module):
    """Residual block from (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: str):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1),
            normalisation(norm, outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1),
            normalisation(norm, outputs),
        )
        same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if same else nn.Conv2d(inputs, outputs, stride, stride)

    def forward(self, u: Tensor) -> Tensor:
        return self.skip(u) + self.body(u)


class ResidualUp(nn.Module):
    """Residual block from (B, inputs, H, W) to (B, outputs, H * stride, W * stride): the reverse of `ResidualDown`."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: str):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, 1, 1),
            normalisation(norm, inputs),
            nn.ReLU(),
            # kernel 2s covers every output pixel equally often: no chequerboard
            nn.ConvTranspose2d(inputs, outputs, 2 * stride, stride, stride // 2)
            if stride > 1
            else nn.Conv2d(inputs, outputs, 3, 1, 1),
            normalisation(norm, outputs),
        )
        same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if same else nn.ConvTranspose2d(inputs, outputs, stride, stride)

    def forward(self, u: Tensor) -> Tensor:
        return self.skip(u) + self.body(u)
