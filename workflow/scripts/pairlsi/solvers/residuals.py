"""Residuals by row of the data and by bin of a detector, over those of the sample's median row or bin: what does not
fit what the others say.
"""

import numpy as np

QUARTILE = 0.75  # a dead bin is off in most rows, a silent row in most bins; a few outliers are no fault of theirs


def over_median(off: np.ndarray, weights: np.ndarray, axis: int, quantile: float | None = None) -> np.ndarray:
    """(N, n): the root mean square of differences off (N, C, H, W) of data at every place along an axis, over that at
    the median place; 0 where nothing arrived.

    weights (C, H, W), broadcastable: 1 where data arrived; quantile: of their sizes, instead of the root mean square.
    Noise parts rows of tens of entries by a few per cent, and what a network cannot say of a sample by two or three
    times and more.
    """

    def residual(entries: np.ndarray) -> np.ndarray:
        if quantile is not None:
            return np.quantile(np.abs(entries), quantile, axis=1)
        return np.sqrt(np.square(entries, dtype=float).mean(1))

    found, some = at_places(off, weights, axis, residual)
    usual = np.median(found[:, some], axis=1, keepdims=True) if some.any() else np.zeros((len(off), 1))
    return np.divide(found, usual, out=np.zeros_like(found), where=usual > 0)


def spread(y: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """(N, n): the standard deviation of data y (N, C, H, W) that arrived, at every place along an axis."""
    return at_places(y, weights, axis, lambda entries: entries.std(1, dtype=float))[0]


def at_places(u: np.ndarray, weights: np.ndarray, axis: int, of) -> tuple[np.ndarray, np.ndarray]:
    """`of` the entries (N, entries) that arrived at every place along an axis, (N, n), 0 for none; which have some."""
    places = np.moveaxis(u, axis, 0).reshape(u.shape[axis], len(u), -1)
    arrived = np.moveaxis(np.broadcast_to(weights, u.shape[1:]), axis - 1, 0).reshape(len(places), -1) > 0
    found = np.zeros((len(u), len(places)))
    for place, (entries, kept) in enumerate(zip(places, arrived, strict=True)):
        if kept.any():
            found[:, place] = of(entries[:, kept])
    return found, arrived.any(1)
