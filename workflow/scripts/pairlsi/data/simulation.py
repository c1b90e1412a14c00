"""Fill one shard of a dataset: blocks of samples, drawn side by side within the job's threads."""

from pathlib import Path

import dask.array
import numpy as np

from pairlsi.data import store

BLOCK = 64  # samples at a time: enough to amortise a sparse product or a batched solver, little memory

dask.config.refresh(paths=[])  # dask's own defaults, not what ~/.config/dask makes of them


def simulate_shard(problem, path: Path, split: str, shard: int, seed: int, counts: dict[str, int]) -> None:
    """Draw the samples that shard number `shard` of the dataset at `path` holds, and write it.

    A sample depends on (seed, split, its number) alone, so neither blocks nor threads nor jobs change the data.
    """
    samples, size = store.sizes(path)
    numbers = np.arange(shard * size, min((shard + 1) * size, samples))
    columns = {name: [] for name in store.ARRAYS}
    for first in range(0, len(numbers), BLOCK):
        block = numbers[first : first + BLOCK]
        pair = dask.delayed(problem.draw, nout=2)(split, block, seed, counts)
        for name, values, shape in zip(store.ARRAYS, pair, (problem.x_shape, problem.y_shape), strict=True):
            columns[name].append(dask.array.from_delayed(values, (len(block), *shape), np.float32))
    store.write_shard(path, shard, [dask.array.concatenate(columns[name]) for name in store.ARRAYS])
