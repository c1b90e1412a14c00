"""Missing rows of data from their neighbours."""

import numpy as np


def interpolate(y: np.ndarray, keep: np.ndarray, axis: int, mirrored: bool) -> np.ndarray:
    """Fill the missing rows of y (N, C, H, W) linearly from the nearest rows that arrived.

    keep: bool along `axis`, (rows,) or, of each channel, (C, rows). mirrored: rows continue past the ends as
    p(s, θ + π) = p(-s, θ), as a parallel beam's do, with s the last axis; else the first and last row that arrived are
    repeated.
    """
    if keep.ndim == 2:
        channels = (interpolate(y[:, c : c + 1], own, axis, mirrored) for c, own in enumerate(keep))
        return np.concatenate(list(channels), axis=1)
    y = np.moveaxis(y, axis, 0)
    rows = len(keep)
    known = np.flatnonzero(keep)
    values = y[known]
    if mirrored:
        known = np.concatenate([known - rows, known, known + rows])
        values = np.concatenate([values[..., ::-1], values, values[..., ::-1]])
    wanted = np.arange(rows)
    right = np.clip(np.searchsorted(known, wanted), 0, len(known) - 1)
    left = np.clip(np.searchsorted(known, wanted, side="right") - 1, 0, len(known) - 1)
    gap = known[right] - known[left]
    weight = np.where(gap > 0, (wanted - known[left]) / np.maximum(gap, 1), 0)
    weight = weight.astype(y.dtype).reshape(-1, *[1] * (y.ndim - 1))
    filled = (1 - weight) * values[left] + weight * values[right]
    return np.moveaxis(filled, 0, axis)
