"""The weights of an experiment's networks in as few bytes as serve.

A matrix that several networks hold is stored once. Principal components keep or change their sign under each symmetry
of the problem (`problems.symmetries`), so that a part of their entries says the others: a quarter, for two reflections.
Of what is mostly zero, as the maps between such components, only the rest is stored. Large matrices are in half
precision: exact to 5e-4 of each entry, or to 6e-8 where that is more.
"""

import json

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from pairlsi.problems.symmetries import Symmetries

LARGE = 2**16  # entries of a tensor from which on it is worth the while
INSIDE = 1e-6  # of a column's square that may lie beside its part


def packed(weights: dict[str, Tensor], symmetries: Symmetries) -> bytes:
    """The bytes of tensors by their names."""
    kept: dict[str, Tensor] = {}
    said: dict[str, dict | list] = {"same": {}, "apart": {}, "sparse": {}, "halved": []}
    for name, tensor in weights.items():
        twin = next((other for other in kept if tensor.numel() >= LARGE and same(weights[other], tensor)), None)
        if twin is not None:
            said["same"][name] = twin
        else:
            kept[name] = tensor
    for name in [name for name, u in kept.items() if u.numel() >= LARGE and u.dtype == torch.float32]:
        tensor = kept.pop(name)
        space, pieces = apart(tensor, symmetries)
        if space:
            said["apart"][name] = [space, list(tensor.shape)]
        elif 2 * tensor.count_nonzero() < tensor.numel():
            some = (tensor != 0).flatten()
            pieces = {"which": torch.from_numpy(np.packbits(some.numpy())), "values": tensor.flatten()[some]}
            said["sparse"][name] = list(tensor.shape)
        else:
            pieces = {"": tensor}
        for piece, u in pieces.items():
            own = f"{name}:{piece}" if piece else name
            fits = u.dtype == torch.float32 and u.numel() and u.abs().max() < torch.finfo(torch.half).max
            said["halved"] += [own] if fits else []
            kept[own] = u.half() if fits else u
    return save({name: u.contiguous() for name, u in kept.items()}, {key: json.dumps(u) for key, u in said.items()})


def unpacked(content: bytes, symmetries: Symmetries) -> dict[str, Tensor]:
    """What `packed` was given, large entries rounded."""
    length = int.from_bytes(content[:8], "little")
    said = {key: json.loads(u) for key, u in json.loads(content[8 : 8 + length])["__metadata__"].items()}
    tensors = load(content)
    tensors |= {name: tensors[name].float() for name in said["halved"]}
    for name, (space, shape) in said["apart"].items():
        which = tensors.pop(f"{name}:which").numpy()
        whole = np.zeros(shape, np.float32)
        for number, part in enumerate(symmetries.parts(space)):
            whole[:, which == number] = part.vectors(tensors.pop(f"{name}:{number}").numpy())
        tensors[name] = torch.from_numpy(whole)
    for name, shape in said["sparse"].items():
        whole = torch.zeros(int(np.prod(shape)))
        some = np.unpackbits(tensors.pop(f"{name}:which").numpy(), count=len(whole)).astype(bool)
        whole[torch.from_numpy(some)] = tensors.pop(f"{name}:values")
        tensors[name] = whole.view(shape)
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
