"""Reading: batches a second of `Batches` from Zarr shards against a split in memory; nothing is trained.

Run: python benchmarks/reading.py [--repeats 7]. Writes benchmarks/results/reading.csv. Each reads all of an epoch; from
Zarr through a buffer of two shards, every chunk's checksum verified and every value checked to be finite. The data
lie in the file system's cache. The least processor time of the repeats counts.
"""

import argparse
import time

import machine  # first: it holds libraries to one thread

# isort: split
import laptop
import torch

from pairlsi.data import store
from pairlsi.data.batches import Batches


def epoch(batches: Batches, number: int) -> float:
    """Processor seconds that an epoch's batches take to come."""
    start = time.process_time()
    total = sum(len(x) for x, _ in batches.epoch(number))
    assert total == laptop.TRAIN
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="of each measurement (default 7)")
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    path, size = laptop.data("train"), laptop.settings().batch_size
    facts = machine.facts("torch", "zarr", "numcodecs")
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    memory, streamed = Batches(path, size, laptop.TRAIN, 0), Batches(path, size, 2 * laptop.SHARD, 0)
    pairs = [(epoch(memory, repeat), epoch(streamed, repeat)) for repeat in range(repeats)]
    in_memory, from_zarr = (min(times) for times in zip(*pairs, strict=True))
    sample = sum(store.read(path, name, slice(1)).nbytes for name in store.ARRAYS)
    rates = laptop.TRAIN / from_zarr, laptop.TRAIN / in_memory
    row = machine.compare("reading: samples/s, Zarr shards, in memory", *rates, rates[0] / rates[1])
    print(f"{sample} bytes a sample, {rates[0] * sample / 1e6:.0f} MB/s from Zarr")
    machine.write([{**row, **facts}], "reading")


if __name__ == "__main__":
    main()
