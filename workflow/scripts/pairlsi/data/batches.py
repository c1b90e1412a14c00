"""Shuffled batches of a training split, in memory where it fits, else through a buffer of shards.

The order depends on (seed, epoch) alone, so a resumed run sees what an uninterrupted one would have seen.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from pairlsi.data import store


class Batches:
    """Batches (x, y) of (B, C, H, W) tensors from the split at `path`.

    Shards are visited in random order, as many at a time as `buffer_samples` samples fill, and samples are
    shuffled within them; a split that fits is read once and kept. A last incomplete batch is left out, unless
    `incomplete` asks for it. Processes that share the work call `share`, and each gets its rows of the same batches.
    """

    def __init__(self, path: Path, batch_size: int, buffer_samples: int, seed: int, incomplete: bool = False):
        self.path, self.batch_size, self.seed, self.incomplete = path, batch_size, seed, incomplete
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
            torch.from_numpy(np.concatenate([store.read(self.path, name, r) for r in ranges])).to(self.device)
            for name in store.ARRAYS
        )

    def __len__(self) -> int:
        """Batches an epoch."""
        return math.ceil(self.samples / self.batch_size) if self.incomplete else self.samples // self.batch_size

    def to(self, device: torch.device) -> None:
        """Give batches on `device` from now on; a split that is kept in memory moves there."""
        self.device = device
        if self.whole is not None:
            self.whole = tuple(values.to(device) for values in self.whole)

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
        for x, y in self._groups(rng):
            if rest is not None:  # what the last group of shards left over
                x, y = torch.cat([rest[0], x]), torch.cat([rest[1], y])
            order = torch.from_numpy(rng.permutation(len(x))).to(x.device)
            for rows in order.split(self.batch_size):
                if len(rows) < self.batch_size:
                    rest = x[rows], y[rows]
                    break
                if batch >= start:
                    yield x[rows[self.part]], y[rows[self.part]]
                batch += 1
            else:
                rest = None
        if self.incomplete and rest is not None and batch >= start:
            yield tuple(values[self.part] for values in rest)

    def _groups(self, rng: np.random.Generator):
        if self.whole is not None:
            yield self.whole
            return
        order = rng.permutation(self.shards)
        for first in range(0, self.shards, self.shards_at_once):
            yield self._read(order[first : first + self.shards_at_once])
