"""Surrogate quality metrics: what a paired autoencoder says of an estimate without the truth.

Source: METHOD.md, after the paper's Section 4.1 and Figure 3.
"""

import torch
from torch import Tensor

NAMES = (
    "residual_estimate",
    "autoencoded_difference",
    "model_autoencoder",
    "latent_inverse",
    "latent_forward",
    "measured_residual",
)


def relative(difference: Tensor, reference: Tensor) -> Tensor:
    """‖difference‖ / ‖reference‖ of each sample, (N,)."""
    return difference.flatten(1).norm(dim=1) / reference.flatten(1).norm(dim=1)


@torch.no_grad()
def surrogate_metrics(
    network, b: Tensor, x: Tensor, measured: Tensor, keep: Tensor, latents: Tensor | None = None
) -> dict[str, Tensor]:
    """The metrics, each (N,), for data b (N, C, H, W) and their estimate x̂ (N, C, H, W).

    measured: ỹ (N, C, H, W), zero where nothing was measured; keep: (N, C, H, W), broadcastable, 1 where something was;
    latents: (N, n) in place of e_y(b).

    residual_estimate       ‖d_y(M e_x(x̂)) - b‖ / ‖b‖
    autoencoded_difference  ‖d_y(e_y(b)) - b‖ / ‖b‖
    model_autoencoder       ‖d_x(e_x(x̂)) - x̂‖ / ‖x̂‖
    latent_inverse          ‖M† e_y(b) - e_x(x̂)‖ / ‖e_x(x̂)‖
    latent_forward          ‖M e_x(x̂) - e_y(b)‖ / ‖e_y(b)‖
    measured_residual       ‖P d_y(M e_x(x̂)) - ỹ‖ / ‖ỹ‖

    Completed data b = d_y(z) lie in the range of the decoder, so that the second is small whatever z has to do with
    the sample; the last one is held against what was measured. With nothing missing it is the first for PAIR.
    """
    z_x, z_y = network.encode_x(x), network.encode_y(b) if latents is None else latents
    forward, inverse = network.forward_map(z_x), network.inverse_map(z_y)
    predicted = network.decode_y(forward)
    values = (
        relative(predicted - b, b),
        relative(network.decode_y(z_y) - b, b),
        relative(network.decode_x(z_x) - x, x),
        relative(inverse - z_x, z_x),
        relative(forward - z_y, z_y),
        relative(keep * predicted - measured, measured),
    )
    return dict(zip(NAMES, values, strict=True))
