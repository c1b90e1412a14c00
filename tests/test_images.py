"""Real images from outside: they are dealt out once, and a folder that has changed since is not drawn from."""

import re
import shutil

import numpy as np
import pytest
import yaml
import zarr
from clone import Clone
from test_detect2d import write

from pairlsi.problems.ct import detect2d

pytestmark = pytest.mark.slow

SAMPLES = {"train": 300, "validation": 100, "test": 100, "ood": 50}
SHARDS = ["train.zarr/y/c/0/0/0/0", "train.zarr/y/c/1/0/0/0", "test.zarr/y/c/0/0/0/0"]
TARGETS = [f"results/tiny/ct/data/{shard}" for shard in SHARDS]


def unpack(folder, numbers) -> None:
    """What unpacking an archive leaves: slices in 2DeteCT's layout, each of its number alone."""
    for number in numbers:
        write(folder / f"slices-{numbers[0]}", number, np.full((32, 32), number, np.float32))


def objects(clone, split) -> set[int]:
    """The objects whose slices lie in the data of a split, read off the stored images."""
    images = zarr.open_group(clone.results / f"data/{split}.zarr", mode="r")["x"][:, 0, 0, 0]
    return {detect2d.object_of(round(value)) for value in images.tolist()}


def test_no_object_lies_in_two_splits_whatever_is_unpacked_between_two_runs(tmp_path):
    clone = Clone(tmp_path / "clone")
    images = clone.folder / "images"
    source = {"kind": "2detect", "folder": "images", "scale": 1.0}
    clone.settings(problem={"source": source}, data={"samples": SAMPLES, "shard_size": 150})
    unpack(images, range(1, 701))
    unpack(images, range(5521, 5671))
    clone.snakemake("check_images")
    page = (clone.results / "images.html").read_text(encoding="utf-8")
    assert "850 slices lie under images: of 16 of the 109 objects, and 150 of the other mixture." in page
    assert "24 have 32x32 pixels" in page and "set it to 5700" in page
    assert "can be had of them" in page and "data:image/png" in page
    clone.snakemake(*TARGETS)
    lost = clone.folder / TARGETS[1]
    whole = lost.read_bytes()

    unpack(images, range(701, 1401))
    lost.unlink()
    failed = clone.snakemake(*TARGETS, check=False)
    if lost.is_file():
        assert not objects(clone, "train") & objects(clone, "test")
    assert failed.returncode != 0 and "Traceback" not in failed.stderr
    assert re.search(
        r"images under \S+/images are not .* dealt .*: 700 are new \(\S+/slice00701 and 699 ", failed.stderr
    )
    assert "snakemake --cores all --forcerun deal_images" in failed.stderr
    checked = clone.snakemake("provenance", "--quiet", "all", check=False)
    assert checked.returncode != 0
    assert re.search(r"data/images.json differs: images.\d+ was null, now", checked.stderr)

    dealt_anew = {"deal_images": 1, "create_store": 2, "simulate": 3}
    assert clone.planned(*TARGETS, "--forcerun", "deal_images") == dealt_anew
    shutil.rmtree(images / "slices-701")
    clone.snakemake(*TARGETS)  # as it was, so the lost shard comes again
    assert lost.read_bytes() == whole
    assert objects(clone, "train") and not objects(clone, "train") & objects(clone, "test")


def test_images_are_dealt_out_when_all_that_is_downloaded_into_their_folder_is_there(tmp_path):
    clone = Clone(tmp_path / "clone")
    archive = {"url": "http://127.0.0.1/images.zip", "md5": "0" * 32}
    source = {"kind": "2detect", "folder": "images", "scale": 1.0, "archives": [archive]}
    clone.settings(problem={"source": source})
    said = yaml.safe_load((clone.folder / "small.yaml").read_text(encoding="utf-8"))
    elsewhere = {"variant_of": "ct", "problem": {"source": {"folder": "others"}}}
    said["experiments"] |= {"same": {"variant_of": "ct"}, "elsewhere": elsewhere}
    (clone.folder / "small.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    assert clone.planned("results/tiny/ct/data/images.json") == {"fetch": 2, "deal_images": 1}
