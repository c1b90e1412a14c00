"""Results are whole or not there: what an error, a kill and a full disk leave behind."""

import contextlib
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import zarr

from pairlsi.data import store
from pairlsi.jobs import outputs
from pairlsi.networks import stored as kept
from pairlsi.training import checkpoints, processes
from pairlsi.training import loop as training

SCRIPTS = Path(outputs.__file__).parents[2]


def write_folder(folder: Path, text: str) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "content").write_text(text, encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with outputs.written(path) as beside:
        beside.write_text("whole", encoding="utf-8")
        assert not path.exists() and beside.suffix == ".csv"
    assert contents(tmp_path) == {"new/table.csv": b"whole"}


def test_a_folder_replaces_an_older_one(tmp_path):
    write_folder(tmp_path / "x.zarr", "old")
    (tmp_path / "x.zarr" / "more").write_text("old", encoding="utf-8")
    with outputs.written(tmp_path / "x.zarr") as beside:
        write_folder(beside, "new")
        assert contents(tmp_path / "x.zarr") == {"a/b/content": b"old", "more": b"old"}
    assert contents(tmp_path) == {"x.zarr/a/b/content": b"new"}


@pytest.mark.parametrize("write", [Path.write_text, write_folder], ids=["file", "folder"])
def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path, write):
    write(tmp_path / "result", "old")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="broken"), outputs.written(tmp_path / "result") as beside:
        write(beside, "new")
        raise ValueError("broken")
    assert contents(tmp_path) == before


def test_an_error_leaves_nothing_either_where_other_threads_write_on_for_a_moment(tmp_path):
    def write_on(folder):
        for i in range(60):
            with contextlib.suppress(FileNotFoundError):  # the folder was removed since it was made
                (folder / str(i % 7)).mkdir(parents=True, exist_ok=True)
                (folder / str(i % 7) / "chunk").write_text("late", encoding="utf-8")
            time.sleep(0.005)

    with pytest.raises(ValueError, match="broken"), outputs.written(tmp_path / "result") as beside:
        other = threading.Thread(target=write_on, args=(beside,))
        other.start()
        raise ValueError("broken")
    other.join()
    assert not contents(tmp_path)


@pytest.mark.parametrize("write", [Path.write_text, write_folder], ids=["file", "folder"])
def test_the_part_that_a_kill_left_is_replaced(tmp_path, write):
    write(tmp_path / "result", "old")
    before = contents(tmp_path)
    script = f"""
import os, sys
sys.path.insert(0, {str(SCRIPTS)!r})
from pairlsi.jobs import outputs
with outputs.written("result") as beside:
    open(beside, "w").write("half") if {write is Path.write_text} else os.makedirs(beside / "half" / "made")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=tmp_path).returncode == -9
    assert contents(tmp_path).items() >= before.items() and len(list(tmp_path.iterdir())) == 2
    with outputs.written(tmp_path / "result") as beside:
        write(beside, "new")
    assert contents(tmp_path) == {name: b"new" for name in before}


@pytest.mark.parametrize("write", [Path.write_text, write_folder], ids=["file", "folder"])
@pytest.mark.parametrize("old", [True, False], ids=["replaced", "lost"])
def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path, write, old):
    disk, here = tmp_path / "disk", tmp_path / "here"
    disk.mkdir(), here.mkdir()
    (here / "result").symlink_to("../by_another")  # links may be relative, and lead to links
    (tmp_path / "by_another").symlink_to(disk / "there")
    if old:
        write(disk / "there", "old")
    before = contents(disk)
    with pytest.raises(ValueError, match="broken"), outputs.written(here / "result") as beside:
        write(beside, "new")
        raise ValueError("broken")
    assert contents(disk) == before
    with outputs.written(here / "result") as beside:
        write(beside, "new")
    assert (here / "result").is_symlink() and [file.name for file in here.iterdir()] == ["result"]
    assert [file.name for file in disk.iterdir()] == ["there"]
    assert list(contents(disk).values()) == [b"new"]


@pytest.mark.parametrize("write", [Path.write_text, write_folder], ids=["file", "folder"])
def test_a_link_to_a_disk_that_is_not_there_is_named_and_nothing_is_made_in_its_place(tmp_path, write):
    (tmp_path / "result").symlink_to(tmp_path / "unmounted" / "result")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("result", "loop"):
        refused = pytest.raises(outputs.BrokenLink, match=rf"{name} is a link to \S+, .*: mount .* \(rm \S+{name}\)")
        with refused, outputs.written(tmp_path / name) as beside:
            write(beside, "new")
    assert not (tmp_path / "unmounted").exists()


def test_of_a_link_that_is_in_the_way_the_link_alone_is_removed(tmp_path):
    write_folder(tmp_path / "mine", "mine")
    (tmp_path / "part-result").symlink_to("mine")
    with outputs.written(tmp_path / "result") as beside:
        write_folder(beside, "new")
    assert contents(tmp_path) == {"mine/a/b/content": b"mine", "result/a/b/content": b"new"}


def test_other_errors_of_the_disk_are_left_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), outputs.written(tmp_path / "result"):
        (tmp_path / "nowhere").read_text(encoding="utf-8")


def save_weights(folder: Path) -> None:
    kept.save(torch.nn.Linear(300, 300), folder / "result")


def save_checkpoint(folder: Path) -> None:
    alone = processes.start(SimpleNamespace(device="cpu", devices=1, nodes=1, precision="32-true"))
    state = {"network": torch.nn.Linear(300, 300)}
    checkpoints.save(state, checkpoints.Progress(), [], {}, folder / "result", "", alone)


def save_history(folder: Path) -> None:
    training.write_history([{"epoch": epoch} for epoch in range(100_000)], folder / "result")


def save_arrays(folder: Path) -> None:
    with outputs.written(folder / "result") as beside:
        zarr.create_group(beside).create_array("x", data=np.random.default_rng(0).random(100_000))


def make_dataset(folder: Path) -> None:
    attributes = {"settings": "much " * 50_000}
    store.create(folder / "result", 4, {"x": (1, 2, 2), "y": (1, 2, 2)}, 2, attributes)


WRITERS = [save_weights, save_checkpoint, save_history, save_arrays, make_dataset]


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_a_full_disk_is_named_and_leaves_what_was_there(tmp_path, small_disk, write):
    small_disk(tmp_path, 100)
    (tmp_path / "result").write_text("old", encoding="utf-8")
    with pytest.raises(outputs.DiskFull, match=f"no space is left on the disk for {tmp_path}/result: .* run again"):
        write(tmp_path)
    assert contents(tmp_path) == {"result": b"old"}


def test_a_shard_that_a_full_disk_has_no_room_for_is_named(tmp_path, small_disk):
    import dask.array

    disk = small_disk(tmp_path, 200)
    path = tmp_path / "train.zarr"
    store.create(path, 4, {"x": (1, 8, 8), "y": (1, 90, 90)}, 4, {})
    rng = np.random.default_rng(0)
    x, y = (rng.random((4, 1, n, n), dtype=np.float32) for n in (8, 90))
    disk.fill()
    disk.ballast.write_bytes(bytes(disk.ballast.stat().st_size - 40_960))  # room for x, not for y
    with pytest.raises(outputs.DiskFull, match=f"no space .* for {path}/y/c/0/0/0/0: "):
        store.write_shard(path, 0, [dask.array.from_array(values) for values in (x, y)])
    assert np.array_equal(store.read(path, "x"), x)
    with pytest.raises(store.DataError, match="y/c/0/0/0/0 is missing"):
        store.read(path, "y")
    assert not [file for file in path.rglob("*.partial*")]


def test_nothing_is_saved_by_libraries_that_hide_a_full_disk():
    scripts = Path(outputs.__file__).parents[1]
    found = {
        str(file.relative_to(scripts))
        for file in scripts.rglob("*.py")
        if re.search(r"\btorch\.save\(|\bsave_file\(", file.read_text(encoding="utf-8"))
    }
    assert found == {"jobs/outputs.py"}
