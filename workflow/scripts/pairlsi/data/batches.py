"""Shuffled batches of a training split, in memory where it fits, else through a buffer of shards.

The order depends on (seed, epoch) alone, so a resumed run sees what an uninterrupted one would have seen.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from pairlsi.data import store


class Batches:
    """Batches (x, y) of (B, C, H, W) tensors from the split at `path`.

    Shards are visited in random order, as many at a time as `buffer_samples` samples fill, and samples are
    shuffled within them, while the next ones are read; a split that fits is read once and kept. A last incomplete
    batch is left out, unless `incomplete` asks for it. With `symmetries` (`problems.symmetries.Symmetries`) each
    sample comes turned by one of them, drawn anew every epoch. Processes that share the work call `share`, and each
    gets its rows of every batch.
    """

    def __init__(self, path: Path, batch_size: int, buffer_samples: int, seed: int, incomplete=False, symmetries=None):
        self.path, self.batch_size, self.seed, self.incomplete = path, batch_size, seed, incomplete
        several = symmetries is not None and len(symmetries) > 1
        self.turns = tuple(torch.from_numpy(u) for u in (symmetries.x, symmetries.y)) if several else None
        self.device = torch.device("cpu")
        self.part = slice(None)
        self.samples, self.shard_size = store.sizes(path)
        shards = store.shards(self.samples, self.shard_size)
        self.shards_at_once = max(1, buffer_samples // self.shard_size)
        self.whole = self._read(range(shards)) if buffer_samples >= self.samples else None
        self.shards = shards

    def _read(self, shards) -> tuple[torch.Tensor, torch.Tensor]:
        ranges = [slice(s * self.shard_size, (s + 1) * self.shard_size) for s in shards]
        return tuple(
            torch.from_numpy(np.concatenate([store.read(self.path, name, r) for r in ranges])) for name in store.ARRAYS
        )

    def __len__(self) -> int:
        """Batches an epoch."""
        return math.ceil(self.samples / self.batch_size) if self.incomplete else self.samples // self.batch_size

    def to(self, device: torch.device) -> None:
        """Give batches on `device` from now on; a split that is kept in memory moves there."""
        self.device = device
        if self.whole is not None:
            self.whole = tuple(values.to(device) for values in self.whole)
        if self.turns is not None:
            self.turns = tuple(turn.to(device) for turn in self.turns)

    def all(self) -> tuple[np.ndarray, np.ndarray]:
        """All samples as they are stored, in their order."""
        whole = self._read(range(self.shards)) if self.whole is None else self.whole
        return tuple(values.cpu().numpy() for values in whole)

    def share(self, rank: int, processes: int) -> None:
        """Give the part of process `rank` of every batch from now on.

        Every so-many-th row, so that the first half of each part lies in the first half of the batch: networks may
        treat the halves differently, and do to each row what they would do in one process.
        """
        self.part = slice(rank, None, processes)

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches of epoch `number` from batch `start` on."""
        rng = np.random.default_rng([self.seed, number])
        rest, batch = None, 0
        draws = np.random.default_rng([self.seed, number, 1])  # of symmetries, a batch's whatever was drawn before
        drawn = draws.integers(len(self.turns[0]), size=(len(self), self.batch_size)) if self.turns else None
        for x, y in self._groups(rng):
            if rest is not None:  # what the last group of shards left over
                x, y = torch.cat([rest[0], x]), torch.cat([rest[1], y])
            order = torch.from_numpy(rng.permutation(len(x))).to(x.device)
            for rows in order.split(self.batch_size):
                if len(rows) < self.batch_size:
                    rest = x[rows], y[rows]
                    break
                if batch >= start:
                    yield self._turned((x[rows[self.part]], y[rows[self.part]]), drawn, batch)
                batch += 1
            else:
                rest = None
        if self.incomplete and rest is not None and batch >= start:
            yield self._turned(tuple(values[self.part] for values in rest), drawn, batch)

    def _turned(self, pair: tuple, drawn: np.ndarray | None, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The samples of a batch, or this process's part of them, each turned by what was drawn for it."""
        if drawn is None:
            return pair
        which = torch.from_numpy(drawn[batch][self.part][: len(pair[0])]).to(self.turns[0].device)
        turned = (u.flatten(1).gather(1, turn[which]) for u, turn in zip(pair, self.turns, strict=True))
        return tuple(u.view(v.shape) for u, v in zip(turned, pair, strict=True))

    def _groups(self, rng: np.random.Generator):
        if self.whole is not None:
            yield self.whole
            return
        order = rng.permutation(self.shards)
        groups = [order[first : first + self.shards_at_once] for first in range(0, self.shards, self.shards_at_once)]
        with ThreadPoolExecutor(1, "shards") as reader:  # the next ones are read while these are used
            coming = reader.submit(self._read, groups[0])
            for after in [*groups[1:], ()]:
                group = coming.result()
                coming = reader.submit(self._read, after) if len(after) else None
                yield tuple(values.to(self.device) for values in group)
