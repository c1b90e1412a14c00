"""Rows of the data, and bins of a detector, that do not fit what the others say: a disturbed view, a dead bin."""

import numpy as np

from pairlsi.predictions.plausible import ODD
from pairlsi.solvers.residuals import QUARTILE, over_median

FAR = 5.0  # times the median residual of a sample's rows, or bins, where no validation samples say what is usual
SHOWN = 3  # samples that a sentence names


def ratios(y: np.ndarray, completed: np.ndarray, keep: np.ndarray, problem) -> dict[str, np.ndarray]:
    """Residuals of "rows" (N, rows) and, where there is a detector, "bins" (N, bins) over the sample's median one's.

    y: data (N, C, H, W); completed: the data that belong to the estimates; keep: 1 where data arrived, (C, H, W),
    broadcastable.
    """
    found = {"rows": over_median(completed - y, keep, problem.missing_axis)}
    if problem.sample_interval is None:
        found["bins"] = over_median(completed - y, keep, y.ndim - 1, QUARTILE)
    return found


def limits(y: np.ndarray, completed: np.ndarray | None, keep: np.ndarray, problem) -> dict[str, float]:
    """What ratio is far: `ODD` times the largest among validation samples, full data y (n, C, H, W), since the largest
    of few samples says little of how much larger one may be.
    """
    if completed is None:
        return {}
    return {name: ODD * float(values.max()) for name, values in ratios(y * keep, completed, keep, problem).items()}


def places(problem) -> np.ndarray:
    """Where the rows of data lie, (rows,) in `problem.position_unit`; their numbers where the problem does not say."""
    return np.arange(problem.missing_count) if problem.positions is None else np.asarray(problem.positions)


def in_words(found: dict[str, np.ndarray], problem) -> list[str]:
    """A sentence each on rows (N, rows) and bins (N, bins), bool, of N samples, where some do not fit."""
    unit = f" {problem.position_unit}" if problem.positions is not None and problem.position_unit else ""
    told, unlike = [], "An object unlike those of training shows like this too."
    if shown := listed(found["rows"], places(problem), unit):
        told.append(
            f"Some {problem.missing_name} do not fit what the others say: {shown}. If they were disturbed or never "
            "measured, mark them as missing (NaN) and predict again; a robust method (lsi-robust) gives them little "
            f"weight, and none to those that are far off. {unlike}"
        )
    if "bins" in found and (shown := listed(found["bins"], np.arange(found["bins"].shape[1]), "")):
        told.append(
            f"Some bins of the detector, counted from 0, do not fit what the others say: {shown}. If they are dead or "
            "badly calibrated, interpolate them and predict again, or take the estimate of a robust method "
            f"(lsi-robust), which leaves out those that are far off. {unlike}"
        )
    return told


def listed(found: np.ndarray, where: np.ndarray, unit: str) -> str:
    """Which (N, n) bool of N samples, by where they lie (n,); "" for none."""
    odd = np.flatnonzero(found.any(1))
    shown = "; ".join(
        f"{', '.join(f'{place:g}' for place in where[found[n]])}{unit} of sample {n}" for n in odd[:SHOWN]
    )
    return shown + (f"; and some of {len(odd) - SHOWN} more samples" if len(odd) > SHOWN else "")
