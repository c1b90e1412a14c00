"""Autoencoders on principal components: a linear code in closed form, and what convolutions can add to it.

encoder: u -> Uᵀ (u + c(u)), decoder: z -> U z + c(U z), with principal components U of the training split and U-Nets
c of their own, zero before training. So an autoencoder starts as the best linear one of its length, which convolutions
with dense layers did not reach from random weights in the time of a laptop's run, and what is learned is what images
have that is not Gaussian. z is measured in units of the scaled u: U is orthonormal.

The decoder of a PAIR gets latents of two kinds: those that Uᵀ u lacks nothing of, and those that the inverse map makes
of data, which are small where data say little. What c adds to the one does not suit the other, and no pixel tells which
they are. So d(z) = U z + g(z) c(U z): the gate g in [0, 1] is a logistic function of the logarithms of z_i² / s_i, s_i
the variances of components, averaged over bands of them; it is learned along with c. Outside training the encoder of a
PAIR takes a step towards the latents that d turns into u, z + Uᵀ (u - d(z)), of a descent on ½ ‖d(z) - u‖² with the
Jacobian U of d at c = 0.

Variational ones have the distributions q(z|u) = N(Uᵀ u, v), v in closed form too: of component i with the variance
s_i over the training split, the divergence from the prior N(0, s_i), weighted by β, and the mean squared error that
sampling adds, v_i / n for n entries, weighted by 1, are least together at v_i = s_i σ² / (s_i + σ²), σ² = n β / 2:
that of what is seen in noise of variance σ² (Lucas et al., Don't blame the ELBO, 2019, on linear variational ones).
"""

import math

import torch
from torch import Tensor, nn

from pairlsi.networks.unet import UNet
from pairlsi.solvers.linear_misfit import Factors, LinearMisfit

BANDS = 10  # of components, whose energies tell a gate where latents come from
STEEP = 3.0  # how much faster than other weights those of a gate are learned
LEAST = 1e-4  # of these energies
MASKS = 8  # whose factors are kept: those of a job's draws, which come again with every split


class PrincipalEncoder(nn.Module):
    """e: (B, C, H, W) -> (B, latent).

    Parameters
    ----------
    shape: (C, H, W) of a sample.
    latent: length of z: how many principal components.
    encoder_width, width: channels of the U-Nets of encoder and decoder at full resolution; 0 for none.
    parts: 2 for a mean and a log-variance, one after the other.

    `basis` (entries, latent) holds U, `variances` (latent,) those of z and `log_variances` (latent,) log v; zero, one
    and zero until `principal_start.set_closed_forms`.
    """

    def __init__(self, shape, latent: int, encoder_width: int, width: int, parts: int = 1):
        super().__init__()
        self.latent = latent
        self.register_buffer("basis", torch.zeros(math.prod(shape), latent))
        self.register_buffer("variances", torch.ones(latent))
        self.register_buffer("log_variances", torch.zeros(latent) if parts > 1 else None)
        self.correction = UNet(shape[0], encoder_width) if encoder_width else None
        self.decoder: list[nn.Module] = []  # set by a PAIR where d is not U z alone; not registered again

    @property
    def exact(self) -> bool:
        """Whether `variances` are those of z, which has mean zero and is uncorrelated."""
        return self.correction is None and not self.decoder

    def forward(self, u: Tensor) -> Tensor:
        corrected = u if self.correction is None else u + self.correction(u)
        z = corrected.flatten(1) @ self.basis
        if self.decoder and not self.training:
            z = z + (u - self.decoder[0](z)).flatten(1) @ self.basis
        return z if self.log_variances is None else torch.cat([z, self.log_variances.expand_as(z)], 1)

    def balance(self, divergence: float, error: float) -> None:
        """Set `log_variances` by the weights of the divergence and of the squared error in the loss."""
        noise = max(divergence * len(self.basis) / 2, torch.finfo(torch.float32).tiny)
        self.log_variances.copy_(-(1 / self.variances + error / noise).log())


class PrincipalDecoder(nn.Module):
    """d: (B, latent) -> (B, C, H, W); the parameters are those of `PrincipalEncoder`. Without a gate g(z) is 1."""

    def __init__(self, shape, latent: int, encoder_width: int, width: int):
        super().__init__()
        self.shape = tuple(shape)
        self.register_buffer("basis", torch.zeros(math.prod(shape), latent))
        self.correction = UNet(shape[0], width) if width else None
        self.gate: nn.Linear | None = None
        self._factors: dict[tuple, Factors] = {}

    def tell_apart(self) -> None:
        """Weigh c by a gate from now on; `variances` (latent,), those of z, are one until they are set."""
        latent = self.basis.shape[1]
        self.register_buffer("variances", torch.ones(latent))
        self.gate = nn.Linear(min(BANDS, latent), 1)
        for weights in self.gate.parameters():
            nn.init.zeros_(weights)

    def share(self, z: Tensor) -> Tensor:
        """g(z), the part of c(U z) that is added, (B, 1, 1, 1)."""
        energies = z.square() / self.variances.clamp_min(torch.finfo(z.dtype).tiny)
        bands = [band.mean(1) for band in energies.tensor_split(self.gate.in_features, 1)]
        known = torch.stack(bands, 1).clamp_min(LEAST).log()
        return torch.sigmoid(STEEP * self.gate(known)).view(-1, 1, 1, 1)

    def frozen_misfit(self, y: Tensor, keep: Tensor, before: nn.Linear | None = None) -> LinearMisfit | None:
        """‖keep (d(z) - y)‖² with its gradient for zero-filled y (N, C, H, W); None where d is not linear."""
        if self.correction is not None:
            return None
        kept = (keep > 0).expand(self.shape).flatten()
        key = kept.cpu().numpy().tobytes(), self.basis._version, before is None
        if key not in self._factors:
            if len(self._factors) == MASKS:
                self._factors.pop(next(iter(self._factors)))
            self._factors[key] = Factors.of(self.basis, kept, before)
        return LinearMisfit(self._factors[key], y)

    def forward(self, z: Tensor) -> Tensor:
        u = (z @ self.basis.T).unflatten(1, self.shape)
        if self.correction is None:
            return u
        return u + (self.correction(u) if self.gate is None else self.share(z) * self.correction(u))
