"""The 2DeteCT reader on small TIFFs that lie as the real ones do."""

import hashlib
import importlib.util
import json
import shutil
import stat
import tarfile
import threading
import time
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import tifffile
from PIL import Image
from pydantic import ValidationError

from pairlsi.problems import ct
from pairlsi.problems.ct import archives, detect2d, image_files
from pairlsi.problems.ct.image_files import ImagesError

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


@pytest.fixture
def quick(monkeypatch):
    """Folders count as unpacked after a shorter while, lest tests wait."""
    monkeypatch.setattr(image_files, "QUIET", 0.2)


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


COUNTS = {"train": 6, "validation": 5, "test": 4, "ood": 3}


def ct_of(folder) -> ct.CT:
    source = {"kind": "2detect", "folder": str(folder), "scale": 5000.0}
    return ct.CT(ct.Settings(image_size=16, angles=8, noise_level=0.01, source=source))


def test_ct_draws_from_the_slices(data, quick):
    problem, counts = ct_of(data), COUNTS
    with pytest.raises(ValueError, match="deal out"):  # else each who draws might deal them another way
        problem.draw("train", np.arange(6), 0, counts)
    problem.take(json.loads(json.dumps(problem.deal(0, counts))))
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
    for seed, others in [(1, counts), (0, counts | {"train": 5})]:
        with pytest.raises(ValueError, match="deal out"):
            problem.draw("train", np.array([4]), seed, others)


def test_what_was_dealt_says_which_file_and_object_each_sample_is_of(data, quick):
    dealt = ct_of(data).deal(0, COUNTS)
    assert dealt["images"] == ct_of(data).images() and len(dealt["images"]) == 24
    assert {split: len(numbers) for split, numbers in dealt["splits"].items()} == COUNTS
    for number, told in dealt["images"].items():
        assert tifffile.imread(data / told["path"])[0, 0] == int(number)
        assert told["bytes"] == (data / told["path"]).stat().st_size
        assert told["object"] == (detect2d.object_of(int(number)) if int(number) <= 5000 else None)
    assert len({told["digest"] for told in dealt["images"].values()}) == 24
    shutil.copytree(data, data.with_name("copy"))  # with other times
    assert ct_of(data.with_name("copy")).images() == dealt["images"]


def more(folder):
    write(folder / "part0", 7, np.ones((64, 64)))


def fewer(folder):
    shutil.rmtree(folder / "part0" / "slice00003")


def other_size(folder):
    fewer(folder)
    write(folder / "part0", 3, np.ones((65, 65)))


def moved(folder):
    (folder / "part0").rename(folder / "part3")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (more, r"1 is new \(part0/slice00007\)\."),
        (fewer, r"1 is gone \(part0/slice00003\)\."),
        (other_size, r"1 changed \(part0/slice00003\)\."),
        (moved, r"18 are new \(part3/slice00001 and 17 more\), 18 are gone \(part0/slice00001 and 17 more\)\."),
    ],
)
def test_a_folder_that_has_changed_since_it_was_dealt_out_is_not_drawn_from(data, quick, change, words):
    problem = ct_of(data)
    dealt = problem.deal(0, COUNTS)
    problem.take(dealt)
    change(data)
    with pytest.raises(ImagesError, match=f"{words}.*--forcerun deal_images"):
        problem.take(dealt)


def test_an_image_that_was_replaced_by_one_of_the_same_size_is_not_drawn(data, quick):
    problem = ct_of(data)
    dealt = problem.deal(0, COUNTS)
    number = dealt["splits"]["train"][2]
    path = data / dealt["images"][str(number)]["path"]
    tifffile.imwrite(path, np.full((64, 64), number + 1, np.float32))
    assert path.stat().st_size == dealt["images"][str(number)]["bytes"]
    problem.take(dealt)
    problem.draw("train", np.array([0, 1]), 0, COUNTS)
    with pytest.raises(ImagesError, match=rf"1 changed \(part0/slice{number:05d}\).*--forcerun deal_images"):
        problem.draw("train", np.array([0, 1, 2]), 0, COUNTS)


def test_a_folder_into_which_archives_are_being_unpacked_is_not_dealt_out(data, quick):
    goes_on, problem = threading.Event(), ct_of(data)

    def unpacking():
        for number in range(100, 700):
            if goes_on.wait(0.05):
                return
            write(data / "part1", number, np.full((64, 64), number, np.float32))

    other = threading.Thread(target=unpacking)
    other.start()
    try:
        time.sleep(0.2)
        with pytest.raises(ImagesError, match="(still changing: .*new|still being unpacked).*"):
            problem.deal(0, COUNTS)
    finally:
        goes_on.set()
        other.join()
    assert len(problem.deal(0, COUNTS)["images"]) > 24


def test_a_folder_in_which_something_is_half_unpacked_is_not_dealt_out(data, quick):
    problem = ct_of(data)
    half = data / "part0" / "slice00002" / "mode2" / "reconstruction.tif"
    whole = half.read_bytes()
    for length in (0, 100, len(whole) // 2, len(whole) - 1):
        half.write_bytes(whole[:length])
        with pytest.raises(ImagesError, match="slice00002.*not a complete TIFF.*still being unpacked"):
            problem.deal(0, COUNTS)
    half.write_bytes(bytes(len(whole)))  # the room is there, the content is not yet
    with pytest.raises(ImagesError, match="slice00002.*not a complete TIFF"):
        problem.deal(0, COUNTS)
    half.unlink()
    (data / "part0" / "slice00009").mkdir()
    with pytest.raises(ImagesError, match="slice0000[29] has no mode2/reconstruction.tif, nor have 1 more: .*still"):
        problem.deal(0, COUNTS)
    half.write_bytes(whole)
    (data / "part0" / "slice00009").rmdir()
    (data / "raw" / "slice00009" / "mode2").mkdir(parents=True)  # of the archives of raw data
    (data / "raw" / "slice00009" / "mode2" / "sinogram.tif").write_bytes(b"raw")
    assert len(problem.deal(0, COUNTS)["images"]) == 24


def test_links_are_followed_wherever_they_lead(data, quick, tmp_path):
    found = detect2d.find_slices(data)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "part0").symlink_to(data / "part0")  # a folder of slices
    (linked / "part5").mkdir()
    for number in [number for number in found if number > 5000]:  # slices, and an image
        (linked / "part5" / f"slice{number:05d}").symlink_to(data / "part5" / f"slice{number:05d}")
    (linked / "slice00007" / "mode2").mkdir(parents=True)
    (linked / "slice00007" / "mode2" / "reconstruction.tif").symlink_to(found[6])
    (linked / "part5" / "up").symlink_to("..")  # loops
    (linked / "again").symlink_to(data / "part0")  # the same folder by another way
    (tmp_path / "root").symlink_to(linked)
    for root in (linked, tmp_path / "root"):
        again = detect2d.find_slices(root)
        assert list(again) == sorted([*found, 7]) and all(path.is_relative_to(root) for path in again.values())
        assert all(again[number].samefile(found[number]) for number in found) and again[7].samefile(found[6])
    problem = ct_of(linked)
    problem.take(problem.deal(0, COUNTS))
    assert problem.draw("ood", np.arange(3), 0, COUNTS)[0].max() > 1
    for broken in (linked / "part5" / "slice05521", linked / "part0"):  # a disk is not mounted, images would be missed
        broken.unlink()
        broken.symlink_to(tmp_path / "unmounted")
        with pytest.raises(ImagesError, match=f"{broken.name} is a link that leads nowhere"):
            problem.deal(0, COUNTS)
        broken.unlink()


@pytest.mark.parametrize("compression", ["deflate", "lzma", "packbits"])
def test_compressed_images_that_tifffile_reads_by_itself_are_read(tmp_path, compression):
    image = np.random.default_rng(0).random((64, 64)).round(2)
    path = write(tmp_path, 1, image)
    plain = detect2d.read_slice(path, 16, 1.0)
    if compression == "packbits":
        Image.fromarray(image.astype(np.float32)).save(path, compression="packbits")
    else:
        tifffile.imwrite(path, image.astype(np.float32), compression=compression)
    assert tifffile.TiffFile(path).pages.first.compression != 1
    image_files.check_whole(path)
    assert np.array_equal(detect2d.read_slice(path, 16, 1.0), plain)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ImagesError, match="not a complete TIFF"):
        detect2d.read_slice(path, 16, 1.0)


@pytest.mark.skipif(importlib.util.find_spec("imagecodecs") is not None, reason="imagecodecs is here: nothing lacks")
@pytest.mark.parametrize(("compression", "tags"), [("tiff_lzw", {}), ("zstd", {}), ("tiff_deflate", {317: 3})])
def test_images_compressed_in_a_way_that_cannot_be_read_here_are_not_called_damaged(
    data, quick, tmp_path, compression, tags
):
    for number, path in detect2d.find_slices(data).items():
        image = np.random.default_rng(number).random((64, 64)).round(2).astype(np.float32)
        Image.fromarray(image).save(path, compression=compression, tiffinfo=tags)
    for use in (lambda: ct_of(data).deal(0, COUNTS), lambda: detect2d.read_slice(path, 16, 1.0)):
        with pytest.raises(ImagesError, match=r"slice\d+.*pip install imagecodecs.*without compression") as raised:
            use()
        assert "complete" not in str(raised.value) and "again" not in str(raised.value)


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
        archives.unpack(archive, folder)
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
        archives.unpack(archive, folder)
    assert not (tmp_path / "escaped.txt").exists() and not (folder / "slice00001").is_symlink()


def test_other_archives_than_zip_are_refused(tmp_path):
    with tarfile.open(tmp_path / "archive.zip", "w") as archive:
        archive.add(__file__, "../escaped.txt")
    with pytest.raises(zipfile.BadZipFile):
        archives.unpack(tmp_path / "archive.zip", tmp_path / "inside")
    with pytest.raises(ValidationError, match="url"):
        archives.Archive(url="https://example.org/archive.tar.gz", md5="0" * 32)


def test_unpack_completes_what_was_interrupted(tmp_path):
    pack(tmp_path / "archive.zip", ["a/one.txt", "a/two.txt"])
    folder = tmp_path / "inside"
    archives.unpack(tmp_path / "archive.zip", folder)
    (folder / "a" / "one.txt").write_text("cut off", encoding="utf-8")
    untouched = (folder / "a" / "two.txt").stat().st_mtime_ns
    archives.unpack(tmp_path / "archive.zip", folder)
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
    archives.download(tmp_path / "data", [given])
    assert list(detect2d.find_slices(tmp_path / "data")) == [1]
    (web / "slices.zip").unlink()
    archives.download(tmp_path / "data", [given])  # neither fetched nor unpacked again
    pack(web / "other.zip", ["b.txt"])
    with pytest.raises(ValueError, match="other.zip"):
        archives.download(tmp_path / "data", [{"url": f"{address}/other.zip", "md5": "0" * 32}])
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
        archives.download(tmp_path, [given])
    with pytest.raises(ValidationError, match="archives.0"):
        ct.Detect2D(kind="2detect", folder="x", scale=1.0, archives=[given])
