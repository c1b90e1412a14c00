"""Rows of the data that do not fit what the others say: a disturbed view, a receiver that was never connected."""

import numpy as np

FAR = 5.0  # times the median of the residuals of a sample's rows
SHOWN = 3  # samples that a sentence names


def unfit(y: np.ndarray, completed: np.ndarray, keep: np.ndarray, axis: int) -> np.ndarray:
    """Which rows that were measured are far from what an estimate says of them, (N, rows) bool.

    y: data (N, C, H, W); completed: the data that belong to the estimates; keep (N, rows) bool. Far is a root mean
    square of the differences `FAR` times that of the median row: noise alone parts rows of tens of entries by a few per
    cent, and what a network cannot say of a sample by two or three times.
    """
    squares = np.moveaxis(np.square(completed - y, dtype=float), axis, 1)
    residuals = np.where(keep, squares.reshape(*keep.shape, -1).mean(2) ** 0.5, np.nan)
    return residuals > FAR * np.nanmedian(residuals, axis=1, keepdims=True)


def in_words(found: np.ndarray, problem) -> str:
    """A sentence on rows (N, rows) bool of N samples, "" where there are none."""
    odd = np.flatnonzero(found.any(1))
    if not len(odd):
        return ""
    places = problem.positions if problem.positions is not None else np.arange(found.shape[1])
    unit = f" {problem.position_unit}" if problem.positions is not None and problem.position_unit else ""

    def told(sample: int) -> str:
        return f"{', '.join(f'{place:g}' for place in places[found[sample]])}{unit} of sample {sample}"

    shown = "; ".join(told(sample) for sample in odd[:SHOWN])
    more = f"; and rows of {len(odd) - SHOWN} more samples" if len(odd) > SHOWN else ""
    return (
        f"Some {problem.missing_name} do not fit what the others say: {shown}{more}. If they were disturbed or never "
        "measured, mark them as missing (NaN) and predict again; a robust method (lsi-robust) gives them little weight."
    )
