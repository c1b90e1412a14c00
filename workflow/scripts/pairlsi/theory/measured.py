"""Errors measured on samples of the linear problem, by which the exact ones of `theory.sweeps` are to be judged.

An error over samples is √(Σ‖x̂ − x‖² / Σ‖x‖²), the root of the ratio of mean squares, as the exact ones are of
expectations; the mean of the samples' relative errors would be another number.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pairlsi.methods import closed_form
from pairlsi.solvers.latent_search import latent_space_inference
from pairlsi.theory import linear, sweeps


def stopped_early(
    network, moments: sweeps.Moments, x: Tensor, y: Tensor, masks: Iterable[tuple[int, Tensor]], solver
) -> pd.DataFrame:
    """Errors of LSI (9) where the solver stops, beside its minimiser, PAIR and LMMSE: mean over the draws of a mask.

    network: a `LinearPair`; x, y (N, C, H, W): full data; masks: (percent, keep), keep (C, H, W), broadcastable;
    solver: with `iterations` and `history`, started from e_y of zero-filled data. Rows percents, columns estimators.
    """
    rows = []
    for percent, keep in masks:
        measured, seen = keep * y, np.broadcast_to(keep, y.shape[1:]).ravel() > 0
        start = network.encode_y(measured)
        search = latent_space_inference(network, measured, keep, start, "y", solver.iterations, solver.history)
        best = torch.from_numpy(linear.lmmse(moments.matrix, moments.moment_x, moments.moment_noise, seen))
        minimiser = closed_form.solve_y(network, measured, keep)
        estimates = {
            "PAIR (5)": network.invert(measured),
            "LSI (9), the minimiser": network.decode_x(network.inverse_map(minimiser)),
            f"LSI (9), at most {solver.iterations} iterations": network.decode_x(
                network.inverse_map(search.points[-1])
            ),
            "LMMSE": (y.flatten(1) @ best.T).reshape(x.shape),
        }
        errors = {name: float((estimate - x).norm() / x.norm()) for name, estimate in estimates.items()}
        rows.append({"percent": percent, **errors})
    return pd.DataFrame(rows).groupby("percent").mean()


def of_methods(metrics: pd.DataFrame, energy: np.ndarray) -> pd.DataFrame:
    """Errors over the test split of every method (rows) and (kind, percent) of masks (columns), over draws and seeds.

    metrics: the tidy table; energy (N,): ‖x‖² of each test sample.
    """
    test = metrics[metrics.split == "test"]
    squares = test.assign(square=test.rre**2 * energy[test["sample"]])
    groups = squares.groupby(["method", "observation", "percent"])["square"].mean()
    return np.sqrt(groups / energy.mean()).unstack(["observation", "percent"])


def exact(moments: sweeps.Moments, masks: dict[tuple[str, int], np.ndarray], rank: int) -> pd.DataFrame:
    """The exact errors to stand below them: estimators (rows) by masks, (kind, percent) -> keep (m,) bool."""
    errors = {
        key: sweeps.by_percent(moments, [(key[1], keep)], rank).set_index("method").rre for key, keep in masks.items()
    }
    return pd.DataFrame(errors).rename_axis(index=None)
