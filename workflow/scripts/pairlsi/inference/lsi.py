"""Latent space inference: the latent vector that explains what was measured (METHOD.md, equations (6)-(9)).

    (9)  min_{z_y} ‖P d_y(z_y) - ỹ‖²       from z_y = e_y(ỹ)          x̂ = d_x(M† z_y)
    (8)  min_{z_x} ‖P d_y(M z_x) - ỹ‖²     from z_x = M† e_y(ỹ)       x̂ = d_x(z_x)

With nothing missing these are (7) and (6). Each row is a problem of its own; all of a batch run at once.
Source: L-BFGS with a strong-Wolfe line search, 10 iterations for CT in the paper, Section 4.1.
"""

import torch
from torch import Tensor

from pairlsi.inference import frozen
from pairlsi.inference.objectives import Objective
from pairlsi.inference.trajectory import Trajectory, follow


def data_latent(network, space: str):
    """The map from the latents that are searched to those of the data: M for space "x" (8), none for "y" (9)."""
    return network.forward_map if space == "x" else torch.nn.Identity()


def latent_space_inference(
    network,
    y: Tensor,
    keep: Tensor,
    start: Tensor,
    space: str,
    iterations: int,
    history: int,
    evaluations: int | None = None,
    objective: Objective | None = None,
) -> Trajectory:
    """Solve (9) for space "y", (8) for space "x", with zero-filled data y = ỹ (R, C, H, W) from `start` (R, n).

    keep: (C, H, W), broadcastable, 1 where data arrived. The misfit is measured in units of the network's scaling
    of y, which leaves the minimiser where it is and puts the solver's tolerances on one scale for all problems.
    objective: what to minimise instead of ‖·‖² alone.
    """
    to_data_latent, objective = data_latent(network, space), objective or Objective()

    def loss(z: Tensor, rows: Tensor) -> Tensor:
        residual = keep * (network.decode_y(to_data_latent(z)) - y[rows]) / network.y_scaling.scale
        return objective(z, residual, rows)

    if objective.misfit == "squared" and frozen.applies(getattr(network, "y_decoder", None)):
        loss = frozen_loss(network, y, keep, space, objective)
    return follow(loss, start, iterations, history, evaluations)


@torch.no_grad()
def frozen_loss(network, y: Tensor, keep: Tensor, space: str, objective: Objective):
    """The same as `loss` above, with the gradient of the squared misfit written out."""
    before = network.forward_map if space == "x" else None
    misfit = frozen.FrozenMisfit(network.y_decoder, keep * network.y_scaling(y), keep, before)
    return lambda z, rows: frozen.Recorded.apply(z, rows, misfit) + objective.prior_term(z)
