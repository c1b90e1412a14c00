"""Latent space inference: the latent vector that explains what was measured (METHOD.md, equations (6)-(9)).

    (9)  min_{z_y} ‖P d_y(z_y) - ỹ‖²       from z_y = e_y(ỹ)          x̂ = d_x(M† z_y)
    (8)  min_{z_x} ‖P d_y(M z_x) - ỹ‖²     from z_x = M† e_y(ỹ)       x̂ = d_x(z_x)

With nothing missing these are (7) and (6). Each sample is a problem of its own; all of a batch run at once.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pairlsi.inference.lbfgs import minimize


@dataclass(frozen=True)
class LatentEstimate:
    """x (N, C, H, W): the estimate; y (N, C, H, W): the completed data d_y(z*); iterations (N,) of the solver."""

    x: Tensor
    y: Tensor
    iterations: Tensor


def latent_space_inference(network, y: Tensor, keep: Tensor, space: str, iterations: int, history: int):
    """Solve (9) for space "y", (8) for space "x", with zero-filled data y = ỹ (N, C, H, W).

    keep: (C, H, W), broadcastable, 1 where data arrived. The misfit is measured in units of the network's scaling
    of y, which leaves the minimiser where it is and puts the solver's tolerances on one scale for all problems.
    Source: L-BFGS with a strong-Wolfe line search, 10 iterations in the paper, Section 4.1.
    """
    with torch.no_grad():
        start = network.encode_y(y)
        if space == "x":
            start = network.inverse_map(start)
    to_data_latent = network.forward_map if space == "x" else torch.nn.Identity()

    def misfit(z: Tensor, rows: Tensor) -> Tensor:
        residual = keep * (network.decode_y(to_data_latent(z)) - y[rows]) / network.y_scaling.scale
        return residual.square().flatten(1).sum(1)

    found = minimize(misfit, start, max_iter=iterations, history=history)
    with torch.no_grad():
        z_x = found.x if space == "x" else network.inverse_map(found.x)
        return LatentEstimate(network.decode_x(z_x), network.decode_y(to_data_latent(found.x)), found.iterations)
