"""Batches: every sample once an epoch, pairs kept together, in an order that (seed, epoch) alone decide."""

import numpy as np
import pytest
import torch

from pairlsi.data.batches import Batches

SAMPLES, SHARD = 23, 4  # the last shard holds three
BATCH = 5
BUFFERS = {"in memory": 1000, "just in memory": SAMPLES, "two shards": 9, "one shard": 4}


@pytest.fixture(scope="module")
def path(tmp_path_factory, make_split):
    """Sample i of x is i everywhere, of y it is 1000 + i."""
    numbers = np.arange(SAMPLES, dtype=np.float32).reshape(-1, 1, 1, 1)
    x, y = (np.broadcast_to(numbers + offset, (SAMPLES, 1, 2, 3)) for offset in (0, 1000))
    return make_split(tmp_path_factory.mktemp("batches") / "train.zarr", x, y, SHARD)


@pytest.fixture(params=BUFFERS.values(), ids=BUFFERS.keys())
def make(request, path):
    return lambda seed=0, batch_size=BATCH: Batches(path, batch_size, request.param, seed)


def numbers(batches) -> list[list[int]]:
    """The samples of each batch, checked to be whole."""
    found = []
    for x, y in batches:
        assert x.shape[1:] == y.shape[1:] == (1, 2, 3)
        assert torch.equal(y, x + 1000)
        assert (x == x[:, :, :1, :1]).all()
        found.append(x[:, 0, 0, 0].int().tolist())
    return found


@pytest.mark.parametrize("batch_size", [3, 5, 11, 23])
def test_an_epoch_has_every_sample_once_but_for_the_last_incomplete_batch(make, batch_size):
    batches = make(batch_size=batch_size)
    for epoch in range(3):
        found = numbers(batches.epoch(epoch))
        assert len(found) == len(batches) == SAMPLES // batch_size
        assert all(len(batch) == batch_size for batch in found)
        assert len(set(sum(found, []))) == len(found) * batch_size


def test_no_sample_is_left_out_for_ever(make):
    batches = make()
    seen = {number for epoch in range(8) for batch in numbers(batches.epoch(epoch)) for number in batch}
    assert seen == set(range(SAMPLES))


@pytest.mark.parametrize("start", [1, 3, 4])
def test_an_epoch_resumed_at_a_batch_gives_the_rest_of_it(make, start):
    whole = numbers(make().epoch(2))
    assert numbers(make().epoch(2, start)) == whole[start:]


def test_the_order_is_equal_for_equal_seed_and_epoch_alone(make):
    orders = {(seed, epoch): numbers(make(seed).epoch(epoch)) for seed in (0, 1) for epoch in (0, 1)}
    again = make(1)
    numbers(again.epoch(0))  # what was asked before does not matter
    assert numbers(again.epoch(1)) == orders[1, 1]
    assert len({str(order) for order in orders.values()}) == 4


def test_a_buffer_of_two_shards_mixes_two_at_a_time(path):
    order = np.array(sum(numbers(Batches(path, 1, 9, 0).epoch(0)), [])) // SHARD
    spans = [np.flatnonzero(order == shard)[[0, -1]] for shard in range(6)]
    open_at = [sum(first <= i <= last for first, last in spans) for i in range(SAMPLES)]
    assert max(open_at) == 2


def test_neighbours_in_the_split_are_no_neighbours_in_the_epoch(make):
    order = sum(numbers(make(batch_size=1).epoch(0)), [])
    assert order != sorted(order)
    assert np.mean(np.diff(order) == 1) < 0.5
