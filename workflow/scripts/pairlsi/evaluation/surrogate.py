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
)


def relative(difference: Tensor, reference: Tensor) -> Tensor:
    """‖difference‖ / ‖reference‖ of each sample, (N,)."""
    return difference.flatten(1).norm(dim=1) / reference.flatten(1).norm(dim=1)


@torch.no_grad()
def surrogate_metrics(network, b: Tensor, x: Tensor) -> dict[str, Tensor]:
    """The five metrics, each (N,), for data b (N, C, H, W) and their estimate x̂ (N, C, H, W).

    residual_estimate       ‖d_y(M e_x(x̂)) - b‖ / ‖b‖
    autoencoded_difference  ‖d_y(e_y(b)) - b‖ / ‖b‖
    model_autoencoder       ‖d_x(e_x(x̂)) - x̂‖ / ‖x̂‖
    latent_inverse          ‖M† e_y(b) - e_x(x̂)‖ / ‖e_x(x̂)‖
    latent_forward          ‖M e_x(x̂) - e_y(b)‖ / ‖e_y(b)‖
    """
    z_x, z_y = network.encode_x(x), network.encode_y(b)
    forward, inverse = network.forward_map(z_x), network.inverse_map(z_y)
    values = (
        relative(network.decode_y(forward) - b, b),
        relative(network.decode_y(z_y) - b, b),
        relative(network.decode_x(z_x) - x, x),
        relative(inverse - z_x, z_x),
        relative(forward - z_y, z_y),
    )
    return dict(zip(NAMES, values, strict=True))
