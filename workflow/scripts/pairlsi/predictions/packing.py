"""The weights of an experiment's networks in as few bytes as serve.

A matrix that several networks hold is stored once. Principal components keep or change their sign under each symmetry
of the problem (`problems.symmetries`), so that a part of their entries says the others: a quarter, for two reflections.
Large matrices are whole numbers of a step, the root mean square of what is not zero in their row over LEVELS: off by
0.2 % of that, each entry for itself, where errors of estimates are several percent. High bytes, nearly all zero, stand
apart from the low ones, so that compression leaves 9.5 of 32 bits, and nothing of zeros.
"""

import json

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from pairlsi.problems.symmetries import Symmetries

LARGE = 2**12  # entries of a matrix from which on it is worth the while
LEVELS = 128  # steps in the root mean square of a row
INSIDE = 1e-6  # of a column's square that may lie beside its part


def packed(weights: dict[str, Tensor], symmetries: Symmetries) -> bytes:
    """The bytes of tensors by their names."""
    kept: dict[str, Tensor] = {}
    said: dict[str, dict | list] = {"same": {}, "apart": {}, "rounded": {}}
    for name, tensor in weights.items():
        twin = next((other for other in kept if large(tensor) and same(weights[other], tensor)), None)
        if twin is not None:
            said["same"][name] = twin
        else:
            kept[name] = tensor
    for name in [name for name, u in kept.items() if large(u)]:
        tensor = kept.pop(name)
        space, pieces = apart(tensor, symmetries)
        if space:
            said["apart"][name] = [space, list(tensor.shape)]
        else:
            pieces = {"": tensor}
        for piece, u in pieces.items():
            own = f"{name}:{piece}" if piece else name
            if u.dtype == torch.float32:
                kept[f"{own}:levels"], kept[f"{own}:steps"] = rounded(u)
                said["rounded"][own] = [list(u.shape), orthonormal(u)]
            else:
                kept[own] = u
    return save({name: u.contiguous() for name, u in kept.items()}, {key: json.dumps(u) for key, u in said.items()})


def unpacked(content: bytes, symmetries: Symmetries) -> dict[str, Tensor]:
    """What `packed` was given, large arrays rounded."""
    length = int.from_bytes(content[:8], "little")
    said = {key: json.loads(u) for key, u in json.loads(content[8 : 8 + length])["__metadata__"].items()}
    tensors = load(content)
    for name, (shape, exactly) in said["rounded"].items():
        u = unrounded(tensors.pop(f"{name}:levels"), tensors.pop(f"{name}:steps")).view(shape)
        # a step of Newton's (Björck & Bowie, SIAM J. Numer. Anal. 8, 1971): where encoding what is decoded changes
        # nothing, that must stay so, or rounding would count as a residual
        tensors[name] = 1.5 * u - 0.5 * u @ (u.T @ u) if exactly else u
    for name, (space, shape) in said["apart"].items():
        which = tensors.pop(f"{name}:which").numpy()
        whole = np.zeros(shape, np.float32)
        for number, part in enumerate(symmetries.parts(space)):
            whole[:, which == number] = part.vectors(tensors.pop(f"{name}:{number}").numpy())
        tensors[name] = torch.from_numpy(whole)
    return tensors | {name: tensors[twin].clone() for name, twin in said["same"].items()}


def apart(matrix: Tensor, symmetries: Symmetries) -> tuple[str | None, dict[str, Tensor]]:
    """Of columns (entries, k) that lie in one part each: the space, "x" or "y", and the numbers and coordinates of the
    parts; None where they do not.
    """
    for space in ("x", "y"):
        if len(symmetries) == 1 or matrix.dim() != 2 or len(matrix) != getattr(symmetries, space).shape[1]:
            continue
        columns = matrix.T.numpy()
        coordinates = [part.coordinates(columns)[: len(columns)] for part in symmetries.parts(space)]
        inside = np.stack([np.square(u, dtype=float).sum(1) for u in coordinates])
        whole, which = np.square(columns, dtype=float).sum(1), inside.argmax(0)
        if np.all(whole - inside.max(0) <= INSIDE * whole):
            pieces = {str(number): torch.from_numpy(u[which == number].T) for number, u in enumerate(coordinates)}
            return space, pieces | {"which": torch.from_numpy(which.astype(np.uint8))}
    return None, {}


def same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.equal(a, b)


def large(u: Tensor) -> bool:
    """Whether a tensor is a matrix, or kernels of a convolution, of many numbers: no mean or scale of any pixel. Two
    bytes count the levels of a row of that length, whatever is in it.
    """
    return u.dtype == torch.float32 and u.dim() in (2, 4) and u.numel() >= LARGE and u[0].numel() < 2**16 - 10


def orthonormal(u: Tensor) -> bool:
    """Whether the columns of a matrix are, but for the precision of numbers."""
    if u.dim() != 2 or u.shape[1] > u.shape[0]:
        return False
    return bool((u.T @ u - torch.eye(u.shape[1])).abs().max() < 1e-4)


def rounded(u: Tensor) -> tuple[Tensor, Tensor]:
    """Levels (2, entries) uint8, low and high bytes of 2 |n| less 1 where n < 0, and steps (rows,) with u = n step row
    by row of the first axis.
    """
    rows = u.double().flatten(1)
    steps = ((rows.square().sum(1) / (rows != 0).sum(1).clamp(min=1)) ** 0.5 / LEVELS).float()
    whole = torch.where(steps[:, None] > 0, rows / steps[:, None], 0).round().numpy()
    folded = np.where(whole < 0, -2 * whole - 1, 2 * whole).astype("<u2").ravel()
    return torch.from_numpy(folded.view(np.uint8).reshape(-1, 2).T.copy()), steps


def unrounded(levels: Tensor, steps: Tensor) -> Tensor:
    """(rows, entries of a row) of what `rounded` gave."""
    folded = levels.numpy().T.copy().view("<u2").ravel().astype(np.int32)
    whole = np.where(folded % 2, -(folded + 1) // 2, folded // 2).reshape(len(steps), -1)
    return torch.from_numpy(whole.astype(np.float32)) * steps[:, None]
