"""Latent space inference: the latent vector that explains what was measured (METHOD.md, equations (6)-(9)).

    (9)  min_{z_y} ‖P d_y(z_y) - ỹ‖²       from z_y = e_y(ỹ)          x̂ = d_x(M† z_y)
    (8)  min_{z_x} ‖P d_y(M z_x) - ỹ‖²     from z_x = M† e_y(ỹ)       x̂ = d_x(z_x)

With nothing missing these are (7) and (6). Each row is a problem of its own; all of a batch run at once.
Source: L-BFGS with a strong-Wolfe line search, 10 iterations for CT in the paper, Section 4.1.
"""

from dataclasses import replace

import torch
from torch import Tensor

from pairlsi.solvers.coordinates import Coordinates
from pairlsi.solvers.frozen import Recorded
from pairlsi.solvers.objectives import Objective
from pairlsi.solvers.trajectory import Trajectory, follow


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
    coordinates: Coordinates | None = None,
) -> Trajectory:
    """Solve (9) for space "y", (8) for space "x", with zero-filled data y = ỹ (R, C, H, W) from `start` (R, n).

    keep: (C, H, W) or (R, C, H, W), broadcastable, 1 where data arrived. The misfit is measured in units of the
    network's scaling of y, which leaves the minimiser where it is and puts the solver's tolerances on one scale for all
    problems. objective: what to minimise instead of ‖·‖² alone. coordinates: to search in, from their origin, whatever
    `start` is; None to search z itself.
    """
    to_data_latent, objective = data_latent(network, space), objective or Objective()
    steps = iterations, history, evaluations

    def loss(z: Tensor, rows: Tensor) -> Tensor:
        residual = (
            (keep[rows] if keep.ndim == 4 else keep)
            * (network.decode_y(to_data_latent(z)) - y[rows])
            / network.y_scaling.scale
        )
        return objective(z, residual, rows)

    frozen = frozen_misfit(network, y, keep, space) if objective.misfit in objective.OF_SQUARES else None
    fast = frozen and (lambda z, rows: objective.of_squares(z, Recorded.apply(z, rows, frozen), rows))
    if coordinates is None:
        return follow(fast or loss, start, *steps)
    found = follow(lambda v, rows: (fast or loss)(coordinates.latents(v, rows), rows), torch.zeros_like(start), *steps)
    everywhere = torch.arange(len(start), device=start.device)
    return replace(found, points=torch.stack([coordinates.latents(v, everywhere) for v in found.points]))


@torch.no_grad()
def frozen_misfit(network, y: Tensor, keep: Tensor, space: str):
    """The squared misfit of `loss` above with its gradient written out, where the decoder of y has one, for rows that
    have one mask.
    """
    make = getattr(getattr(network, "y_decoder", None), "frozen_misfit", None)
    before = network.forward_map if space == "x" else None
    make = make if keep.ndim < 4 else None
    return make(keep * network.y_scaling(y), keep, before) if make else None
