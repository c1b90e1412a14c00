"""The bounds of `theory.bounds` for trained networks, mask by mask: how loose they are, and whether they hold.

The constants are the largest that were found at the samples themselves, so each bound is an estimate: one that fails
shows that its assumptions do (LSI stops early, networks curve between the points), and none that holds is a proof.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pairlsi.networks.stored import load_trained
from pairlsi.solvers.latent_search import latent_space_inference
from pairlsi.theory import bounds as theory_bounds
from pairlsi.theory.bounds import STATEMENTS, norms

POWER_ITERATIONS = 12  # of the local Lipschitz constants: within 5 % of what more give on the networks of config.yaml


def of_results(weights: Path, problem, x: np.ndarray, y: np.ndarray, masks, solver, seed: int) -> pd.DataFrame:
    """The table of `bounds_by_percent` for the network stored at `weights`; masks: (percent, `Mask`)."""
    kept = [(percent, torch.from_numpy(mask.weights())) for percent, mask in masks]
    network = load_trained(weights, problem, "cpu")
    return bounds_by_percent(network, problem, torch.from_numpy(x), torch.from_numpy(y), kept, solver, seed)


def bounds_by_percent(network, problem, x: Tensor, y: Tensor, masks: Iterable[tuple[int, Tensor]], solver, seed: int):
    """Both sides of the bounds for LSI (9) with a trained PAIR, a row for each mask, sample and statement.

    x, y (N, C, H, W): full data; masks: (percent, keep), keep (C, H, W), broadcastable; solver: with `iterations` and
    `history`, of LSI started from e_y of the zero-filled data; seed: of the power iterations.
    Columns as those of `theory.sweeps.bounds_by_percent` without movement.
    """

    def forward(u: Tensor) -> Tensor:
        return torch.from_numpy(problem.forward(u.cpu().numpy())).to(u)

    generator, parts = torch.Generator().manual_seed(seed), []
    for draw, (percent, keep) in enumerate(masks):
        with torch.no_grad():
            start = network.encode_y(keep * y)
        z = latent_space_inference(network, keep * y, keep, start, "y", solver.iterations, solver.history).points[-1]
        with torch.no_grad():
            estimate = network.decode_x(network.inverse_map(z))
        operator = float((norms(forward(estimate) - forward(x)) / norms(estimate - x)).max())
        constants = theory_bounds.local_constants(network, operator, y, z, keep, POWER_ITERATIONS, generator)
        for statement, (left, right) in theory_bounds.bounds(network, forward, x, y, z, keep, constants).items():
            columns = {"sample": range(len(x)), "left": left.cpu().numpy(), "right": right.cpu().numpy()}
            told = {"percent": percent, "draw": draw, "statement": statement, "lower": constants.lower}
            parts.append(pd.DataFrame(columns).assign(**told))
    return pd.concat(parts, ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """For each percentage: c_P, and of every statement its median looseness and how often it held."""
    looseness = (table.right / table.left).groupby([table.percent, table.statement]).median().unstack()[[*STATEMENTS]]
    held = (table.left <= table.right * (1 + 1e-6)).groupby([table.percent, table.statement]).mean().unstack()
    shown = looseness.map("{:.3g}".format) + held[[*STATEMENTS]].map(" (held for {:.0%})".format)
    shown.insert(0, "c_P", table.groupby("percent").lower.mean().map("{:.3f}".format))
    return shown.rename(index="{} % missing".format).rename_axis(index=None, columns=None)
