"""Measurements in files: NPY, NPZ, Zarr, TIFF, MRC and HDF5, as one array with what is said of its rows.

A file that holds several arrays may name them: `DATA` is looked for first, then the only array of two axes or more;
`KEEP` says which rows were measured, `POSITIONS` where they lie, one number a row; `TRUTH` is x itself where it is
known.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pairlsi.predictions import ObservationError

DATA = ("y", "data", "sinogram", "sinograms", "observation", "records")
KEEP = ("keep", "mask", "measured")
TRUTH = ("reference", "truth")
POSITIONS = ("positions", "angles", "receivers", "tilts")


@dataclass(frozen=True)
class Measurement:
    """y: what was measured, as it lay in the file, floats; keep: (rows,) or (samples, rows) bool, or None; positions:
    (rows,) floats, where the rows lie in the problem's unit, or None; name: of the file, for messages; truth: x, or
    what stands for it, to hold estimates against, or None.
    """

    y: np.ndarray
    keep: np.ndarray | None = None
    positions: np.ndarray | None = None
    name: str = "the observation"
    truth: np.ndarray | None = None


def read(path: Path | str, keep: Path | str | None = None, positions: Path | str | None = None) -> Measurement:
    """The measurement in a file; `keep` and `positions`: files of their own, instead of what it says itself.

    Raises ObservationError for a file that is missing, damaged, of no known format or without one array to take.
    """
    path = Path(path)
    arrays = arrays_of(path)
    y = data_of(arrays, path)
    if y.dtype.kind not in "fiub" or y.size == 0:
        found = "is empty" if y.size == 0 else f"holds {y.dtype} instead of real numbers"
        raise ObservationError(f"{path} {found}: it should be the measured data as real numbers")
    said = {"truth": next((arrays[word] for word in TRUTH if word in arrays), None)}
    for name, words, file in (("keep", KEEP, keep), ("positions", POSITIONS, positions)):
        if file is not None:
            said[name] = one_array(Path(file))
        else:
            said[name] = next((arrays[word] for word in words if word in arrays), None)
    return Measurement(y.astype(np.float32), said["keep"], said["positions"], str(path), said["truth"])


def one_array(path: Path) -> np.ndarray:
    """The only array of a small file; text files have a number a line, or several separated by blanks or commas."""
    if path.suffix in (".txt", ".csv", ".dat"):
        there(path)
        try:
            return np.array(path.read_text(encoding="utf-8").replace(",", " ").split(), float)
        except ValueError as error:
            raise ObservationError(
                f"{path} should hold numbers alone, separated by blanks or commas: {error}"
            ) from None
    arrays = arrays_of(path)
    if len(arrays) != 1:
        raise ObservationError(f"{path} should hold one array and has {len(arrays)}: {', '.join(arrays) or 'none'}")
    return next(iter(arrays.values()))


def data_of(arrays: dict[str, np.ndarray], path: Path) -> np.ndarray:
    """Which of the arrays of a file, by their paths in it, is the data."""
    by_word = [array for word in DATA for name, array in arrays.items() if name == word]
    large = {
        name: array for name, array in arrays.items() if array.ndim >= 2 and name not in (*KEEP, *POSITIONS, *TRUTH)
    }
    if by_word:
        return by_word[0]
    if len(large) == 1:
        return next(iter(large.values()))
    told = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "none"
    raise ObservationError(
        f"{path} should hold one array of data, or call it {DATA[0]!r}; it has {told}: save the one that was measured "
        "alone, or under that name"
    )


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    """All numeric arrays of a file, by their path in it; that of a format of one array is called y."""
    there(path)
    suffixes = {suffix: reader for reader, own in FORMATS.items() for suffix in own}
    if path.suffix.lower() not in suffixes:
        raise ObservationError(f"{path}: of the format {path.suffix or 'of no suffix'!r} nothing is known: {KNOWN}")
    try:
        return suffixes[path.suffix.lower()](path)
    except ObservationError:
        raise
    except ImportError as error:
        raise ObservationError(
            f"{path} needs the package {error.name} to be read: install it, or save as NPY"
        ) from None
    except Exception as error:  # each library has errors of its own for a damaged file
        raise ObservationError(
            f"{path} cannot be read as {path.suffix} ({type(error).__name__}: {str(error) or 'no reason given'}): it "
            "is "
            "damaged, was cut off on its way here, or is of another format than its name says: copy or save it again"
        ) from error


def there(path: Path) -> None:
    """Raise ObservationError where there is no such file."""
    if not path.exists():
        beside = sorted(file.name for file in path.parent.glob("*") if not file.name.startswith("."))[:8]
        told = f"; in {path.parent} there are {', '.join(beside)}" if beside else ""
        raise ObservationError(f"there is no file {path}{told}: give the path as seen from the working directory")


def numpy_array(path: Path) -> dict[str, np.ndarray]:
    return {"y": np.load(path, allow_pickle=False)}


def numpy_archive(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files if stored[name].ndim}


def zarr_store(path: Path) -> dict[str, np.ndarray]:
    from zarr import Array
    from zarr import open as open_store

    opened = open_store(path, mode="r")
    if isinstance(opened, Array):
        return {"y": opened[...]}
    return {name: member[...] for name, member in opened.members(max_depth=None) if isinstance(member, Array)}


def tiff_stack(path: Path) -> dict[str, np.ndarray]:
    import tifffile

    return {"y": tifffile.imread(path)}


def mrc_volume(path: Path) -> dict[str, np.ndarray]:
    from mrcfile import open as open_volume

    with open_volume(path, permissive=False) as opened:
        return {"y": np.array(opened.data)}


def hdf5_file(path: Path) -> dict[str, np.ndarray]:
    import h5py

    found = {}

    def look(name, member):
        if isinstance(member, h5py.Dataset) and member.ndim and member.dtype.kind in "fiub":
            found[name] = member[...]

    with h5py.File(path) as opened:
        opened.visititems(look)
    return found


FORMATS = {
    numpy_array: (".npy",),
    numpy_archive: (".npz",),
    zarr_store: (".zarr",),
    tiff_stack: (".tif", ".tiff"),
    mrc_volume: (".mrc", ".mrcs", ".rec", ".st", ".ali"),
    hdf5_file: (".h5", ".hdf5", ".hdf", ".hspy", ".nxs"),
}
SUFFIXES = [suffix for own in FORMATS.values() for suffix in own]
KNOWN = "it may be NPY, NPZ, Zarr, TIFF, MRC or HDF5 (" + ", ".join(SUFFIXES) + ")"
