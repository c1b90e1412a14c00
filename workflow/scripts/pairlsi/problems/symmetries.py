"""Symmetries of a problem: what turns a pair (x, y) into another that is as likely.

They multiply the training split: averages over it become averages over all its turned copies, exactly, and trained
networks see each sample in another of them every time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

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

    def subgroup(self) -> list[int]:
        """Numbers of symmetries that commute and are each its own inverse, as many as can be, in order of their bits.

        The first is the identity, and number i is the product of those numbered by the bits of i.
        """
        keys = {a.tobytes() + b.tobytes(): i for i, (a, b) in enumerate(self)}

        def product(i: int, j: int) -> int:
            return keys[self.x[i][self.x[j]].tobytes() + self.y[i][self.y[j]].tobytes()]

        found = [0]
        for new in range(1, len(self)):
            alone = product(new, new) == 0 and new not in found
            if alone and all(product(new, old) == product(old, new) for old in found):
                found += [product(new, old) for old in found]
        return found

    def parts(self, space: str) -> list["Part"]:
        """The spaces that second moments of all turned copies leave apart: no entry there is correlated with another's.

        One for each way in which vectors of x or y can keep or change their sign under the symmetries of `subgroup`.
        """
        turns = getattr(self, space)
        subgroup = self.subgroup()
        chosen = turns[subgroup]
        # one of each coset: what the symmetries beyond the subgroup make of a sample
        seen, cosets = set(), []
        for turn in turns:
            if turn.tobytes() not in seen:
                cosets.append(turn)
                seen |= {turn[other].tobytes() for other in chosen}
        first = np.flatnonzero(chosen.min(axis=0) == np.arange(turns.shape[1]))  # of each orbit
        found = []
        for pattern in range(len(subgroup)):
            signs = np.array([(-1.0) ** (pattern & number).bit_count() for number in range(len(subgroup))])
            stay = signs @ (chosen[:, first] == first)  # 0 where one that leaves an entry changes its sign
            orbits = chosen[:, first[stay > 0]]
            found.append(Part(orbits, signs, np.sqrt(len(subgroup) * stay[stay > 0]), np.stack(cosets)))
        return found


@dataclass(frozen=True)
class Part:
    """An orthonormal basis of a part: vector i has signs[g] / norms[i] at entry orbits[g, i], summed over g.

    cosets (K, entries): turns of a sample, all of which are to be counted.
    """

    orbits: np.ndarray
    signs: np.ndarray
    norms: np.ndarray
    cosets: np.ndarray

    def coordinates(self, samples: np.ndarray) -> np.ndarray:
        """Of samples (N, entries) turned by each of the cosets, (K N, n), in the precision of the samples."""
        found = []
        for coset in self.cosets:
            total = sum(sign * samples[:, coset[orbit]] for sign, orbit in zip(self.signs, self.orbits, strict=True))
            found.append((total / self.norms).astype(samples.dtype))
        return np.concatenate(found)

    def vectors(self, coordinates: np.ndarray) -> np.ndarray:
        """(entries, k) of coordinates (n, k)."""
        vectors = np.zeros((self.cosets.shape[1], coordinates.shape[1]))
        for sign, orbit in zip(self.signs, self.orbits, strict=True):
            vectors[orbit] += sign * coordinates / self.norms[:, None]  # no entry is twice in an orbit's row
        return vectors
