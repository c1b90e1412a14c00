"""Rows of the data that do not fit what the others say: a disturbed view, a receiver that was never connected."""

import numpy as np

from pairlsi.predictions.plausible import ODD

FAR = 5.0  # times the median of the residuals of a sample's rows, where no validation samples say what is usual
SHOWN = 3  # samples that a sentence names


def ratios(y: np.ndarray, completed: np.ndarray, keep: np.ndarray, axis: int) -> np.ndarray:
    """Residuals of rows over that of the sample's median row, (N, rows), 0 for rows that are missing.

    y: data (N, C, H, W); completed: the data that belong to the estimates; keep (rows,) bool. The residual of a row is
    the root mean square of the differences: noise parts rows of tens of entries by a few per cent, and what a network
    cannot say of a sample by two or three times and more.
    """
    squares = np.moveaxis(np.square(completed - y, dtype=float), axis, 1)
    residuals = squares.reshape(len(y), len(keep), -1).mean(2) ** 0.5 * keep
    usual = np.median(residuals[:, keep], axis=1, keepdims=True) if keep.any() else np.zeros((len(y), 1))
    return np.divide(residuals, usual, out=np.zeros_like(residuals), where=usual > 0)


def limit(y: np.ndarray, completed: np.ndarray | None, keep: np.ndarray, axis: int) -> float:
    """What ratio is far: `ODD` times the largest among validation samples, full data y (n, C, H, W), since the largest
    of few samples says little of how much larger one may be.
    """
    return FAR if completed is None else ODD * float(ratios(y, completed, keep, axis).max())


def places(problem) -> np.ndarray:
    """Where the rows of data lie, (rows,) in `problem.position_unit`; their numbers where the problem does not say."""
    return np.arange(problem.missing_count) if problem.positions is None else np.asarray(problem.positions)


def in_words(found: np.ndarray, problem) -> str:
    """A sentence on rows (N, rows) bool of N samples, "" where there are none."""
    odd = np.flatnonzero(found.any(1))
    if not len(odd):
        return ""
    where = places(problem)
    unit = f" {problem.position_unit}" if problem.positions is not None and problem.position_unit else ""

    def told(sample: int) -> str:
        return f"{', '.join(f'{place:g}' for place in where[found[sample]])}{unit} of sample {sample}"

    shown = "; ".join(told(sample) for sample in odd[:SHOWN])
    more = f"; and rows of {len(odd) - SHOWN} more samples" if len(odd) > SHOWN else ""
    return (
        f"Some {problem.missing_name} do not fit what the others say: {shown}{more}. If they were disturbed or never "
        "measured, mark them as missing (NaN) and predict again; a robust method (lsi-robust) gives them little weight."
    )
