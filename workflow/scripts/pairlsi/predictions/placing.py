"""Lay a measurement onto the rows that networks were trained for: angles of views, depths of receivers.

Where a measured row lies where one of training lay, it is taken as it is. Where none does, a row between two measured
neighbours is interpolated linearly; a row without neighbours near enough is missing, and left to the methods.
"""

from dataclasses import dataclass, field

import numpy as np

from pairlsi.predictions import ObservationError
from pairlsi.predictions.reading import Measurement

SAME = 0.05  # of the step between rows of training: rows closer than that are the same
NEAR = 2.0  # steps between two measured rows over which a row of training is interpolated


@dataclass(frozen=True)
class Placed:
    """y (N, C, H, W) float32, zero where nothing is known; keep (N, rows) bool; said: what was done, in sentences;
    truth (N, C, H, W): x where it is known, or None.
    """

    y: np.ndarray
    keep: np.ndarray
    said: list[str] = field(default_factory=list)
    truth: np.ndarray | None = None


def place(measured: Measurement, problem, scale: float = 1.0) -> Placed:
    """Data of the problem's shape from a measurement, times `scale`.

    Raises ObservationError where shapes do not fit, or nothing, or nothing finite, is left.
    """
    positions = None if measured.positions is None else np.asarray(measured.positions, float).ravel()
    rows = problem.missing_count if positions is None else len(positions)
    y = shaped(measured, problem, rows) * np.float32(scale)
    said = [] if scale == 1 else [f"All values were multiplied by {scale:g}."]
    keep = kept(measured, len(y), rows, problem)
    axis, name = problem.missing_axis, problem.missing_name
    if np.isinf(y).any():
        raise ObservationError(
            f"{measured.name} has infinite values ({int(np.isinf(y).sum())} of {y.size}), perhaps logarithms of zero "
            "counts: set them to NaN, and they count as missing"
        )
    by_row = np.moveaxis(y, axis, 1).reshape(len(y), rows, -1)
    gaps = np.isnan(by_row)
    partly = gaps.any(2) & ~gaps.all(2) & keep
    if partly.any() and (gaps.any(2) | ~keep).all():
        columns = np.flatnonzero(gaps.all((0, 1)))
        which = f"entries {_some(columns)} of each are missing everywhere" if len(columns) else "there is no whole one"
        raise ObservationError(
            f"{measured.name} has gaps (NaN) in every one of its {name}, {which}: only whole {name} can be missing, so "
            "fill small gaps first, as by interpolation along the other axis"
        )
    if partly.any():
        said.append(f"Of the {name}, {int(partly.sum())} have gaps and count as missing.")
    keep &= ~gaps.any(2)
    rest = np.moveaxis(y, axis, 1).shape[2:]
    y = np.moveaxis(np.where(keep[..., None], by_row, 0).reshape(len(y), rows, *rest), 1, axis)
    if positions is not None:
        y, keep, told = moved(y, keep, positions, problem, measured.name)
        said.append(told)
    empty = np.flatnonzero(~keep.any(1))
    if len(empty):
        raise ObservationError(
            f"{measured.name}: nothing was measured in sample {_some(empty)} of {len(y)}: all its {name} are NaN or "
            "masked; leave it out"
        )
    silent = np.flatnonzero(~np.abs(y).reshape(len(y), -1).max(1).astype(bool))
    if len(silent):
        raise ObservationError(
            f"{measured.name}: all that was measured in sample {_some(silent)} of {len(y)} is zero: mark what is "
            "missing "
            "by NaN instead of by zeros, and leave out samples without any data"
        )
    return Placed(np.ascontiguousarray(y, np.float32), keep, said, truth_of(measured, len(y), problem))


def shaped(measured: Measurement, problem, rows: int) -> np.ndarray:
    """The data as (N, C, H, W) with so many rows along the axis of missing ones; one sample or several."""
    wanted = list(problem.y_shape)
    wanted[problem.missing_axis - 1] = rows
    y, wanted = measured.y, tuple(wanted)
    for own in [wanted] + ([wanted[1:]] if wanted[0] == 1 else []):
        if y.shape == own:
            return y.reshape(1, *wanted)
        if y.shape[1:] == own:
            return y.reshape(-1, *wanted)
    axes = ", ".join(
        f"{name} {size}" for name, size in zip(problem.y_axes or ("channel", "row", "column"), wanted, strict=True)
    )
    expected = f"{measured.name} has the shape {y.shape}; expected is one sample ({axes}) or several of them"
    if wanted[0] == 1:
        expected += ", the first axis of one left out or not"
    sizes = wanted[1:] if wanted[0] == 1 else wanted
    if y.ndim >= len(sizes) and sorted(y.shape[-len(sizes) :]) == sorted(sizes):
        advice = f"its axes are in another order, so transpose it, as by np.moveaxis, to end in {sizes}"
    elif y.ndim >= 2 and sizes[-1] in y.shape and measured.positions is None:
        advice = (
            f"if other {problem.missing_name} were measured than the {problem.missing_count} of training, say where "
            "they lie with positions=FILE, one number each"
        )
    else:
        advice = "bin or resample it to the sampling that the networks were trained for, or train them for yours"
    raise ObservationError(f"{expected}: {advice}")


def truth_of(measured: Measurement, samples: int, problem) -> np.ndarray | None:
    """x of every sample (N, C, H, W), where the file has it."""
    if measured.truth is None:
        return None
    if measured.truth.size != samples * np.prod(problem.x_shape) or not np.isfinite(measured.truth).all():
        raise ObservationError(
            f"{measured.name}: what it has for the truth has the shape {measured.truth.shape}; expected are finite "
            "values "
            f"for {samples} samples, {(samples, *problem.x_shape)}: make it so, or leave it out"
        )
    return measured.truth.reshape(samples, *problem.x_shape).astype(np.float32)


def kept(measured: Measurement, samples: int, rows: int, problem) -> np.ndarray:
    """Which rows of each sample were measured, (N, rows) bool, as far as a mask says it."""
    if measured.keep is None:
        return np.ones((samples, rows), bool)
    keep = np.asarray(measured.keep)
    if keep.shape not in ((rows,), (samples, rows)):
        raise ObservationError(
            f"{measured.name}: its mask has the shape {keep.shape}; expected is one entry for each of the {rows} "
            f"{problem.missing_name}, ({rows},), or that for each sample, ({samples}, {rows})"
        )
    if not np.isin(keep, (0, 1)).all():
        raise ObservationError(
            f"{measured.name}: its mask has {_some(np.unique(keep[~np.isin(keep, (0, 1))]))}; it should say 1 for "
            "what was "
            "measured and 0 for what was not"
        )
    return np.broadcast_to(keep.astype(bool), (samples, rows)).copy()


def moved(y: np.ndarray, keep: np.ndarray, positions: np.ndarray, problem, name: str):
    """Rows at `positions` (rows,) laid onto those of training: (y, keep, what was done in a sentence).

    y (N, C, H, W) and keep (N, rows): the measured ones. Positions that repeat, as angles do, are brought into range.
    """
    trained = problem.positions
    if trained is None:
        raise ObservationError(
            f"{name} says where its {problem.missing_name} lie, and of this problem nothing is known: leave it out"
        )
    unit, axis = problem.position_unit, problem.missing_axis
    step = float(np.abs(np.diff(trained)).min())
    if not np.isfinite(positions).all():
        raise ObservationError(f"{name}: some {problem.missing_name} lie at NaN or infinity: give a number for each")
    period = problem.position_period
    if period and len(positions) > 2 and np.ptp(positions) <= 2 * np.pi and step > 0.5:
        raise ObservationError(
            f"{name}: its {problem.missing_name} lie from {positions.min():.4g} to {positions.max():.4g}; if these are "
            f"radians, give them in {unit}"
        )
    rows = np.moveaxis(y, axis, 0)
    if period:  # the view from the other side is the same, mirrored
        turns = np.floor((positions - trained[0] + SAME * step) / period)
        positions = positions - turns * period
        rows = np.where((turns % 2 == 1).reshape(-1, 1, 1, 1), rows[..., ::-1], rows)
    low, high = trained.min() - SAME * step, trained.max() + SAME * step
    outside = (positions < low) | (positions > high)
    if not period and outside.all():
        raise ObservationError(
            f"{name}: its {problem.missing_name} lie from {positions.min():.4g} to {positions.max():.4g} {unit}, "
            "those of "
            f"training from {trained.min():.4g} to {trained.max():.4g} {unit}: check their unit and where they start "
            "from"
        )
    order = np.argsort(positions, kind="stable")
    positions, rows, keep = positions[order], rows[order], keep[:, order]
    if (np.diff(positions) < SAME * step * 1e-3).any():
        at = positions[:-1][np.diff(positions) < SAME * step * 1e-3]
        raise ObservationError(
            f"{name}: several {problem.missing_name} lie at {_some(np.round(at, 3))} {unit}: average them, or leave "
            "some out"
        )
    if period:
        positions = np.concatenate([positions[-1:] - period, positions, positions[:1] + period])
        rows = np.concatenate([rows[-1:, ..., ::-1], rows, rows[:1, ..., ::-1]])
        keep = np.concatenate([keep[:, -1:], keep, keep[:, :1]], axis=1)
    return _onto(trained, positions, rows, keep, y, problem, step)


def _onto(trained, positions, rows, keep, y, problem, step):
    """`moved` once positions are in range and order: (y, keep, the sentence)."""
    full = np.zeros((problem.missing_count, *rows.shape[1:]), np.float32)
    own = np.zeros((len(y), problem.missing_count), bool)
    exact = between = 0
    for number, wanted in enumerate(trained):
        right = int(np.searchsorted(positions, wanted))
        around = [index for index in (right - 1, right) if 0 <= index < len(positions)]
        nearest = min(around, key=lambda index: abs(positions[index] - wanted))
        if abs(positions[nearest] - wanted) <= SAME * step:
            full[number], own[:, number] = rows[nearest], keep[:, nearest]
            exact += 1
        elif len(around) == 2 and positions[right] - positions[right - 1] <= NEAR * step:
            part = (wanted - positions[right - 1]) / (positions[right] - positions[right - 1])
            full[number] = (1 - part) * rows[right - 1] + part * rows[right]
            own[:, number] = keep[:, right - 1] & keep[:, right]
            between += 1
    name = problem.missing_name
    told = f"Of the {problem.missing_count} {name} of training, {exact} were measured"
    told += f", {between} are interpolated between measured neighbours" if between else ""
    told += f" and {problem.missing_count - exact - between} are missing."
    full *= own.T.reshape(*own.T.shape, *[1] * (full.ndim - 2))
    return np.moveaxis(full, 0, problem.missing_axis), own, told


def _some(values) -> str:
    """A few values, and how many more there are."""
    values = list(np.asarray(values).tolist())
    told = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values[:5])
    return told + (f" and {len(values) - 5} more" if len(values) > 5 else "")
