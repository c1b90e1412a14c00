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
from pairlsi.networks.linear_pair import leading as largest_of
from pairlsi.problems.symmetries import Part, Symmetries

BLOCK = 512  # rows or columns turned to float64 at a time: bounds the memory to far less than the data's
DRAWS = 8  # masks that a sample is seen behind, where each has its own: with one the least error is 7 % more
EPSILON = np.finfo(float).eps


def fit_samples(network: LinearPair, x, y, symmetries: Symmetries | None = None, keep=None) -> None:
    """Set all maps from samples x, y (N, C, H, W), physical units, by the second moments of these samples.

    `network` must have its scaling already. symmetries: the moments are those of all turned copies; keep (C, H, W),
    broadcastable: entries of y where it is 0 are not used; or a function of how many samples there are that gives a
    mask for each, (samples, C, H, W), broadcastable: entries of y are 0 where it is, and turned with the sample, of
    which each is taken `DRAWS` times. The eigenvectors come from the smaller of the two matrices of inner products,
    over entries or over samples: exact and repeatable, unlike a randomised decomposition, and no slower for a few
    thousand of either. Raises ValueError where a latent is longer than the rank of the samples.
    """
    symmetries = symmetries or Symmetries(network.x_shape, network.y_shape)
    if callable(keep):
        x, y = (np.concatenate([u] * DRAWS) for u in (x, y))
        y, keep = y * np.asarray(keep(len(y))), None
    x, y = scaled(network.x_scaling, x), scaled(network.y_scaling, y)
    latent_x, latent_y = network.basis_x.shape[1], network.basis_y.shape[1]
    in_x = Principal([of_part(part, x, latent_x) for part in symmetries.parts("x")], "x")
    of_x = in_x.largest(latent_x)
    if keep is None:
        in_y = Principal([of_part(part, y, latent_y) for part in symmetries.parts("y")], "y")
        of_y = in_y.largest(latent_y)
        cross, total = cross_moment(in_x, of_x[2], in_y, of_y[2]), sum(part.total for part in in_y.parts)
    else:
        kept = np.flatnonzero(np.broadcast_to(keep, network.y_shape))
        of_y, cross, total = behind(kept, x, y, symmetries, of_x[1], latent_y)
    square_x = np.mean([np.square(x, dtype=float).mean(0)[turn] for turn in symmetries.x], axis=0)
    set_maps(network, of_x[:2], of_y[:2], cross, total, square_x)


def cross_moment(in_x: "Principal", from_x, in_y: "Principal", from_y) -> np.ndarray:
    """U_xᵀ Γ_xy U_y (latent_x, latent_y) of components that come from these parts: see `Principal.largest`."""
    cross = np.zeros([len(part) for part, _ in (from_x, from_y)])
    for i, (of_x, of_y) in enumerate(zip(in_x.parts, in_y.parts, strict=True)):
        rows, columns = (np.flatnonzero(part == i) for part, _ in (from_x, from_y))
        numbers = [number[part == i] for part, number in (from_x, from_y)]
        found = of_x.components[:, numbers[0]].T @ of_y.components[:, numbers[1]]
        cross[np.ix_(rows, columns)] = found / len(of_x.components)
    return cross


def behind(kept: np.ndarray, x: np.ndarray, y: np.ndarray, symmetries: Symmetries, basis_x: np.ndarray, latent: int):
    """The same behind a mask that keeps these entries of y (k,): (eigenvalues (latent,), vectors (entries, latent)),
    U_xᵀ Γ_xy U_y (latent_x, latent) and the trace of Γ_y; x, y (N, entries) scaled, basis_x (entries, latent_x).

    A mask has no symmetries, so nothing falls apart; but the moments of all copies are those of one, turned.
    """
    moment, mixed = product(y.T, y) / len(y), product(x.T, y) / len(y)
    over = 1 / len(symmetries)
    moment = sum(over * moment[np.ix_(turn[kept], turn[kept])] for turn in symmetries.y)
    mixed = sum(over * mixed[np.ix_(a, b[kept])] for a, b in zip(symmetries.x, symmetries.y, strict=True))
    values, inside = largest_of(moment, latent, "y")
    vectors = np.zeros((y.shape[1], latent))
    vectors[kept] = inside
    return (values, vectors), basis_x.T @ mixed @ inside, float(np.trace(moment))


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
