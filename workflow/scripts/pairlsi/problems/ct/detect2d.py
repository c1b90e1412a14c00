"""Reader of real 2DeteCT reconstructions: find the slices, split them by object, read them at the wanted size.

The data set is Kiss et al., "2DeteCT - A large 2D expandable, trainable, experimental Computed Tomography dataset",
Scientific Data 10, 576 (2023). Its RecSeg archives unpack to ``sliceNNNNN/mode2/reconstruction.tif``, 1024 x 1024
float32 over a field of view of 116.5 mm. Slices 1 to 5000 show 109 objects of up to 50 neighbouring slices that look
much alike, so objects and never slices are shared out between training, validation and test; slices 5521 to 6370 show
another mixture and make the out-of-distribution split. In-distribution archives: Zenodo records 8017583, 8017604,
8017612, 8017618 and 8017624; the other mixture: 8017653.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from pairlsi.problems.ct import image_files
from pairlsi.problems.ct.image_files import ImagesError

SIZE = 1024  # pixels a side of the images in the files
SLICE = re.compile(r"slice(\d{5})")
IMAGE = Path("mode2") / "reconstruction.tif"
OOD = range(5521, 6371)
OBJECTS = 109
# How many slices an object has where it is not 50, as the data set's own records list them.
# fmt: off
SHORT = {2: 40, 4: 20, 8: 20, 15: 20, 17: 40, 20: 40, 22: 40, 30: 40, 36: 40, 44: 40, 47: 10, 55: 40, 58: 10, 59: 30,
         60: 40, 63: 10, 68: 40, 69: 40, 76: 20, 78: 40, 84: 30, 86: 40, 87: 40, 109: 20}
# fmt: on
LAST = np.cumsum([SHORT.get(number, 50) for number in range(1, OBJECTS + 1)])  # the last slice of each object: 5000
OOD_STREAM = 3  # the number of the ood split among the splits: its shuffle has a stream apart from the objects'


def object_of(number: int) -> int:
    """The object, 1 to 109, that in-distribution slice ``number``, 1 to 5000, belongs to."""
    if not 1 <= number <= LAST[-1]:
        raise ValueError(f"slice {number} is none of the in-distribution slices 1 to {LAST[-1]}")
    return int(np.searchsorted(LAST, number)) + 1


def find_slices(folder: str | Path) -> dict[int, Path]:
    """Slice number -> its mode-2 reconstruction, for all that lie anywhere under ``folder``, by number; links count.

    Raises FileNotFoundError if there is no such folder or nothing in it, ImagesError if a slice lies there twice or has
    no reconstruction yet.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"source.folder: {root} is no folder; name the one that holds the slices of 2DeteCT")
    found: dict[int, Path] = {}
    empty: dict[int, Path] = {}
    for path in image_files.folders(root, SLICE):
        number, image = int(SLICE.fullmatch(path.name)[1]), path / IMAGE
        if not image.is_file():
            if not any(path.glob("mode*/sinogram.tif")):  # of the archives of raw data, which may lie there too
                empty[number] = path
        elif number not in found:
            found[number] = image
        elif not image.samefile(found[number]):
            raise ImagesError(
                f"slice {number} lies under {root} twice: {found[number]} and {image}; remove one of them"
            )
    if lacking := [path for number, path in empty.items() if number not in found]:
        raise ImagesError(
            f"{lacking[0]} has no {IMAGE}, nor have {len(lacking) - 1} more: wait if their archive is still being "
            "unpacked, else unpack it again or remove them"
        )
    if not found:
        raise FileNotFoundError(
            f"source.folder: no sliceNNNNN/{IMAGE} under {root}; unpack the RecSeg archives of 2DeteCT there "
            "(or set source.archives, and the workflow does it)"
        )
    return dict(sorted(found.items()))


def describe(folder: str | Path, found: Mapping[int, Path]) -> dict[str, dict]:
    """What lies in a folder, in JSON's terms: slice number -> its path there, its object if it has one, its content."""
    told = {}
    for number, path in found.items():
        owner = object_of(number) if number <= LAST[-1] else None
        relative = path.relative_to(folder).as_posix()
        told[str(number)] = {"path": relative, "object": owner, **image_files.fingerprint(path)}
    return told


def deal(folder: str | Path, counts: Mapping[str, int], seed: int) -> dict:
    """Share out, once and for all, what lies in a folder: its "images", as `describe` has them, and "splits", the slice
    numbers of each split's samples in the order of their index; with the "seed" and the "counts" asked for.

    Raises ImagesError if it is still changing, a file is incomplete or cannot be read, or a split cannot be filled, and
    what `find_slices` raises.
    """
    found = find_slices(folder)
    before = image_files.states(found.values())
    for path in found.values():
        image_files.check_whole(path)
    image_files.read(next(iter(found.values())))  # can it be decoded? all are of one make
    images = describe(folder, found)
    image_files.wait_until_quiet(found.values())
    if changed := image_files.changes(before, image_files.states(find_slices(folder).values())):
        raise ImagesError(
            f"the images under {folder} are still changing: {changed}; wait until all archives are unpacked, then run "
            "again"
        )
    splits = {split: numbers.tolist() for split, numbers in split_slices(found, counts, seed).items()}
    return {"seed": seed, "counts": dict(counts), "images": images, "splits": splits}


def check_unchanged(folder: str | Path, dealt: Mapping) -> None:
    """Raise ImagesError where names or sizes in the folder are not those of when `deal` shared it out."""
    now = {slice_of(path.relative_to(folder)): path.stat().st_size for path in find_slices(folder).values()}
    then = {slice_of(Path(told["path"])): told["bytes"] for told in dealt["images"].values()}
    if changed := image_files.changes(then, now):
        raise ImagesError(_differs(folder, changed))


def read_dealt(folder: str | Path, told: Mapping, size: int, scale: float) -> np.ndarray:
    """`read_slice` for one of the images that were dealt out; ImagesError too if its content is not that of then."""
    path = Path(folder) / told["path"]
    image = read_slice(path, size, scale)
    if any(told[key] != value for key, value in image_files.fingerprint(path).items()):
        raise ImagesError(_differs(folder, f"1 changed ({slice_of(Path(told['path']))})"))
    return image


def _differs(folder: str | Path, changed: str) -> str:
    return (
        f"the images under {folder} are not those any more that were dealt out to the splits: {changed}. Nothing is "
        "drawn from them, lest an object come to lie in two splits: put the folder back as it was, or deal anew, with "
        "all that follows: snakemake --cores all --forcerun deal_images"
    )


def slice_of(path: Path) -> str:
    """The folder of a slice, from the path of its image."""
    return path.parents[1].as_posix()


def split_slices(numbers: Iterable[int], counts: Mapping[str, int], seed: int) -> dict[str, np.ndarray]:
    """Share slices out: split -> the (counts[split],) slice numbers of its samples, in the order of their index.

    ``counts`` names splits among train, validation, test and ood. Whole objects go, the larger ones first and in
    random order, to the split that has the smallest share yet of what it asked for, among those still in want of a
    whole object if there are any; then the slices of each split are shuffled.
    Raises ImagesError if a split cannot be filled.
    """
    available = sorted(numbers)
    wanted = {split: counts[split] for split in sorted(counts) if split != "ood" and counts[split] > 0}
    objects: dict[int, list[int]] = {}
    for number in available:
        if number <= LAST[-1]:
            objects.setdefault(object_of(number), []).append(number)
    rng = np.random.default_rng([seed])
    shuffled = [objects[key] for key in rng.permutation(sorted(objects))]
    pools: dict[str, list[int]] = {split: [] for split in wanted}
    for members in sorted(shuffled, key=len, reverse=True) if wanted else ():
        full = {split: len(pools[split]) + len(members) > wanted[split] for split in wanted}
        pools[min(wanted, key=lambda split: (full[split], len(pools[split]) / wanted[split]))] += members
    chosen = {split: rng.permutation(sorted(pool)) for split, pool in pools.items()}
    if counts.get("ood", 0) > 0:
        others = [number for number in available if number in OOD]
        chosen["ood"] = np.random.default_rng([seed, OOD_STREAM]).permutation(others)
    for split, pool in chosen.items():
        if len(pool) < counts[split]:
            raise ImagesError(
                f"samples.{split} is {counts[split]}, but only {len(pool)} of the 2DeteCT slices found fall to it "
                "(whole objects are shared out in proportion to what is asked): ask for fewer or unpack more archives"
            )
    return {split: pool[: counts[split]] for split, pool in chosen.items()}


@lru_cache(maxsize=4)
def area_weights(size: int, target: int) -> np.ndarray:
    """Matrix W (target, size), rows summing to one: W @ image @ W.T averages over areas, for any target <= size."""
    edges = np.arange(target + 1) * (size / target)
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.maximum(overlap, 0) * (target / size)


def shrink(image: np.ndarray, size: int) -> np.ndarray:
    """Area average of a square image (n, n) on a grid of (size, size), size <= n: the mean is preserved."""
    if image.shape[0] % size == 0:
        factor = image.shape[0] // size
        return image.reshape(size, factor, size, factor).mean(axis=(1, 3))
    weights = area_weights(image.shape[0], size)
    return weights @ image @ weights.T


def read_slice(path: str | Path, size: int, scale: float) -> np.ndarray:
    """One reconstruction as relative attenuation (size, size) float32, at least 0.

    ``scale`` is the value in the file that becomes 1. Negative values, artefacts of the reconstruction, are set to 0
    only after averaging: before, that would lift the noise of the air above 0.

    Raises FileNotFoundError if the file is missing; ImagesError if it cannot be read, is not a square image of at
    least ``size`` pixels a side, or has values that are not finite.
    """
    again = "unpack its archive again"
    image = image_files.read(Path(path))
    if image.ndim != 2 or image.shape[0] != image.shape[1]:
        raise ImagesError(f"{path} has shape {image.shape}; a 2DeteCT reconstruction is one square image: {again}")
    if image.shape[0] < size:
        raise ImagesError(
            f"{path} has {image.shape[0]} pixels a side, but image_size x oversampling is {size}: lower one"
        )
    if not np.isfinite(image).all():
        raise ImagesError(f"{path} has values that are not finite (NaN or infinite); {again}")
    return np.maximum(shrink(image.astype(np.float64), size) / scale, 0).astype(np.float32)
