"""The 2DeteCT reader on small TIFFs that lie as the real ones do."""

import hashlib
import shutil
import stat
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import tifffile
from pydantic import ValidationError

from pairlsi.problems import ct, detect2d

NUMBERS = range(1, 5001)


def write(folder, number: int, image: np.ndarray):
    path = folder / f"slice{number:05d}" / "mode2" / "reconstruction.tif"
    path.parent.mkdir(parents=True)
    tifffile.imwrite(path, image.astype(np.float32))
    return path


@pytest.fixture
def data(tmp_path):
    """Slices of three in-distribution objects and of the other mixture, each of one value, some numbers missing."""
    root = tmp_path / "2detect"
    for number in [*range(1, 7), *range(51, 57), *range(91, 97), 5300, *range(5521, 5531, 2)]:
        write(root / f"part{number // 1000}", number, np.full((64, 64), number, np.float32))
    return root


def test_objects_follow_the_records_of_the_data_set():
    objects = np.array([detect2d.object_of(number) for number in NUMBERS])
    assert objects[0] == 1 and objects[-1] == 109 and (np.diff(objects) >= 0).all()
    assert np.unique(objects).size == 109 and np.bincount(objects)[1:].max() == 50
    # ranges as the data set's records give them
    for number, first, last in [(2, 51, 90), (4, 141, 160), (47, 2141, 2150), (64, 2831, 2880), (109, 4981, 5000)]:
        assert np.array_equal(np.flatnonzero(objects == number) + 1, np.arange(first, last + 1))
    for number in (0, 5001, 5521):
        with pytest.raises(ValueError, match=str(number)):
            detect2d.object_of(number)


@pytest.mark.parametrize(
    "counts",
    [
        {"train": 3000, "validation": 300, "test": 300, "ood": 400},
        {"train": 4000, "validation": 500, "test": 500, "ood": 0},
        {"test": 10, "train": 100},
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_objects_never_leak_between_splits(counts, seed):
    available = [number for number in [*NUMBERS, *range(5521, 6371)] if number % 7]
    if counts["train"] == 4000:
        available = list(NUMBERS)
    shared = detect2d.split_slices(available, counts, seed)
    assert {split: len(numbers) for split, numbers in shared.items()} == {s: c for s, c in counts.items() if c}
    everything = np.concatenate(list(shared.values()))
    assert np.unique(everything).size == everything.size and set(everything) <= set(available)
    owners = {split: set(map(detect2d.object_of, numbers)) for split, numbers in shared.items() if split != "ood"}
    for split in owners:
        for other in owners.keys() - {split}:
            assert not owners[split] & owners[other], f"{split} and {other} share objects"
    if "ood" in shared:
        assert shared["ood"].min() >= 5521 and shared["ood"].max() <= 6370
    again = detect2d.split_slices(reversed(available), dict(reversed(counts.items())), seed)
    assert all(np.array_equal(shared[split], again[split]) for split in shared)
    other = detect2d.split_slices(available, counts, seed + 10)
    assert not np.array_equal(shared["train"], other["train"])


def test_too_few_slices_names_both_numbers(data):
    found = detect2d.find_slices(data)
    with pytest.raises(ValueError, match=r"samples\.ood is 9, but only 5 "):
        detect2d.split_slices(found, {"train": 6, "ood": 9}, 0)
    with pytest.raises(ValueError, match=r"samples\.train is 30, but only \d+ .*fewer or unpack"):
        detect2d.split_slices(found, {"train": 30, "test": 6}, 0)


def test_find_slices(data, tmp_path):
    found = detect2d.find_slices(data)
    assert list(found) == [*range(1, 7), *range(51, 57), *range(91, 97), 5300, *range(5521, 5531, 2)]
    assert tifffile.imread(found[53])[0, 0] == 53
    (data / "notes").mkdir()
    shutil.copytree(data / "part0" / "slice00003", data / "copy" / "slice00003")
    with pytest.raises(ValueError, match="slice 3 .*twice.*slice00003.*slice00003"):
        detect2d.find_slices(data)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty.*unpack"):
        detect2d.find_slices(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        detect2d.find_slices(tmp_path / "nowhere")


@pytest.mark.parametrize("size", [1, 3, 16, 24, 37, 63, 64])
def test_area_averaging(size, tmp_path):
    image = np.random.default_rng(0).random((64, 64))
    path = write(tmp_path, 1, image)
    small = detect2d.read_slice(path, size, 1.0)
    assert small.shape == (size, size) and small.dtype == np.float32
    assert abs(small.mean() - image.mean()) < 1e-6
    # by brute force: repeat every pixel `size` times along each axis, then average blocks of 64
    blocks = image.repeat(size, 0).repeat(size, 1).reshape(size, 64, size, 64).mean(axis=(1, 3))
    np.testing.assert_allclose(small, blocks, atol=1e-6)


def test_values_are_scaled_and_clipped_after_averaging(tmp_path):
    image = np.zeros((8, 8))
    image[:4, :4] = np.where(np.indices((4, 4)).sum(0) % 2, 0.03, -0.01)  # noise about 0.01
    image[4:, 4:] = -0.02
    small = detect2d.read_slice(write(tmp_path, 1, image), 2, 0.02)
    np.testing.assert_allclose(small, [[0.5, 0], [0, 0]], atol=1e-7)


def test_damaged_files_are_named(tmp_path):
    good = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    path = write(tmp_path, 1, good)
    with pytest.raises(FileNotFoundError, match="slice00009.*again"):
        detect2d.read_slice(tmp_path / "slice00009" / "mode2" / "reconstruction.tif", 16, 1.0)
    whole = path.read_bytes()
    for length in (0, 3, 7, 100, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="slice00001.*not a complete TIFF.*again"):
            detect2d.read_slice(path, 16, 1.0)
    path.write_bytes(bytes(4) + whole[4:])
    with pytest.raises(ValueError, match="slice00001.*not a complete TIFF"):
        detect2d.read_slice(path, 16, 1.0)
    for number, image, words in [
        (2, np.where(good > 0.99, np.nan, good), "not finite"),
        (3, np.where(good > 0.99, np.inf, good), "not finite"),
        (4, good[:, :60], r"shape \(64, 60\)"),
        (5, np.stack([good] * 5), "shape"),
        (6, good[:8, :8], "8 pixels a side.*16"),
    ]:
        path = write(tmp_path, number, image)
        with pytest.raises(ValueError, match=f"slice0000{number}.*{words}"):
            detect2d.read_slice(path, 16, 1.0)


def test_ct_draws_from_the_slices(data):
    source = {"kind": "2detect", "folder": str(data), "scale": 5000.0}
    given = {"name": "ct", "image_size": 16, "angles": 8, "noise_level": 0.01, "source": source}
    problem = ct.CT(ct.Settings(**given))
    counts = {"train": 6, "validation": 5, "test": 4, "ood": 3}
    drawn = {split: problem.draw(split, np.arange(count), 0, counts) for split, count in counts.items()}
    numbers = {}
    for split, (x, y) in drawn.items():
        assert x.shape == (counts[split], 1, 16, 16) and np.isfinite(y).all()
        assert np.ptp(x, axis=(1, 2, 3)).max() < 1e-6
        numbers[split] = [round(value) for value in x[:, 0, 0, 0] * 5000.0]
    chosen = detect2d.split_slices(detect2d.find_slices(data), counts, 0)
    assert numbers == {split: list(slices) for split, slices in chosen.items()}
    x, y = problem.draw("train", np.array([4]), 0, counts)
    assert np.array_equal(x[0], drawn["train"][0][4]) and np.array_equal(y[0], drawn["train"][1][4])
    with pytest.raises(ValueError, match="sample 6 of split train.*6"):
        problem.draw("train", np.array([6]), 0, counts)


def pack(path, names: list[str]) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, f"content of {name}")
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["../escaped.txt", "slice00001/../../escaped.txt", "/tmp/pairlsi-escaped.txt"])
def test_archives_that_escape_their_folder_are_refused(tmp_path, name):
    archive, folder = tmp_path / "archive.zip", tmp_path / "inside"
    folder.mkdir()
    pack(archive, ["slice00001/good.txt", name])
    with pytest.raises(ValueError, match="escaped.txt.*outside"):
        detect2d.unpack(archive, folder)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["archive.zip", "inside"], "nothing was written"


def test_a_link_in_an_archive_leads_nowhere(tmp_path):
    archive, folder = tmp_path / "archive.zip", tmp_path / "inside"
    folder.mkdir()
    link = zipfile.ZipInfo("slice00001")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr(link, str(tmp_path))
        content.writestr("slice00001/escaped.txt", "content")
    with pytest.raises(OSError):  # the link is unpacked as a file, within which there is no other
        detect2d.unpack(archive, folder)
    assert not (tmp_path / "escaped.txt").exists() and not (folder / "slice00001").is_symlink()


def test_other_archives_than_zip_are_refused(tmp_path):
    with tarfile.open(tmp_path / "archive.zip", "w") as archive:
        archive.add(__file__, "../escaped.txt")
    with pytest.raises(zipfile.BadZipFile):
        detect2d.unpack(tmp_path / "archive.zip", tmp_path / "inside")
    with pytest.raises(ValidationError, match="url"):
        detect2d.Archive(url="https://example.org/archive.tar.gz", md5="0" * 32)


def test_unpack_completes_what_was_interrupted(tmp_path):
    pack(tmp_path / "archive.zip", ["a/one.txt", "a/two.txt"])
    folder = tmp_path / "inside"
    detect2d.unpack(tmp_path / "archive.zip", folder)
    (folder / "a" / "one.txt").write_text("cut off", encoding="utf-8")
    untouched = (folder / "a" / "two.txt").stat().st_mtime_ns
    detect2d.unpack(tmp_path / "archive.zip", folder)
    assert (folder / "a" / "one.txt").read_text(encoding="utf-8") == "content of a/one.txt"
    assert (folder / "a" / "two.txt").stat().st_mtime_ns == untouched


@pytest.fixture
def server(tmp_path):
    """A web server on this machine for the files in tmp_path / "web"; yields (folder, address)."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    folder = tmp_path / "web"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


def test_download_checks_and_unpacks(server, tmp_path):
    web, address = server
    md5 = pack(web / "slices.zip", ["slice00001/mode2/reconstruction.tif"])
    given = {"url": f"{address}/slices.zip?download=1", "md5": md5}
    detect2d.download(tmp_path / "data", [given])
    assert list(detect2d.find_slices(tmp_path / "data")) == [1]
    (web / "slices.zip").unlink()
    detect2d.download(tmp_path / "data", [given])  # neither fetched nor unpacked again
    pack(web / "other.zip", ["b.txt"])
    with pytest.raises(ValueError, match="other.zip"):
        detect2d.download(tmp_path / "data", [{"url": f"{address}/other.zip", "md5": "0" * 32}])
    assert not (tmp_path / "data" / "b.txt").exists()


@pytest.mark.parametrize(
    "given",
    [
        {"url": "https://zenodo.org/a.zip"},
        {"url": "https://zenodo.org/a.zip", "md5": ""},
        {"url": "https://zenodo.org/a.zip", "md5": None},
        {"url": "file:///etc/a.zip", "md5": "0" * 32},
    ],
)
def test_archives_without_checksum_or_web_address_are_refused(given, tmp_path):
    with pytest.raises(ValidationError, match="url" if "file" in given["url"] else "md5"):
        detect2d.download(tmp_path, [given])
    with pytest.raises(ValidationError, match="archives.0"):
        ct.Detect2D(kind="2detect", folder="x", scale=1.0, archives=[given])
