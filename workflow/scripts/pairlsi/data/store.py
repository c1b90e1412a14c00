"""Datasets of pairs (x, y) in Zarr: one shard file for each simulate job, in chunks of a few samples.

A split is a group {split}.zarr with arrays x (N, C, H, W) and y (N, C, H, W), float32. Each chunk carries a
checksum (crc32c), so that a damaged file is named before it is used. Zarr writes a shard beside and renames it.
"""

import math
import warnings
from pathlib import Path

import numpy as np
import zarr

from pairlsi.jobs import outputs

ARRAYS = ("x", "y")
CHUNK = 16  # samples at most: chunks of one take eight times as long to read, for their bookkeeping

zarr.config.refresh(paths=[])  # Zarr's own defaults, not what ~/.config/zarr makes of them


class DataError(RuntimeError):
    """A dataset is missing, damaged or not finite; the message names the file and the command that repairs it."""


def create(path: Path, samples: int, shapes: dict, shard_size: int, attributes: dict, axes: dict | None = None) -> None:
    """Make the empty dataset at `path`, replacing an older one.

    shapes: (C, H, W) of a sample of "x" and of "y"; attributes: settings and units, stored with the group; axes: names
    of C, H and W for either, None for no names.
    """
    chunk = max(size for size in range(1, CHUNK + 1) if shard_size % size == 0)
    with outputs.written(path) as beside:
        group = zarr.create_group(beside, attributes=attributes)
        for name in ARRAYS:
            group.create_array(
                name,
                shape=(samples, *shapes[name]),
                chunks=(chunk, *shapes[name]),
                shards=(shard_size, *shapes[name]),
                dtype="float32",
                compressors=zarr.codecs.Crc32cCodec(),  # floats with noise do not compress; damage must show
                dimension_names=("sample", *axes[name]) if axes else None,
                attributes={"units": attributes[f"{name}_unit"]} if f"{name}_unit" in attributes else {},
            )
        consolidate(beside)


def consolidate(path: Path) -> None:
    """Repeat what the arrays and groups below a finished group are in its own zarr.json, for readers that look there
    first, as xarray does.
    """
    with warnings.catch_warnings():  # zarr warns that its format 3 has no rule for this yet; readers may ignore it
        warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)
        zarr.consolidate_metadata(path)


def shards(samples: int, shard_size: int) -> int:
    """The number of shards of a split."""
    return math.ceil(samples / shard_size)


def shard_files(path: Path, shard: int) -> list[Path]:
    """The files, one an array, that hold shard number `shard`."""
    return [Path(path) / name / "c" / str(shard) / "0/0/0" for name in ARRAYS]


def shard_range(array: zarr.Array, shard: int) -> slice:
    """The samples of an array that shard number `shard` holds."""
    size = array.shards[0]
    return slice(shard * size, min((shard + 1) * size, array.shape[0]))


def write_shard(path: Path, shard: int, blocks: list) -> None:
    """Write one whole shard of x and y, two dask arrays (n, C, H, W) that are computed together.

    Raises DataError where a value is not finite, before anything is written, and DiskFull.
    """
    import dask

    group = zarr.open_group(path, mode="r+")
    computed = dict(zip(ARRAYS, dask.compute(*blocks), strict=True))
    for name, values in computed.items():
        bad = ~np.isfinite(values).reshape(len(values), -1).all(1)
        if bad.any():
            sample = shard_range(group[name], shard).start + int(bad.argmax())
            raise DataError(
                f"{name} of sample {sample} of {path} is not finite: check the problem's settings in the config"
            )
    for name, values in computed.items():
        array = group[name].with_config({"write_empty_chunks": True})  # a shard of zeros must be a file all the same
        with outputs.naming(Path(path) / name / "c" / str(shard) / "0/0/0"):
            array[shard_range(array, shard)] = values


def read(path: Path, name: str, samples: slice = slice(None)) -> np.ndarray:
    """Samples of array `name` ("x" or "y") as (n, C, H, W) float32.

    Raises DataError naming the file that is missing, truncated or damaged, or the sample that is not finite.
    """
    array = _open(path)[name]
    start, stop, _ = samples.indices(array.shape[0])
    size = array.shards[0]
    out = np.empty((stop - start, *array.shape[1:]), np.float32)
    for shard in range(start // size, shards(stop, size)):
        low, high = max(start, shard * size), min(stop, (shard + 1) * size)
        file = Path(path) / name / "c" / str(shard) / "0/0/0"
        out[low - start : high - start] = _read_block(array, file, slice(low, high))
    return out


def _open(path: Path) -> zarr.Group:
    try:
        group = zarr.open_group(path, mode="r")
        for name in ARRAYS:
            group[name]
        return group
    except Exception as error:  # Zarr raises many types for a folder that is none of its own
        raise DataError(
            f"there is no dataset {path}, or its zarr.json is damaged: make it again "
            "(snakemake --cores all --forcerun create_store data)"
        ) from error


def _read_block(array: zarr.Array, file: Path, samples: slice) -> np.ndarray:
    repair = f"make it again (rm {file}; snakemake --cores all data)"
    # Zarr takes a missing or empty file for zeros
    if not file.is_file() or file.stat().st_size == 0:
        raise DataError(f"the shard {file} is missing or empty: {repair}")
    try:
        block = array[samples]
    except (ValueError, OSError, RuntimeError) as error:
        raise DataError(f"the shard {file} is truncated or damaged ({error}): {repair}") from error
    if not np.isfinite(block).all():
        sample = samples.start + int((~np.isfinite(block)).reshape(len(block), -1).any(1).argmax())
        raise DataError(f"sample {sample} in {file} is not finite: {repair}")
    return block


def sizes(path: Path) -> tuple[int, int]:
    """The number of samples of the split at `path`, and of a shard."""
    array = _open(path)["x"]
    return array.shape[0], array.shards[0]


def statistics(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Statistics of a split, out of core: one pass over the shards, each verified as it is read.

    Returns
    -------
    scalars: for x and for y the mean, the standard deviation around it ("std") and around the pixel-wise mean
        ("pixel_std"), minimum and maximum, and the number of samples.
    means: the pixel-wise means, (C, H, W) float32.
    """
    import dask.array

    dask.config.refresh(paths=[])  # as Zarr's above
    scalars, means = {}, {}
    for name in ARRAYS:
        array = _open(path)[name]
        count, size = array.shape[0], array.shards[0]
        blocks = [
            dask.array.from_delayed(
                dask.delayed(read)(path, name, slice(low, min(low + size, count))),
                (min(low + size, count) - low, *array.shape[1:]),
                np.float32,
            )
            for low in range(0, count, size)
        ]
        data = dask.array.concatenate(blocks).astype(np.float64)
        moments = data.mean(0), (data**2).mean(0), data.min(), data.max()
        pixel_mean, pixel_square, low, high = dask.compute(*moments)
        pixel_variance = np.maximum(pixel_square - pixel_mean**2, 0).mean()
        scalars[name] = {
            "mean": float(pixel_mean.mean()),
            "std": float(np.sqrt(pixel_variance + pixel_mean.var())),
            "pixel_std": float(np.sqrt(pixel_variance)),
            "min": float(low),
            "max": float(high),
            "samples": count,
        }
        means[name] = pixel_mean.astype(np.float32)
        if scalars[name]["pixel_std"] == 0:
            raise DataError(f"all samples of {name} in {path} are the same: nothing can be learned from them")
    return scalars, means
