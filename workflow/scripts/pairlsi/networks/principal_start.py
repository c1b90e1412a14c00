"""What networks on principal components know before training: their bases and the maps between them, in closed form."""

import torch
from torch import Tensor, nn

from pairlsi.networks.linear_fit import BLOCK, fit_samples
from pairlsi.networks.linear_pair import LinearPair
from pairlsi.networks.principal import PrincipalDecoder, PrincipalEncoder
from pairlsi.problems.symmetries import Symmetries


def set_closed_forms(network: nn.Module, x, y, symmetries: Symmetries, keep=None, start=None) -> None:
    """Set the bases of a PAIR or an encoder-decoder, and its maps, to those of the best linear one.

    x, y: samples (N, C, H, W) of the training split; symmetries: of the problem; keep: the mask P that an
    encoder-decoder is trained behind, or what gives those of so many samples, None for complete data; start: the
    `LinearPair` of these samples and lengths where there is one.
    """
    encoder = network.y_encoder
    both = isinstance(network.x_decoder, PrincipalDecoder)  # or those of y alone
    latents = network.inverse_map.out_features if both else 1, encoder.latent
    linear = start or LinearPair(x.shape[1:], y.shape[1:], *latents).requires_grad_(False)
    if start is None:
        for own, other in ((linear.x_scaling, network.x_scaling), (linear.y_scaling, network.y_scaling)):
            own.load_state_dict(other.state_dict())
        fit_samples(linear, x, y, symmetries, keep)
    bases = {"x": linear.basis_x, "y": linear.basis_y}
    for name, module in network.named_children():
        if isinstance(module, PrincipalEncoder | PrincipalDecoder):
            module.basis.copy_(bases[name[0]])
    with torch.no_grad():
        encoder.variances.copy_(linear.variances_y)
        if both and hasattr(network, "x_encoder"):
            network.x_encoder.variances.copy_(variances(linear, x))
        for space in "xy":
            decoder = getattr(network, f"{space}_decoder", None)
            if getattr(decoder, "gate", None):
                decoder.variances.copy_(getattr(network, f"{space}_encoder").variances)
        for name in ("forward_map", "inverse_map"):
            if both and hasattr(network, name):
                getattr(network, name).weight.copy_(getattr(linear, name).weight)
                getattr(network, name).bias.zero_()
    for space, weight in zip("xy", getattr(network, "divergence", None) or (), strict=False):
        own = getattr(network, f"{space}_encoder")
        if isinstance(own, PrincipalEncoder):
            own.balance(weight, network.weights[f"autoencode_{space}"])


def variances(linear: LinearPair, x) -> Tensor:
    """Those of the latents of samples x (N, C, H, W), (latent_x,)."""
    blocks = (linear.encode_x(torch.from_numpy(x[start : start + BLOCK])) for start in range(0, len(x), BLOCK))
    return sum(z.double().square().sum(0) for z in blocks) / len(x)
