"""Simulation: the data depend on what is asked for, never on how the work is cut up."""

import dask
import numpy as np
import pytest

from pairlsi.data import simulation, store

SAMPLES, SEED = 13, 5
COUNTS = {"train": SAMPLES}


@pytest.fixture(scope="module")
def wanted(ct_problem):
    return ct_problem.draw("train", np.arange(SAMPLES), SEED, COUNTS)


@pytest.mark.parametrize("block", [2, 64], ids="blocks of {}".format)
@pytest.mark.parametrize("threads", [1, 2], ids="{} threads".format)
@pytest.mark.parametrize("shard_size", [3, 5, SAMPLES], ids="shards of {}".format)
def test_shards_threads_and_blocks_do_not_change_a_bit(
    tmp_path, ct_problem, wanted, monkeypatch, shard_size, threads, block
):
    monkeypatch.setattr(simulation, "BLOCK", block)
    path = tmp_path / "train.zarr"
    store.create(path, SAMPLES, {"x": ct_problem.x_shape, "y": ct_problem.y_shape}, shard_size, {})
    with dask.config.set(scheduler="threads", num_workers=threads):
        for shard in reversed(range(store.shards(SAMPLES, shard_size))):
            simulation.simulate_shard(ct_problem, path, "train", shard, SEED, COUNTS)
    for name, values in zip(store.ARRAYS, wanted, strict=True):
        assert np.array_equal(store.read(path, name), values)


def test_another_seed_gives_other_data(ct_problem, wanted):
    x, y = ct_problem.draw("train", np.arange(SAMPLES), SEED + 1, COUNTS)
    assert not (x == wanted[0]).all(axis=(1, 2, 3)).any() and not (y == wanted[1]).all(axis=(1, 2, 3)).any()
