"""Symmetries of a problem: what turns a pair (x, y) into another that is as likely.

They multiply the training split: averages over it become averages over all its turned copies, exactly, and trained
networks see each sample in another of them every time.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

Turn = Callable[[np.ndarray], np.ndarray]  # a permutation of the entries of samples (..., C, H, W), as u[..., ::-1]


class Symmetries:
    """A group of permutations of the entries of x and y: A(x.flat[a]) = A(x).flat[b], and x.flat[a] as likely as x.

    x (G, entries), y (G, entries): the indices a and b of each, the identity first.
    """

    def __init__(self, x_shape: Sequence[int], y_shape: Sequence[int], generators: Sequence[tuple[Turn, Turn]] = ()):
        """The group that `generators`, pairs of what happens to x and to y, generate; the identity alone without."""
        one = tuple(np.arange(int(np.prod(shape))) for shape in (x_shape, y_shape))
        steps = [
            tuple(turn(u.reshape(shape)).ravel() for turn, u, shape in zip(turns, one, (x_shape, y_shape), strict=True))
            for turns in generators
        ]
        found, new = {one[1].tobytes() + one[0].tobytes(): one}, [one]
        while new:
            a, b = new.pop()
            for step_a, step_b in steps:
                pair = a[step_a], b[step_b]
                key = pair[1].tobytes() + pair[0].tobytes()
                if key not in found:
                    found[key] = pair
                    new.append(pair)
        self.x, self.y = (np.stack(turned) for turned in zip(*found.values(), strict=True))

    def __len__(self) -> int:
        return len(self.x)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return zip(self.x, self.y, strict=True)

    def average(self, mean: np.ndarray, space: str) -> np.ndarray:
        """The mean (C, H, W) of all turned copies of samples of x or y whose mean is `mean`."""
        return np.mean([mean.ravel()[turn] for turn in getattr(self, space)], axis=0).reshape(mean.shape)
