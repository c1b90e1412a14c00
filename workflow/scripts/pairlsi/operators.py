"""The observation operator P: which rows of the data reach us (METHOD.md: R, B, R′, B′ of the paper's Table 1).

P zeroes the missing rows, so it is its own adjoint and P P = P.
"""

from dataclasses import dataclass

import numpy as np

GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Mask:
    """P for one mask: `keep` (rows,) bool says which rows along `axis` of a batch of data arrive."""

    name: str
    axis: int
    keep: np.ndarray

    def weights(self) -> np.ndarray:
        """`keep` as float32 in a shape that multiplies one sample (C, H, W)."""
        shape = [1, 1, 1]
        shape[self.axis - 1] = len(self.keep)
        return self.keep.astype(np.float32).reshape(shape)

    def __call__(self, y):
        """P y: zero the missing rows of a batch (N, C, H, W), an array or a tensor."""
        if y.shape[self.axis] != len(self.keep):
            raise ValueError(
                f"mask {self.name} has {len(self.keep)} rows, the data have {y.shape[self.axis]} on axis {self.axis}"
            )
        weights = self.weights()
        return y * (weights if isinstance(y, np.ndarray) else y.new_tensor(weights))


def split_draw(name: str) -> tuple[str, int]:
    """Split a mask's name {kind}-{percent}-{draw}, as in random-25-0, into what it is a draw of and the draw."""
    masks, _, draw = name.rpartition("-")
    return masks, int(draw)


def create(name: str, rows: int, axis: int, seed: int) -> Mask:
    """Return the mask called {kind}-{percent}-{draw} for data with `rows` rows along `axis`.

    kind none keeps all; random misses percent % of the rows, drawn without replacement; block misses as many
    neighbouring rows. Draw 0 is the one that encoder-decoders are trained on. Draws of blocks start a golden
    section of the range apart, so that few draws overlap little; all draws depend on `seed` alone. What a draw
    misses at one percentage it misses at every larger one too, so that a curve over percentages is no comparison of
    other masks. Raises ValueError for a name of another form.
    """
    kind, percent, draw = name.split("-")
    missing = round(rows * int(percent) / 100)
    keep = np.ones(rows, bool)
    if kind == "random":
        keep[np.random.default_rng([seed, int(draw)]).permutation(rows)[:missing]] = False
    elif kind == "block":
        first = np.random.default_rng(seed).random()
        # rounded down, a start moves to the front by one row at most when the block grows by one
        start = int((first + int(draw) * GOLDEN) % 1 * (rows - missing + 1))
        keep[start : start + missing] = False
    elif kind != "none":
        raise ValueError(f"mask {name!r}: the kind is none, random or block")
    return Mask(name, axis, keep)
