"""Datasets in Zarr: what is written is read, in any order and by many, and no damage goes unnoticed."""

import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor

import dask.array
import numpy as np
import pytest

from pairlsi.data import store

SAMPLES, SHARD = 11, 4  # the last shard holds three
SHAPES = {"x": (1, 5, 6), "y": (2, 3, 4)}


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: 3 + rng.standard_normal((SAMPLES, *shape)).astype(np.float32) for name, shape in SHAPES.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory, arrays, make_split):
    return make_split(tmp_path_factory.mktemp("written") / "train.zarr", arrays["x"], arrays["y"], SHARD)


@pytest.fixture
def dataset(tmp_path, written):
    """A copy that a test may damage."""
    return shutil.copytree(written, tmp_path / "train.zarr")


def write(path, shard: int, arrays: dict[str, np.ndarray]) -> None:
    rows = slice(shard * SHARD, (shard + 1) * SHARD)
    store.write_shard(path, shard, [dask.array.from_array(arrays[name][rows]) for name in store.ARRAYS])


def contents(path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("name", store.ARRAYS)
@pytest.mark.parametrize(
    "samples", [slice(None), slice(0, 4), slice(2, 9), slice(8, 11), slice(10, None), slice(5, 6)], ids=str
)
def test_what_is_written_is_read(written, arrays, name, samples):
    assert np.array_equal(store.read(written, name, samples), arrays[name][samples])
    assert store.read(written, name, samples).dtype == np.float32


def test_every_shard_is_one_file_where_the_workflow_looks_for_it(written):
    files = {file for shard in range(3) for file in store.shard_files(written, shard)}
    assert files == {file for file in written.rglob("*") if file.is_file() and file.name != "zarr.json"}
    assert store.shards(SAMPLES, SHARD) == 3 and store.sizes(written) == (SAMPLES, SHARD)


def test_a_shard_of_zeros_is_a_file_and_reads_as_zeros(tmp_path, arrays):
    path = tmp_path / "train.zarr"
    store.create(path, SAMPLES, SHAPES, SHARD, {})
    zeros = {name: np.zeros_like(values) for name, values in arrays.items()}
    for shard in range(3):
        write(path, shard, zeros)
        assert all(file.stat().st_size > 0 for file in store.shard_files(path, shard))
    assert not store.read(path, "x").any()


def test_shards_written_in_another_order_and_twice_give_the_same_files(tmp_path, written, arrays):
    path = tmp_path / "train.zarr"
    store.create(path, SAMPLES, SHAPES, SHARD, {})
    for shard in (2, 0, 1, 0):
        write(path, shard, arrays)
    assert contents(path) == contents(written)


@pytest.mark.slow
def test_shards_written_by_two_processes_give_the_same_files(tmp_path, written, arrays):
    path = tmp_path / "train.zarr"
    store.create(path, SAMPLES, SHAPES, SHARD, {})
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for job in [pool.submit(write, path, shard, arrays) for shard in range(3)]:
            job.result()
    assert contents(path) == contents(written)


def test_a_new_dataset_replaces_an_older_one(dataset):
    store.create(dataset, SAMPLES, SHAPES, SHARD, {})
    with pytest.raises(store.DataError, match="missing or empty"):
        store.read(dataset, "x", slice(0, 1))


def test_a_dataset_that_is_a_link_to_another_disk_is_made_again_there(tmp_path, dataset, arrays):
    disk = tmp_path / "disk"
    disk.mkdir()
    dataset.rename(disk / "data")
    dataset.symlink_to(disk / "data")
    store.create(dataset, SAMPLES, SHAPES, SHARD, {})
    assert dataset.is_symlink() and not store.shard_files(disk / "data", 0)[0].exists()
    write(dataset, 0, arrays)
    assert np.array_equal(store.read(disk / "data", "y", slice(0, 4)), arrays["y"][:4])


@pytest.mark.parametrize("name", store.ARRAYS)
def test_statistics_are_those_of_the_whole_array(written, arrays, name):
    scalars, means = store.statistics(written)
    whole = arrays[name].astype(np.float64)
    assert scalars[name] == pytest.approx(
        {
            "mean": whole.mean(),
            "std": whole.std(),
            "pixel_std": np.sqrt(whole.var(axis=0).mean()),
            "min": whole.min(),
            "max": whole.max(),
            "samples": SAMPLES,
        },
        rel=1e-12,
    )
    assert means[name] == pytest.approx(whole.mean(0), rel=1e-6) and means[name].dtype == np.float32


def test_statistics_keep_their_digits_far_from_zero(tmp_path, make_split):
    rng = np.random.default_rng(1)
    values = (1000 + rng.standard_normal((9, 1, 4, 4))).astype(np.float32)
    scalars, _ = store.statistics(make_split(tmp_path / "train.zarr", values, values, 4))
    assert scalars["x"]["pixel_std"] == pytest.approx(np.sqrt(values.astype(float).var(axis=0).mean()), rel=1e-6)


def test_samples_that_are_all_the_same_are_refused(tmp_path, make_split):
    x = np.broadcast_to(np.random.default_rng(2).standard_normal((1, 1, 4, 4)), (6, 1, 4, 4))
    path = make_split(tmp_path / "train.zarr", x, x, 4)
    with pytest.raises(store.DataError, match=f"all samples of x in {path} are the same"):
        store.statistics(path)


def remove(file):
    file.unlink()


def empty(file):
    file.write_bytes(b"")


def cut(length):
    def damage(file):
        whole = file.read_bytes()
        file.write_bytes(whole[: int(len(whole) * length)])

    damage.__name__ = f"cut to {length}"
    return damage


def flip(place):
    def damage(file):
        whole = bytearray(file.read_bytes())
        whole[int(len(whole) * place)] ^= 1
        file.write_bytes(whole)

    damage.__name__ = f"flip at {place}"
    return damage


DAMAGES = [remove, empty, cut(0.01), cut(0.5), cut(0.99), flip(0.0), flip(0.3), flip(0.97)]  # the index ends the file


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("use", [lambda path: store.read(path, "y"), store.statistics], ids=["read", "statistics"])
def test_a_damaged_shard_is_named_with_its_repair(dataset, damage, use):
    file = store.shard_files(dataset, 1)[1]
    damage(file)
    with pytest.raises(store.DataError) as raised:
        use(dataset)
    assert str(file) in str(raised.value)
    assert f"rm {file}" in str(raised.value)


def test_damage_in_one_shard_leaves_the_others_readable(dataset, arrays):
    flip(0.3)(store.shard_files(dataset, 1)[0])
    assert np.array_equal(store.read(dataset, "x", slice(8, 11)), arrays["x"][8:])
    assert np.array_equal(store.read(dataset, "y"), arrays["y"])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_stored_value_that_is_not_finite_is_named_by_its_sample(dataset, value):
    import zarr

    zarr.open_group(dataset, mode="r+")["y"][6, 1, 2, 3] = value  # past the guard of write_shard
    with pytest.raises(store.DataError, match=r"sample 6 .* not finite") as raised:
        store.read(dataset, "y", slice(5, 8))
    assert str(store.shard_files(dataset, 1)[1]) in str(raised.value)


@pytest.mark.parametrize("name", store.ARRAYS)
@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_value_that_is_not_finite_is_refused_and_nothing_is_written(tmp_path, arrays, name, value):
    path = tmp_path / "train.zarr"
    store.create(path, SAMPLES, SHAPES, SHARD, {})
    before = contents(path)
    wrong = {key: values.copy() for key, values in arrays.items()}
    wrong[name][9, 0, 1, 1] = value
    with pytest.raises(store.DataError, match=f"{name} of sample 9 of .* not finite"):
        write(path, 2, wrong)
    assert contents(path) == before


@pytest.mark.parametrize("use", [lambda path: store.read(path, "x"), store.sizes, store.statistics])
def test_a_dataset_that_is_not_there_is_named(tmp_path, use):
    with pytest.raises(store.DataError, match=f"no dataset {tmp_path / 'test.zarr'}"):
        use(tmp_path / "test.zarr")
