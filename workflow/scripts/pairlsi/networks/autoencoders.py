"""Paired autoencoders (PAIR), variational or not, and the encoder-decoder, in physical units at their interfaces.

Source: "Latent Space Inference via Paired Autoencoders", equations (3)-(5), Section 4.2; Kingma & Welling, doi:
10.1561/2200000056, for the variational ones. All networks invert data by `invert` and give the terms of their
training loss by `loss_terms`; the training loop needs nothing else.
"""

import torch
from torch import Tensor, nn

from pairlsi.networks.autoencoder import Decoder, Encoder
from pairlsi.networks.principal import PrincipalDecoder, PrincipalEncoder
from pairlsi.networks.pyramid import PyramidDecoder, PyramidEncoder

ARCHITECTURES = {
    "residual": (Encoder, Decoder),
    "pyramid": (PyramidEncoder, PyramidDecoder),
    "principal": (PrincipalEncoder, PrincipalDecoder),
}
LOG_VARIANCE = (-12.0, 3.0)  # bounds of the latents': an exponential without them can blow up in the first steps


class Scaling(nn.Module):
    """u -> (u - shift) / scale and back; shift (C, H, W) is the mean of the training split, scale is a scalar."""

    def __init__(self, shape, shift=0.0, scale: float = 1.0):
        super().__init__()
        self.register_buffer("shift", torch.as_tensor(shift, dtype=torch.float32).expand(shape).clone())
        self.register_buffer("scale", torch.tensor(float(scale)))

    def forward(self, u: Tensor) -> Tensor:
        return (u - self.shift) / self.scale

    def inverse(self, u: Tensor) -> Tensor:
        return u * self.scale + self.shift


def squared_error(estimate: Tensor, truth: Tensor) -> Tensor:
    """Mean square of `estimate - truth` for each sample: (B, ...) -> (B,)."""
    return (estimate - truth).square().flatten(1).mean(1)


def autoencoder(shape, kind: str = "residual", parts: int = 1, **architecture) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder of samples (C, H, W) `shape`; kind, of `ARCHITECTURES`, says which, the rest how."""
    encoder, decoder = ARCHITECTURES[kind]
    return encoder(shape, parts=parts, **architecture), decoder(shape, **architecture)


class PairedAutoencoder(nn.Module):
    """Autoencoders of x and y with affine maps M, M† between their latent spaces, trained together on (4).

    A variational one (VPAE) has normal distributions q(z|x), q(z|y) of latents instead of points: training decodes
    and maps samples of them, and adds their Kullback-Leibler divergences from N(0, I). Everything else takes the
    means for z, unless it asks for the distributions.

    Parameters
    ----------
    x_shape, y_shape: (C, H, W) of a sample.
    x, y: the architecture of each autoencoder, the keyword arguments of `autoencoder` without the shape.
    weights: w1 … w4 of (4).
    divergence: weights of both divergences, in nats; None makes the latents points.
    inverse: the architecture of the encoder in M† where it is no affine map but a network, as `x` and `y`.
    own: part of a batch that is decoded from its own latents in training.
    """

    def __init__(self, x_shape, y_shape, x: dict, y: dict, weights=(1.0,) * 4, divergence=None, inverse=None, own=0.5):
        super().__init__()
        self.own = own
        self.weights = dict(zip(("autoencode_x", "autoencode_y", "forward", "inverse"), weights, strict=True))
        self.variational, self.divergence = divergence is not None, divergence
        if self.variational:
            self.weights |= dict(zip(("divergence_x", "divergence_y"), divergence, strict=True))
        parts = 2 if self.variational else 1
        self.x_scaling, self.y_scaling = Scaling(x_shape), Scaling(y_shape)
        self.x_encoder, self.x_decoder = autoencoder(x_shape, parts=parts, **x)
        self.y_encoder, self.y_decoder = autoencoder(y_shape, parts=parts, **y)
        for encoder, decoder in ((self.x_encoder, self.x_decoder), (self.y_encoder, self.y_decoder)):
            if isinstance(encoder, PrincipalEncoder) and decoder.correction:
                decoder.tell_apart()
                encoder.decoder.append(decoder)
        self.forward_map = nn.Linear(self.x_encoder.latent, self.y_encoder.latent)
        self.inverse_map = nn.Linear(self.y_encoder.latent, self.x_encoder.latent)
        if inverse is not None:
            encoder, _ = autoencoder(y_shape, **inverse)
            self.inverse_map = DecodedInverse(self.y_encoder.latent, self.y_decoder, encoder, self.x_encoder.latent)
        if isinstance(self.x_encoder, PrincipalEncoder):  # least squares are set, and a step of Adam would spoil them
            self.forward_map.requires_grad_(False)
            self.inverse_map.requires_grad_(False)
        # of the training latents z_y, and the variance an entry of y that they leave, set by `latent_prior.fit`
        self.register_buffer("latent_mean", torch.zeros(self.y_encoder.latent))
        self.register_buffer("latent_whitening", torch.eye(self.y_encoder.latent))
        self.register_buffer("left_y", torch.zeros(()))

    def distribution_x(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of q(z_x|x), each (B, latent_x); the deviation is 0 where z_x is a point."""
        return moments(self.x_encoder(self.x_scaling(x)), self.variational)

    def distribution_y(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of q(z_y|y), each (B, latent_y); the deviation is 0 where z_y is a point."""
        return moments(self.y_encoder(self.y_scaling(y)), self.variational)

    def encode_x(self, x: Tensor) -> Tensor:
        """z_x = e_x(x): (B, C, H, W) -> (B, latent_x)."""
        return self.distribution_x(x)[0]

    def encode_y(self, y: Tensor) -> Tensor:
        """z_y = e_y(y): (B, C, H, W) -> (B, latent_y)."""
        return self.distribution_y(y)[0]

    def decode_x(self, z: Tensor) -> Tensor:
        """d_x(z_x): (B, latent_x) -> (B, C, H, W)."""
        return self.x_scaling.inverse(self.x_decoder(z))

    def decode_y(self, z: Tensor) -> Tensor:
        """d_y(z_y): (B, latent_y) -> (B, C, H, W)."""
        return self.y_scaling.inverse(self.y_decoder(z))

    def invert(self, y: Tensor) -> Tensor:
        """x̂ = d_x(M† e_y(y)), equation (5)."""
        return self.decode_x(self.inverse_map(self.encode_y(y)))

    def predict(self, x: Tensor) -> Tensor:
        """ŷ = d_y(M e_x(x)), the surrogate of the forward operator."""
        return self.decode_y(self.forward_map(self.encode_x(x)))

    def loss_terms(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The four terms of (4), in units of the training split's variance; divergences, each (B,).

        A part of the batch is decoded from its own latents, by default half of it, and the rest through the maps: two
        decoder passes train what would else take four, on the same expected loss, since batches are shuffled. So two
        terms are (own B,) and two ((1 - own) B,). In training a VPAE decodes samples of its latents, in evaluation
        their means.
        """
        x, y = self.x_scaling(x), self.y_scaling(y)
        (z_x, deviation_x), (z_y, deviation_y) = (
            moments(encoder(u), self.variational) for encoder, u in ((self.x_encoder, x), (self.y_encoder, y))
        )
        divergences, mean_y = {}, z_y
        if self.variational:
            divergences["divergence_x"] = divergence(*in_units_of(self.x_encoder, z_x, deviation_x)).sum(1)
            divergences["divergence_y"] = divergence(*in_units_of(self.y_encoder, z_y, deviation_y)).sum(1)
            if self.training:
                z_x, z_y = (z + s * torch.randn_like(z) for z, s in ((z_x, deviation_x), (z_y, deviation_y)))
        own = max(int(self.own * len(x)), min(1, len(x) // 2))  # of two samples, one each
        x_hat = self.x_decoder(torch.cat([z_x[:own], self.inverse_map(z_y[own:])]))
        error_x = squared_error(x_hat, x)
        error_y = self._errors_y(torch.cat([z_y[:own], self.forward_map(z_x[own:])]), mean_y, y)
        return {
            "autoencode_x": error_x[:own],
            "autoencode_y": error_y[:own],
            "forward": error_y[own:],
            "inverse": error_x[own:],
            **divergences,
        }

    def _errors_y(self, z: Tensor, z_y: Tensor, y: Tensor) -> Tensor:
        """`squared_error` of what latents z (B, n) decode into, for scaled data y with means z_y of latents, (B,).

        On principal components it is that of the latents, and what no latents can say: decoding took a quarter of a
        seismic step, for this norm alone.
        """
        if not isinstance(self.y_encoder, PrincipalEncoder) or self.y_decoder.correction or not self.y_encoder.exact:
            return squared_error(self.y_decoder(z), y)
        left = y.flatten(1).square().sum(1) - z_y.square().sum(1)
        return ((z - z_y).square().sum(1) + left) / y[0].numel()


class DecodedInverse(nn.Module):
    """M† as a network: latents of y are decoded into data, which an encoder of its own turns into latents of x.

    For a code that completes data well and is hard to invert from, as principal components are: what a network makes
    of data it makes of them as well.
    """

    def __init__(self, latent_y: int, decoder: nn.Module, encoder: nn.Module, latent_x: int):
        super().__init__()
        self.in_features, self.out_features = latent_y, latent_x
        self.decoder = [decoder]  # the PAIR's, not registered again: its weights are stored once
        self.encoder, self.map = encoder, nn.Linear(encoder.latent, latent_x)

    def forward(self, z: Tensor) -> Tensor:
        """z_x (B, latent_x) of z_y (B, latent_y)."""
        return self.map(self.encoder(self.decoder[0](z)))


def moments(encoded: Tensor, variational: bool) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the latents from what an encoder gives, (B, n) or (B, 2n)."""
    if not variational:
        return encoded, torch.zeros_like(encoded)
    mean, log_variance = encoded.chunk(2, dim=1)
    return mean, (0.5 * log_variance.clamp(*LOG_VARIANCE)).exp()


def in_units_of(encoder: nn.Module, mean: Tensor, deviation: Tensor) -> tuple[Tensor, Tensor]:
    """Both in units of what the prior of the latents of this encoder has for standard deviations, each (B, n)."""
    if not isinstance(encoder, PrincipalEncoder):
        return mean, deviation
    root = encoder.variances.sqrt()
    return mean / root, deviation / root


def divergence(mean: Tensor, deviation: Tensor) -> Tensor:
    """KL(N(mean, deviation²) ‖ N(0, 1)) of each latent in nats, (B, n).

    Source: Kingma & Welling, Auto-Encoding Variational Bayes (2014), Appendix B.
    """
    return 0.5 * (mean.square() + deviation.square() - 1) - deviation.log()


class EncoderDecoder(nn.Module):
    """The baseline of the same architecture as `PairedAutoencoder.invert`, trained end to end on P y.

    Parameters
    ----------
    keep: (C, H, W), broadcastable: the mask P that it is trained on, 1 where data are kept. Inference feeds
        it data that are masked already, so P acts in `loss_terms` alone.
    masks: `fresh_masks.FreshMasks` that it is trained on instead, or None.
    """

    def __init__(self, x_shape, y_shape, x: dict, y: dict, keep=1.0, masks=None):
        super().__init__()
        self.masks = masks
        self.weights = {"inverse": 1.0}
        self.register_buffer("keep", torch.as_tensor(keep, dtype=torch.float32))
        self.x_scaling, self.y_scaling = Scaling(x_shape), Scaling(y_shape)
        self.y_encoder, _ = autoencoder(y_shape, **y)
        encoder, self.x_decoder = autoencoder(x_shape, **x)
        self.inverse_map = nn.Linear(self.y_encoder.latent, encoder.latent)
        self.inverse_map.requires_grad_(not isinstance(encoder, PrincipalEncoder))

    def invert(self, y: Tensor) -> Tensor:
        """x̂ = d_x(M† e_y(y)), the form of equation (5)."""
        return self.x_scaling.inverse(self.x_decoder(self.inverse_map(self.y_encoder(self.y_scaling(y)))))

    def loss_terms(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """‖d_x(M† e_y(P y)) - x‖² for each sample, (B,), in units of the training split's variance."""
        keep = self.masks(y, self.training) if self.masks else self.keep
        z = self.y_encoder(self.y_scaling(keep * y))
        return {"inverse": squared_error(self.x_decoder(self.inverse_map(z)), self.x_scaling(x))}
