"""Autoencoders on principal components: a linear code in closed form, and what convolutions can add to it.

encoder: u -> Uᵀ (u + c(u)), decoder: z -> U z + c(U z), with principal components U of the training split and U-Nets
c of their own, zero before training. So an autoencoder starts as the best linear one of its length, which convolutions
with dense layers did not reach from random weights in the time of a laptop's run, and what is learned is what images
have that is not Gaussian. z is measured in units of the scaled u: U is orthonormal.
"""

import math

import torch
from torch import Tensor, nn

from pairlsi.networks.unet import UNet


class PrincipalEncoder(nn.Module):
    """e: (B, C, H, W) -> (B, latent).

    Parameters
    ----------
    shape: (C, H, W) of a sample.
    latent: length of z: how many principal components.
    encoder_width, width: channels of the U-Nets of encoder and decoder at full resolution; 0 for none.

    `basis` (entries, latent) holds U, and `variances` (latent,) those of z; zero and one until
    `principal_start.set_closed_forms`.
    """

    def __init__(self, shape, latent: int, encoder_width: int, width: int, parts: int = 1):
        super().__init__()
        if parts != 1:
            raise ValueError("principal components have no distributions of latents")
        self.latent = latent
        self.register_buffer("basis", torch.zeros(math.prod(shape), latent))
        self.register_buffer("variances", torch.ones(latent))
        self.correction = UNet(shape[0], encoder_width) if encoder_width else None

    @property
    def exact(self) -> bool:
        """Whether `variances` are those of z, which has mean zero and is uncorrelated."""
        return self.correction is None

    def forward(self, u: Tensor) -> Tensor:
        corrected = u if self.correction is None else u + self.correction(u)
        return corrected.flatten(1) @ self.basis


class PrincipalDecoder(nn.Module):
    """d: (B, latent) -> (B, C, H, W); the parameters are those of `PrincipalEncoder`."""

    def __init__(self, shape, latent: int, encoder_width: int, width: int):
        super().__init__()
        self.shape = tuple(shape)
        self.register_buffer("basis", torch.zeros(math.prod(shape), latent))
        self.correction = UNet(shape[0], width) if width else None

    def forward(self, z: Tensor) -> Tensor:
        u = (z @ self.basis.T).unflatten(1, self.shape)
        return u if self.correction is None else u + self.correction(u)
