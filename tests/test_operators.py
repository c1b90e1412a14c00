"""The observation operator P: an orthogonal projection that drops the rows its name says."""

import numpy as np
import pytest
import torch
from made import make_mask

from pairlsi.observations.mask import Mask

AXIS = 2
ROWS = 60


def make(name: str, rows: int = ROWS, axis: int = AXIS, seed: int = 7) -> Mask:
    return make_mask(name, rows, axis, seed)


def missing(name: str, rows: int = ROWS, seed: int = 7) -> np.ndarray:
    return np.flatnonzero(~make(name, rows, seed=seed).keep)


@pytest.mark.parametrize("kind", ["random", "block"])
@pytest.mark.parametrize(
    ("rows", "percent", "count"), [(180, 25, 45), (60, 25, 15), (30, 50, 15), (16, 6, 1), (7, 90, 6)]
)
def test_a_mask_misses_its_percentage_of_the_rows(kind, rows, percent, count):
    for draw in range(4):
        assert len(missing(f"{kind}-{percent}-{draw}", rows)) == count


def test_nothing_misses_nothing():
    assert make("none-0-0").keep.all()


@pytest.mark.parametrize("name", ["none-0-0", "random-25-1", "block-25-1"])
@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_mask_is_an_orthogonal_projection(name, axis, library):
    shape = (3, 1, ROWS, 5) if axis == 2 else (3, 1, 5, ROWS)
    u, v = np.random.default_rng(0).standard_normal((2, *shape))
    if library == "torch":
        u, v = torch.from_numpy(u), torch.from_numpy(v)
    mask = make(name, axis=axis)
    once = mask(u)
    assert type(once) is type(u) and once.dtype == u.dtype and once.shape == u.shape
    assert (mask(once) == once).all()  # P P = P
    assert float((once * v).sum()) == pytest.approx(float((u * mask(v)).sum()), rel=1e-12)  # <P u, v> = <u, P v>


@pytest.mark.parametrize("axis", [2, 3])
def test_a_mask_zeroes_the_missing_rows_and_leaves_the_others(axis):
    y = np.random.default_rng(1).standard_normal((4, 1, ROWS, ROWS)).astype(np.float32)
    mask = make("random-25-0", axis=axis)
    by_rows, masked = np.moveaxis(y, axis, 0), np.moveaxis(mask(y), axis, 0)
    assert np.array_equal(masked[mask.keep], by_rows[mask.keep])
    assert not masked[~mask.keep].any()


@pytest.mark.parametrize("percent", [10, 25, 60])
def test_a_block_misses_neighbours(percent):
    for draw in range(6):
        rows = missing(f"block-{percent}-{draw}")
        assert np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows)))


def test_a_random_mask_is_no_block():
    assert (np.diff(missing("random-25-0")) > 1).any()


@pytest.mark.parametrize("kind", ["random", "block"])
def test_draws_differ(kind):
    draws = [tuple(missing(f"{kind}-25-{draw}")) for draw in range(4)]
    assert len(set(draws)) == 4


@pytest.mark.parametrize("kind", ["random", "block"])
@pytest.mark.parametrize("rows", [60, 32, 7])
def test_what_is_missing_at_one_percentage_is_missing_at_every_larger_one(kind, rows):
    for draw in range(9):
        sets = [set(missing(f"{kind}-{percent}-{draw}", rows)) for percent in range(0, 100, 3)]
        assert all(few <= many for few, many in zip(sets[:-1], sets[1:], strict=True))


def test_the_draws_of_blocks_lie_all_over_the_range():
    hits = sum((~make(f"block-25-{draw}").keep).astype(int) for draw in range(9))
    assert (hits[7:-7] > 0).all() and hits.max() <= 5  # of 9 blocks of a quarter


@pytest.mark.parametrize("percent", [10, 25, 40])
@pytest.mark.parametrize("seed", range(8))
def test_the_block_of_training_and_the_new_one_share_less_than_half(percent, seed):
    first, second = (missing(f"block-{percent}-{draw}", rows=180, seed=seed) for draw in (0, 1))
    assert len(np.intersect1d(first, second)) < len(first) / 2


@pytest.mark.parametrize("name", ["random-25-3", "block-25-3"])
def test_the_seed_alone_tells_masks_of_one_name_apart(name):
    assert np.array_equal(missing(name, seed=1), missing(name, seed=1))
    assert not np.array_equal(missing(name, seed=1), missing(name, seed=2))


def test_random_masks_hit_every_row_equally_often():
    hits = sum(~make("random-25-0", 20, seed=seed).keep for seed in range(2000))
    assert hits == pytest.approx(500, abs=5 * (2000 * 0.25 * 0.75) ** 0.5)  # five standard deviations of the binomial


@pytest.mark.parametrize("data", [np.ones((2, 1, ROWS + 1, 4)), torch.ones((2, 1, 4, ROWS))], ids=["numpy", "torch"])
def test_data_of_another_number_of_rows_are_refused(data):
    with pytest.raises(ValueError, match=f"random-25-0 has {ROWS} rows, the data have {data.shape[2]} on axis 2"):
        make("random-25-0")(data)


@pytest.mark.parametrize("name", ["stripe-25-0", "random-25", "random-many-0"])
def test_a_name_of_another_form_is_refused(name):
    with pytest.raises(ValueError):
        make(name)
