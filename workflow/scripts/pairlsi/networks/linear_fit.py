"""The linear PAIR fitted to samples, with all their turned copies where the problem has symmetries.

Second moments of samples with their copies fall apart (`problems.symmetries.Part`): what keeps its sign under a
reflection, say, is not correlated with what changes it. Each part is an eigenvalue problem of its own, of a quarter of
the entries for two reflections, which takes a 64th of the time. Everything is computed in float64 on the host.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pairlsi.networks.autoencoders import Scaling
from pairlsi.networks.linear_pair import LinearPair, set_maps
from pairlsi.problems.symmetries import Part, Symmetries

BLOCK = 512  # rows or columns turned to float64 at a time: bounds the memory to far less than the data's
EPSILON = np.finfo(float).eps


def fit_samples(network: LinearPair, x, y, symmetries: Symmetries | None = None, keep=None) -> None:
    """Set all maps from samples x, y (N, C, H, W), physical units, by the second moments of these samples.

    `network` must have its scaling already. symmetries: the moments are those of all turned copies; keep (C, H, W),
    broadcastable: entries of y where it is 0 are not used; or a function of how many samples there are, with all
    copies, that gives a mask for each, (samples, C, H, W), broadcastable: entries of y are 0 where it is. The
    eigenvectors come from the smaller of the two matrices of inner products, over entries or over samples: exact and
    repeatable, unlike a randomised decomposition, and no slower for a few thousand of either. Raises ValueError where
    a latent is longer than the rank of the samples.
    """
    x, y = scaled(network.x_scaling, x), scaled(network.y_scaling, y)
    one = Symmetries(network.x_shape, network.y_shape)
    symmetries = symmetries or one
    if keep is not None:  # a mask has no symmetries
        x, y = (np.concatenate([u[:, turn] for turn in turns]) for u, turns in ((x, symmetries.x), (y, symmetries.y)))
        symmetries, shift = one, np.zeros(network.y_shape, y.dtype)
        if callable(keep):
            keep, shift = np.asarray(keep(len(y))), (network.y_scaling.shift / network.y_scaling.scale).cpu().numpy()
        rows = y.reshape(-1, *network.y_shape)  # a view, of the copy made above
        rows += shift
        rows *= keep
        rows -= shift
    in_x = Principal([of_part(part, x, network.basis_x.shape[1]) for part in symmetries.parts("x")], "x")
    in_y = Principal([of_part(part, y, network.basis_y.shape[1]) for part in symmetries.parts("y")], "y")
    found = in_x.largest(network.basis_x.shape[1]), in_y.largest(network.basis_y.shape[1])
    cross = np.zeros([len(values) for values, _, _ in found])
    for i, (of_x, of_y) in enumerate(zip(in_x.parts, in_y.parts, strict=True)):
        rows, columns = (np.flatnonzero(part == i) for _, _, (part, _) in found)
        numbers = [number[part == i] for _, _, (part, number) in found]
        product = of_x.components[:, numbers[0]].T @ of_y.components[:, numbers[1]]
        cross[np.ix_(rows, columns)] = product / len(of_x.components)
    square_x = np.mean([np.square(x, dtype=float).mean(0)[turn] for turn in symmetries.x], axis=0)
    of_both = ((values, basis) for values, basis, _ in found)
    set_maps(network, *of_both, cross, sum(part.total for part in in_y.parts), square_x)


@dataclass(frozen=True)
class OfPart:
    """Principal components of samples in one part of their space.

    values (k,), descending; vectors (entries, k); components (samples, k); total: the trace of the second moment.
    """

    values: np.ndarray
    vectors: np.ndarray
    components: np.ndarray
    total: float


@dataclass(frozen=True)
class Principal:
    """Those of all parts of space "x" or "y"."""

    parts: list[OfPart]
    space: str

    def largest(self, latent: int) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """The largest eigenvalues, descending (latent,), their vectors (entries, latent), and where they come from:
        numbers (latent,) of the part and within it.

        Raises ValueError naming the space where there are fewer that are not zero to rounding.
        """
        every = np.concatenate([part.values for part in self.parts])
        part = np.concatenate([np.full(len(own.values), i) for i, own in enumerate(self.parts)])
        number = np.concatenate([np.arange(len(own.values)) for own in self.parts])
        order = np.argsort(-every, kind="stable")[:latent]
        possible = int(np.sum(every > len(every) * EPSILON * every.max()))
        if possible < latent:
            asked = f"latent_{self.space} is {latent}"
            raise ValueError(f"{asked}: the second moment of {self.space} has rank {possible}, ask for less")
        vectors = np.stack([self.parts[i].vectors[:, j] for i, j in zip(part[order], number[order], strict=True)], 1)
        return every[order], vectors, (part[order], number[order])


def of_part(part: Part, samples: np.ndarray, latent: int) -> OfPart:
    """At most so many principal components of samples (N, entries), and of their copies, in one part."""
    inside = part.coordinates(samples)
    if not inside.size:  # nothing changes its sign where a reflection moves no entry
        return OfPart(np.zeros(0), part.vectors(np.zeros((0, 0))), inside, 0.0)
    total = sum(np.square(inside[rows], dtype=float).sum() for rows in parts(len(inside))) / len(inside)
    values, basis = leading(inside, min(latent, *inside.shape))
    return OfPart(values, part.vectors(basis), product(inside, basis), float(total))


def leading(samples: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` largest eigenvalues, descending, and vectors (entries, count) of the second moment of samples
    (N, entries), which is not formed where there are fewer samples; those that are zero to rounding are left out.
    """
    import scipy.linalg  # slow to import, and needed to fit only

    few = len(samples) < samples.shape[1]
    moment = (product(samples, samples.T) if few else product(samples.T, samples)) / len(samples)
    size = len(moment)
    values, vectors = scipy.linalg.eigh(moment, subset_by_index=[size - count, size - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    some = values > size * EPSILON * values[0]
    values, vectors = values[some], vectors[:, some]
    if few:  # inner products square the condition number: the factorisation makes the basis orthonormal again
        vectors, _ = np.linalg.qr(product(samples.T, vectors))
        values = np.square(product(samples, vectors)).mean(0)
    return values, vectors


def scaled(scaling: Scaling, samples: np.ndarray) -> np.ndarray:
    """(N, C, H, W) physical -> (N, C H W) scaled, of the same precision."""
    shift = scaling.shift.cpu().numpy().astype(samples.dtype)
    return ((samples - shift) / samples.dtype.type(scaling.scale.item())).reshape(len(samples), -1)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b in float64, converting `BLOCK` of the longer dimension at a time."""
    if a.shape[0] > a.shape[1]:
        return np.concatenate([a[part].astype(float) @ b for part in parts(a.shape[0])])
    return sum(a[:, part].astype(float) @ b[part].astype(float) for part in parts(a.shape[1]))


def parts(length: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, length, BLOCK))
