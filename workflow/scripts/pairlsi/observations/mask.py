"""The operator P of an observation: which rows of the data reach us. P zeroes the others: Pᵀ = P, P P = P."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mask:
    """`keep` bool says which rows along `axis` of a batch of data arrive: (rows,) of all channels, or (C, rows)."""

    name: str
    axis: int
    keep: np.ndarray

    def weights(self) -> np.ndarray:
        """`keep` as float32 in a shape that multiplies one sample (C, H, W)."""
        shape = [1, 1, 1]
        shape[self.axis - 1] = self.keep.shape[-1]
        if self.keep.ndim == 2:
            shape[0] = len(self.keep)
        return self.keep.astype(np.float32).reshape(shape)

    def __call__(self, y):
        """P y: zero the missing rows of a batch (N, C, H, W), an array or a tensor."""
        if y.shape[self.axis] != self.keep.shape[-1]:
            rows, there = self.keep.shape[-1], y.shape[self.axis]
            raise ValueError(f"mask {self.name} has {rows} rows, the data have {there} on axis {self.axis}")
        weights = self.weights()
        return y * (weights if isinstance(y, np.ndarray) else y.new_tensor(weights))
