"""Data of one's own: read, laid onto the rows of training, estimated, and judged at rates that hold."""

import copy
import json
import re
import zipfile
import zlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from in_process import Computed, report
from skimage.data import shepp_logan_phantom
from skimage.transform import resize
from test_settings import ROOT, alone, shipped

import pairlsi
from pairlsi import problems
from pairlsi.config import Experiment, check
from pairlsi.core.errors import ConfigError
from pairlsi.data import store
from pairlsi.designs import next_rows, survey
from pairlsi.observations import spoiled
from pairlsi.predictions import (
    ObservationError,
    asked,
    conformal,
    exported,
    misfits,
    model,
    packing,
    page,
    rates,
    reading,
    results,
    trust,
    writing,
)
from pairlsi.predictions.placing import place
from pairlsi.predictions.reading import Measurement, read
from pairlsi.problems.symmetries import Symmetries
from pairlsi.reports import inconsistencies, trusted
from pairlsi.reports.figures import trust as curves

ANGLES, BINS = 12, 23
DRAWN = np.random.default_rng(0).random((3, ANGLES, BINS)).astype(np.float32)
CT = problems.create(
    {
        "kind": "ct",
        "image_size": 16,
        "angles": ANGLES,
        "detector_bins": BINS,
        "noise_level": 0.01,
        "oversampling": 2,
        "source": {"kind": "phantoms"},
    }
)


# --- files


def write_npz(path, y):
    np.savez(path, sinogram=y, angles=np.arange(ANGLES))


def write_zarr(path, y):
    zarr.create_group(path).create_array("y", data=y)


def write_tiff(path, y):
    pytest.importorskip("tifffile").imwrite(path, y, photometric="minisblack")


def write_mrc(path, y):
    with pytest.importorskip("mrcfile").new(path) as file:
        file.set_data(y)


def write_hdf5(path, y):
    with pytest.importorskip("h5py").File(path, "w") as file:
        file["entry/1/data"] = y
        file["entry/note"] = "of a day in May"


WRITERS = {
    ".npy": np.save,
    ".npz": write_npz,
    ".zarr": write_zarr,
    ".tif": write_tiff,
    ".mrc": write_mrc,
    ".h5": write_hdf5,
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_file_of_any_format_gives_what_was_written(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    WRITERS[suffix](path, DRAWN)
    found = read(path)
    assert found.y.dtype == np.float32 and np.array_equal(found.y, DRAWN)
    assert (found.positions is not None) == (suffix == ".npz")


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_file_that_was_cut_off_is_named(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    WRITERS[suffix](path, DRAWN)
    file = path / "zarr.json" if path.is_dir() else path
    file.write_bytes(file.read_bytes()[: len(file.read_bytes()) // 3])
    with pytest.raises(ObservationError, match=r"scan\..* (cannot be read|should hold one array)"):
        read(path)


def test_masks_and_positions_come_from_files_of_their_own(tmp_path):
    np.save(tmp_path / "y.npy", DRAWN)
    np.save(tmp_path / "keep.npy", np.arange(ANGLES) % 2)
    (tmp_path / "angles.txt").write_text("0, 15, 30\n45 60 75\n90 105 120 135 150 165\n")
    found = read(tmp_path / "y.npy", tmp_path / "keep.npy", tmp_path / "angles.txt")
    placed = place(found, CT)
    assert np.array_equal(placed.keep, np.tile(np.arange(ANGLES) % 2 == 1, (3, 1)))
    assert np.array_equal(placed.y[:, 0], DRAWN * placed.keep[..., None])


# --- laying rows onto those of training


def test_angles_of_another_scan_are_taken_where_they_match_and_interpolated_where_not():
    """Against ASTRA: a scan with twice the angles, in another order and from the other side."""
    finer = problems.create(CT.said | {"angles": 2 * ANGLES})
    x = CT.draw("validation", np.arange(4), 1, {})[0]
    wanted, fine = CT.forward(x), finer.forward(x)
    found = place(Measurement(fine, positions=finer.positions), CT)
    assert found.keep.all() and np.allclose(found.y, wanted, atol=1e-6) and "12 were measured" in found.said[0]
    # in any order, and some of them from the other side, where the view is mirrored
    order = np.random.default_rng(1).permutation(2 * ANGLES)
    positions, rows = finer.positions[order], fine[:, :, order]
    positions[::3] += 180
    rows[:, :, ::3] = rows[:, :, ::3, ::-1]
    assert np.array_equal(place(Measurement(rows, positions=positions), CT).y, found.y)
    # the angles between: half a step off, so that every row of training is the mean of two
    between = place(Measurement(fine[:, :, 1::2], positions=finer.positions[1::2]), CT)
    assert between.keep.all() and "12 are interpolated" in between.said[0]
    assert np.linalg.norm(between.y - wanted) < 0.2 * np.linalg.norm(wanted)
    assert np.linalg.norm(between.y[:, :, 0] - wanted[:, :, 0]) < 0.25 * np.linalg.norm(wanted[:, :, 0])


def test_a_wedge_without_views_is_missing():
    keep = np.arange(ANGLES) < 8
    found = place(Measurement(DRAWN[:, keep], positions=CT.positions[keep] - 180), CT)
    assert np.array_equal(found.keep[0], keep) and found.said == [
        "Of the 12 angles of training, 8 were measured and 4 are missing."
    ]


def test_gaps_are_missing_rows_of_their_sample():
    y = DRAWN.copy()
    y[1, 3, 5] = y[2, 7] = np.nan
    found = place(Measurement(y), CT)
    assert [tuple(at) for at in np.argwhere(~found.keep)] == [(1, 3), (2, 7)]
    assert np.isfinite(found.y).all() and "1 have gaps" in found.said[0]


# --- wrong data


WRONG = {  # y, what else is said, and what the message has to have
    "other bins": (DRAWN[..., :20], {}, ["(3, 12, 20)", "angle 12, bin 23", "bin or resample"]),
    "other angles": (DRAWN[:, :9], {}, ["(3, 9, 23)", "positions=FILE"]),
    "transposed": (np.swapaxes(DRAWN, 1, 2), {}, ["(3, 23, 12)", "transpose", "(12, 23)"]),
    "angles last but one, samples last": (np.moveaxis(DRAWN, 0, 2), {}, ["(12, 23, 3)", "expected is one sample"]),
    "a vector": (DRAWN[0, 0], {}, ["(23,)", "expected is one sample"]),
    "nothing measured": (np.full_like(DRAWN, np.nan), {}, ["nothing was measured in sample 0, 1, 2 of 3"]),
    "one empty sample": (np.where(np.arange(3)[:, None, None] == 1, np.nan, DRAWN), {}, ["in sample 1 of 3"]),
    "zeros": (0 * DRAWN, {}, ["is zero", "by NaN"]),
    "infinite": (np.where(DRAWN > 0.99, np.inf, DRAWN), {}, ["infinite", "logarithms"]),
    "a dead bin": (np.where(np.arange(BINS) == 4, np.nan, DRAWN), {}, ["every one of its angles", "entries 4", "fill"]),
    "mask too short": (DRAWN, {"keep": np.ones(11)}, ["mask has the shape (11,)", "(12,)", "(3, 12)"]),
    "mask of weights": (DRAWN, {"keep": np.full(12, 0.5)}, ["mask has 0.5", "1 for what was measured"]),
    "all masked": (DRAWN, {"keep": np.zeros(12)}, ["nothing was measured"]),
    "radians": (DRAWN, {"positions": np.deg2rad(CT.positions)}, ["0 to 2.88", "radians", "degrees"]),
    "an angle twice": (DRAWN, {"positions": np.minimum(CT.positions, 150)}, ["several angles lie at 150", "average"]),
    "a point in turn": (DRAWN, {"positions": CT.positions * np.nan}, ["NaN or infinity"]),
    "fewer angles said": (DRAWN, {"positions": CT.positions[:9]}, ["(3, 12, 23)", "angle 9"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_data_are_refused_with_what_was_found_what_is_expected_and_what_to_try(what):
    y, said, fragments = WRONG[what]
    with pytest.raises(ObservationError) as raised:
        place(Measurement(np.asarray(y, np.float32), name="scan.npy", **said), CT)
    assert str(raised.value).startswith("scan.npy") and "\n" not in str(raised.value)
    for fragment in fragments:
        assert fragment in str(raised.value)


def test_receivers_at_other_depths_altogether_are_refused_with_both_ranges():
    survey = problems.create({"kind": "crosswell"} | problems.find("problems", "crosswell").small())
    y = np.ones((1, *survey.y_shape), np.float32)
    with pytest.raises(ObservationError, match=r"from 1000 to 1150 m, those of training from 0 to 150 m"):
        place(Measurement(y, positions=1000 + survey.positions), survey)


@pytest.mark.parametrize(
    ("name", "content", "fragments"),
    [
        ("scan.png", b"", ["'.png'", "NPY, NPZ, Zarr, TIFF, MRC or HDF5"]),
        ("scan.npy", b"\x93NUMPY", ["cannot be read", "damaged"]),
        ("other.npy", None, ["there is no file", "in ", "scan.txt"]),
    ],
)
def test_files_that_cannot_be_read_are_named_with_what_can(tmp_path, name, content, fragments):
    (tmp_path / "scan.txt").write_text("1 2\n")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ObservationError) as raised:
        read(tmp_path / name)
    for fragment in [name, *fragments]:
        assert fragment in str(raised.value)


def test_several_arrays_of_which_none_is_called_data_are_listed(tmp_path):
    np.savez(tmp_path / "scan.npz", first=DRAWN, second=DRAWN)
    with pytest.raises(ObservationError, match=r"first \(3, 12, 23\), second \(3, 12, 23\)"):
        read(tmp_path / "scan.npz")
    np.savez(tmp_path / "scan.npz", first=DRAWN.astype(complex))
    with pytest.raises(ObservationError, match="complex"):
        read(tmp_path / "scan.npz")


def test_a_number_of_an_angle_file_that_is_none_is_quoted(tmp_path):
    (tmp_path / "angles.txt").write_text("0, 15, a\n")
    with pytest.raises(ObservationError, match="could not convert string to float: 'a'"):
        reading.one_array(tmp_path / "angles.txt")


@pytest.mark.parametrize(
    ("config", "fragments"),
    [
        ({"observation": "y.npy"}, ["'experiment' is missing", "ct, linear"]),
        ({"observation": "y.npy", "experiment": "mri"}, ["'experiment' is 'mri'", "ct, linear"]),
        ({"scale": "much"}, ["'scale' is 'much'"]),
    ],
)
def test_what_the_command_line_says_wrongly_is_named(config, fragments):
    with pytest.raises(ConfigError) as raised:
        asked.taken_from(config, ["ct", "linear"])
    for fragment in fragments:
        assert fragment in str(raised.value)


def test_a_folder_of_observations_is_a_prediction_a_file(tmp_path):
    for name in ("a.npy", "b 1.tif", "b 1.npy", "notes.txt", "c.zarr/zarr.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(asked.files(str(tmp_path))) == ["a", "b_1_npy", "b_1_tif", "c"]
    assert list(asked.files(str(tmp_path / "c.zarr"))) == ["c"]
    with pytest.raises(ConfigError, match=r"no such file.*notes\.txt"):
        asked.files(str(tmp_path / "d.npy"))
    with pytest.raises(ConfigError, match="of no known format"):
        asked.files(str(tmp_path / "notes.txt"))


# --- rates, by simulation


def test_p_values_are_below_any_level_as_often_as_it_says():
    rng = np.random.default_rng(0)
    mixed = rng.standard_normal((4, 4))  # scores that go together
    found = np.concatenate(
        [conformal.p_values(*(rng.standard_normal((n, 4)) @ mixed for n in (49, 5))) for _ in range(600)]
    )
    for level in (0.02, 0.1, 0.5):
        rate = (found <= level).mean()
        assert abs(rate - level) < 4 * np.sqrt(level / 600)  # the five of a round share their 49
    assert conformal.p_values(rng.standard_normal((49, 4)), np.full((1, 4), 50.0)) == 1 / 50


def test_intervals_and_bands_hold_as_often_as_they_say_and_are_narrow_where_scores_tell():
    rng = np.random.default_rng(1)

    def drawn(count):
        scores = rng.standard_normal((count, 3))
        return scores, np.exp(-1 + 0.5 * scores[:, 0] + 0.1 * rng.standard_normal(count))

    held = []
    for _ in range(200):
        model_ = conformal.ErrorModel.fit(*drawn(40))
        scores, errors = drawn(20)
        bounds = model_.interval(scores, 0.9)
        held.append((bounds[:, 0] <= errors) & (errors <= bounds[:, 1]))
    assert abs(np.mean(held) - 0.9) < 0.02
    assert (bounds[:, 1] / bounds[:, 0]).max() < np.exp(0.6)  # the errors' own are e^±1
    assert conformal.quantile(np.arange(5.0), 0.9) == np.inf and conformal.quantile(np.arange(9.0), 0.9) == 8

    off, expected = rng.standard_normal((300, 1, 8, 8)), rng.uniform(0.5, 2, 600)
    off = np.concatenate([off, rng.standard_normal(off.shape)]) * expected[:, None, None, None] * np.arange(1, 9)
    half, parts = conformal.band(off[:300], expected[:300], [0.5, 0.9])
    for level, part in zip((0.5, 0.9), parts, strict=True):
        within = np.abs(off[300:]) <= part * half * expected[300:, None, None, None]
        assert abs(within.mean() - level) < 0.01 and np.abs(within.mean((0, 1, 2)) - level).max() < 0.05
    assert parts[-1] == 1


# --- an experiment that was computed


@pytest.fixture(scope="module")
def computed(tmp_path_factory) -> Computed:
    """Tomography of closed forms alone, with enough test samples to tell rates."""
    said = shipped_ct()
    return Computed(tmp_path_factory.mktemp("predictions") / "ct", said)


def shipped_ct() -> dict:
    config = alone("ct")
    said = config["experiments"]["ct"]
    said["problem"] |= {"image_size": 16, "angles": 12}
    said["data"] |= {"samples": {"train": 300, "validation": 60, "test": 150, "ood": 2}, "shard_size": 300}
    said["networks"] = {"linear": {"latent": [64, 64]}}
    said["methods"] = {"linear-estimate": {}, "cgls": {"iterations": 12}}
    said["methods"]["cgls-refined"] = {"kind": "cgls", "start": "linear-estimate", "iterations": 5}
    said["observations"] = {"none": {}, "block": {"percents": [25], "seed": 7}}
    said["training"]["batch_size"] = 50
    said |= {"architecture": None, "evaluation": said["evaluation"] | {"claims": []}, "sections": {}}
    said["predictions"] = {"methods": ["linear-estimate", "cgls-refined", "cgls"]}
    return check(config)["experiments"]["ct"]


@pytest.fixture(scope="module")
def trained(computed) -> model.Model:
    return model.of_folder(computed.experiment.said, computed.folder)


@pytest.fixture(scope="module")
def pairs(computed):
    return tuple(store.read(computed.folder / "data" / "test.zarr", name) for name in store.ARRAYS)


KEPT = {"all": np.ones(12, bool), "random": np.arange(12) % 4 > 0, "block": np.arange(12) < 9}


@pytest.mark.parametrize("kept", KEPT)
def test_false_alarms_intervals_and_bands_have_their_nominal_rates_on_test_data(trained, pairs, kept):
    x, y = pairs
    found = trained.infer(y, keep=KEPT[kept])
    count = len(x)
    for one in found.estimates.values():
        errors = np.linalg.norm((one.x - x).reshape(count, -1), axis=1) / np.linalg.norm(x.reshape(count, -1), axis=1)
        # the samples share 60 validation samples: their own rate is that of a beta distribution about the nominal one
        for hit, level in (
            (one.trust.p_value <= 0.05, 0.05),
            ((errors >= one.trust.interval[:, 0]) & (errors <= one.trust.interval[:, 1]), 0.9),
        ):
            spread = np.sqrt(level * (1 - level) * (1 / count + 1 / 60))
            assert abs(hit.mean() - level) < 3 * spread
        assert abs((np.abs(one.x - x) <= one.band).mean() - 0.9) < 0.03
        assert np.corrcoef(np.log(errors), np.log(one.trust.error))[0, 1] > 0.2


INCONSISTENT = {
    "noise": lambda y: y + 0.05 * np.sqrt(np.square(y).mean()) * np.random.default_rng(2).standard_normal(y.shape),
    "axis": lambda y: (y + np.roll(y, 1, -1)) / 2,
    "a dead bin": lambda y: y * (np.arange(y.shape[-1]) != 9),
    "a view of another angle": lambda y: np.where(np.arange(12)[:, None] == 3, y[:, :, [8]], y),
    "another scale of one view": lambda y: y * np.where(np.arange(12) == 5, 1.3, 1)[:, None],
}


@pytest.mark.parametrize("what", INCONSISTENT)
def test_what_is_unlike_training_raises_the_alarm(trained, pairs, what):
    wrong = INCONSISTENT[what](pairs[1]).astype(np.float32)
    found = trained.infer(wrong, methods=["linear-estimate"])
    assert (found.p_value <= 0.05).mean() > 0.6  # where the false alarms are 0.05
    like, sentences = page.verdict(found, trained.experiment.labels)
    assert not like and "does not look like" in sentences[0] and "lower bound" in sentences[-1]


def test_few_validation_samples_cannot_tell_and_say_so(trained, pairs):
    found = trained.infer(pairs[1][:2], methods=["cgls"])
    few = copy.deepcopy(found)
    object.__setattr__(few.estimates["cgls"].trust, "known", 16)
    like, sentences = page.verdict(few, trained.experiment.labels)
    assert not like and "cannot be told: of 16 validation samples the least p-value is 0.059" in sentences[0]
    assert "Prediction of 2 samples (cgls: " in repr(found)
    odd = trained.infer(np.roll(pairs[1][:1], 1, -1), methods=["cgls"])
    object.__setattr__(odd.estimates["cgls"].trust, "p_value", np.array([0.5]))
    assert "Something else is odd" in " ".join(page.verdict(odd, trained.experiment.labels)[1])


def test_a_head_is_not_taken_for_trail_mix(trained):
    """The phantom of Shepp and Logan, as scikit-image has it."""
    head = resize(shepp_logan_phantom(), (32, 32), anti_aliasing=True).astype(np.float32)
    found = trained.infer(trained.problem._operator(2)(head.reshape(1, -1)).reshape(trained.problem.y_shape))
    assert all(one.trust.p_value[0] <= 0.05 for one in found.estimates.values())
    assert "does not look like" in page.verdict(found, trained.experiment.labels)[1][0]


def test_a_rotation_axis_that_is_off_is_told_in_bins_with_its_sign(trained, pairs):
    for shift in (-1, 1):
        odd = trained.infer(np.roll(pairs[1][:5], shift, -1), methods=["cgls"]).odd
        assert any(f"off the middle of the detector by {shift:+d}.0" in said for said in odd)
    assert trained.infer(pairs[1][:5], methods=["cgls"]).odd == []


def test_values_of_another_unit_or_sign_are_refused_with_the_factor(trained, pairs):
    y = pairs[1][:5]
    with pytest.raises(ObservationError, match=r"1e\+03 times as large.*scale=0\.00\d"):
        trained.infer(1000 * y)
    with pytest.raises(ObservationError, match="scale=-1"):
        trained.infer(-y)
    found = trained.infer(1000 * y, scale=1e-3, methods=["cgls"])
    assert found.said == ["All values were multiplied by 0.001."]
    assert np.allclose(found.x, trained.infer(y, methods=["cgls"]).x, atol=1e-5)


def test_masks_of_their_own_for_every_sample_give_what_each_gives_alone(trained, pairs):
    y, keep = pairs[1][:4], np.stack([KEPT["all"], KEPT["block"], KEPT["all"], KEPT["random"]])
    found = trained.infer(y, keep=keep)
    for sample, kept in enumerate(keep):
        alone = trained.infer(y[sample : sample + 1], keep=kept)
        for name, one in found.estimates.items():
            assert np.allclose(one.x[sample], alone.estimates[name].x[0], atol=1e-6)
            assert one.trust.p_value[sample] == alone.estimates[name].trust.p_value[0]


def test_a_method_that_starts_from_another_starts_from_it_here_too(trained, pairs, computed):
    """Against what the sweep of the workflow stores for the same data."""
    found = trained.infer(pairs[1])
    computed.infer("cgls-refined", "none-0")
    for name in ("linear-estimate", "cgls-refined"):
        stored = zarr.open_group(computed._estimates(name, "none-0"), mode="r")["test/x"][0]
        assert np.allclose(found.estimates[name].x, stored, atol=1e-5)


def test_a_method_that_is_not_there_is_named_with_those_that_are(trained, pairs):
    with pytest.raises(ConfigError, match="'lsi' to predict with: the experiment has linear-estimate, cgls"):
        trained.infer(pairs[1], methods=["lsi"])


def test_a_folder_without_results_says_what_to_run(tmp_path):
    with pytest.raises(ObservationError, match=r"snakemake --cores all results/ct/report\.html"):
        pairlsi.load(tmp_path)


def whole_page(found, problem, labels, name, experiment, following="") -> str:
    return page.page(found, problem, labels, name, experiment, page.figures(found, problem, labels), following)


def test_what_is_written_opens_elsewhere_and_holds_the_estimates(trained, pairs, tmp_path):
    tifffile = pytest.importorskip("tifffile")
    y = pairs[1][:20].copy()
    y[:, :, 9:] = np.nan
    found, labels = trained.infer(y), trained.experiment.labels
    writing.write_store(found, trained.problem, tmp_path / "estimates.zarr", {"rule": "prediction"})
    writing.write_stacks(found, tmp_path / "tiff")
    writing.write_table(found, tmp_path / "table.csv")
    group = zarr.open_group(tmp_path / "estimates.zarr", mode="r")
    for name, one in found.estimates.items():
        assert np.array_equal(group[f"{name}/x"][...], one.x)
        assert np.array_equal(tifffile.imread(tmp_path / "tiff" / f"{name}-x.tif"), one.x[:, 0])
    drawn = page.figures(found, trained.problem, labels)
    writing.write_figures(drawn, tmp_path / "figures")
    assert {file.name for file in (tmp_path / "figures").iterdir()} == {f"{name}.png" for name in drawn}
    assert {"sample-0", "sample-19", "trust"} < set(drawn)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert len(lines) == 1 + 3 * 20 and lines[0].startswith("sample,method,measured,expected_error")
    text = whole_page(found, trained.problem, labels, "my scan", "ct")
    assert "my scan" in text and "This looks like what the networks were trained for" in text
    assert text.count("data:image/png;base64") >= 4 and text.count("<tr>") == 21
    assert all(labels[name] in text for name in found.estimates)


def test_channels_beyond_one_and_a_single_sample_have_a_page_too():
    survey = problems.create({"kind": "crosswell"} | problems.find("problems", "crosswell").small())
    rng = np.random.default_rng(3)
    x, y = (rng.random((1, *shape)).astype(np.float32) for shape in (survey.x_shape, survey.y_shape))
    judged = SimpleNamespace(
        p_value=np.array([0.01]),
        of_each={"latents": np.array([0.01])},
        error=np.array([0.1]),
        interval=np.array([[0.05, 0.2]]),
        known=24,
    )
    one = results.Estimate(x, y, x, judged, {"iterations": 3})
    found = results.Prediction({"lsi": one}, y, np.ones((1, survey.missing_count), bool), "lsi")
    text = whole_page(found, survey, {"lsi": "PAIR+LSI"}, "shots", "crosswell")
    assert "The sample is unlike it" in text and "iterations 3" in text


def test_the_truth_that_a_file_has_is_held_against_the_estimates(trained, pairs, tmp_path):
    x, y = (u[:12] for u in pairs)
    np.savez(tmp_path / "scan.npz", y=y, reference=x[:, 0])
    found = trained.infer(tmp_path / "scan.npz")
    for name, one in found.estimates.items():
        wanted = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(one.x, x, strict=True)]
        assert np.allclose(found.errors(name), wanted)
    text = whole_page(found, trained.problem, trained.experiment.labels, "scan", "ct")
    assert f"is off by {found.errors('cgls').mean():.1%} on average" in text and "stands for it" in text
    writing.write_table(found, tmp_path / "table.csv")
    assert ",error," in (tmp_path / "table.csv").read_text()
    np.savez(tmp_path / "scan.npz", y=y, reference=x[:5, 0])
    with pytest.raises(ObservationError, match=r"the truth has the shape \(5, 16, 16\); expected .* \(12, 1, 16, 16\)"):
        trained.infer(tmp_path / "scan.npz")
    assert trained.infer(y[:2], methods=["cgls"]).errors("cgls") is None


def test_rows_that_do_not_fit_the_others_are_named_and_missing_ones_are_none_of_them(trained, pairs):
    y, keep = pairs[1][:4].copy(), KEPT["block"]
    assert not any("do not fit" in said for said in trained.infer(y, keep=keep).odd)
    row = int(np.flatnonzero(keep)[3])
    y[2, :, row] = 0
    [said] = [said for said in trained.infer(y, keep=keep).odd if "do not fit" in said]
    assert f": {CT.positions[row]:g} degrees of sample 2." in said
    off = np.where(np.arange(12)[:, None] == 0, 1.0, 0.1)
    kept = (np.arange(12) != 3).astype(np.float32).reshape(1, -1, 1)
    found = misfits.ratios(y, y + off, kept, CT)
    assert found["rows"][0] == pytest.approx(np.where(np.arange(12) == 0, 10, 1) * kept.ravel())
    assert found["bins"][0] == pytest.approx(np.ones(y.shape[-1])), "every bin is off in one row"
    assert misfits.limits(y, y + off, np.ones_like(kept), CT) == pytest.approx({"rows": 20, "bins": 2})
    assert misfits.limits(y, None, kept, CT) == {}
    for completed, weights in ((y, kept), (y + 1, 0 * kept)):
        assert not any(values.any() for values in misfits.ratios(y, completed, weights, CT).values())


def test_bins_that_do_not_fit_the_others_are_named(trained, pairs):
    y = pairs[1][:4].copy()
    assert not any("bins" in said for said in trained.infer(y).odd)
    y[1, ..., 11] = 0
    [said] = [said for said in trained.infer(y).odd if "bins" in said]
    assert re.search(r"others say: (10, )?11(, 12)? of sample 1\.", said) and "interpolate" in said, said


# --- rates that are reported


@pytest.fixture(scope="module")
def tried(trained, pairs) -> pd.DataFrame:
    splits = {"test": pairs, "ood": tuple(u[:40] for u in pairs)}
    return pd.DataFrame(rates.rows(trained, {"none-0": KEPT["all"], "block-25": KEPT["block"]}, splits, seed=3))


def test_power_rises_with_severity_and_areas_under_the_curve_count_pairs(tried, trained):
    own = trusted.first(tried)
    noticed = (own.p_value <= 0.05).groupby([own.kind, own.severity]).mean()
    for one in spoiled.fitting(trained.experiment):
        found = noticed[one.part.kind]
        assert list(found.index) == one.part.levels(one.settings)
    for kind in ("noise", "outliers", "gain", "dead", "silent", "shift"):
        assert noticed[kind].iloc[-1] > 0.8 and noticed[kind].iloc[-1] >= noticed[kind].iloc[0]
    assert noticed["ood", 0] < 0.2  # they are test samples here
    a, b = np.array([0.1, 0.2, 0.2]), np.array([0.2, 0.5])
    assert trusted.area(a, b) == pytest.approx((2 + 1.5 + 1.5) / 6)


def test_the_area_under_a_curve_that_is_drawn_is_that_of_the_table(tried):
    own, table = trusted.first(tried), trusted.power(tried).set_index(["what", "severity"])
    panels = [axes for axes in curves.roc(own).axes if axes.lines]
    assert len(panels) == own.kind.nunique() - 1
    for panel in panels:
        areas = [np.trapezoid(line.get_ydata(), line.get_xdata()) for line in panel.lines[1:]]
        assert areas == pytest.approx(list(table.loc[panel.get_title()]["area under the ROC"].astype(float)), abs=0.006)


def test_what_is_said_to_go_unnoticed_does(trained, pairs):
    """Bins counted from the other side are the data of the object turned round, whatever it is."""
    x, y = (u[:60] for u in pairs)
    oblique = CT.positions % 90 > 0  # the rays of others lie on edges of pixels, and take one side
    turned, counted_back = (u[..., oblique, :] for u in (CT.forward(x[..., ::-1, ::-1]), CT.forward(x)[..., ::-1]))
    assert np.linalg.norm(turned - counted_back) < 1e-4 * np.linalg.norm(turned)
    found, flipped = trained.infer(y), trained.infer(y[..., ::-1])
    assert np.linalg.norm(flipped.x[..., ::-1, ::-1] - x) < 1.2 * np.linalg.norm(found.x - x)
    assert abs((flipped.p_value <= 0.05).mean() - (found.p_value <= 0.05).mean()) < 0.15
    assert "turned by 180 degrees" in whole_page(flipped, CT, trained.experiment.labels, "scan", "ct")


def test_the_best_method_is_named_where_its_lead_is_clear_and_nowhere_else(tried):
    def row(kind, sample, method):
        by = 0.02 if kind == "gain" else (-1) ** sample  # that the second one is worse
        said = {"mask": "all", "kind": kind, "severity": 1.0, "sample": sample, "method": method, "p_value": 0.01}
        return said | {"error": 0.1 + 0.01 * sample + (by if method == "b" else 0)}

    rows = [row(kind, sample, method) for kind in ("outliers", "gain") for sample in range(20) for method in "ab"]
    clean = [one | {"kind": "test", "severity": 0.0} for one in rows[:40]]
    table = inconsistencies.comparison(pd.DataFrame(clean + rows), {"a": "A", "b": "B"})
    assert dict(zip(table.what, table.best, strict=True)) == {"outliers": "no clear one", "gain of every row off": "A"}
    assert set(table.noticed) == {"100%"} and list(table.severity) == ["1 % of the entries", "1 %"]
    alone = pd.DataFrame([one for one in clean + rows if one["method"] == "a"])
    assert set(inconsistencies.comparison(alone, {"a": "A"}).best) == {"no clear one"}
    quiet = pd.DataFrame(clean + [one | {"error": 2 * one["error"]} for one in rows])
    assert inconsistencies.unnoticed(quiet) == []  # all are noticed
    quiet.loc[quiet.kind == "gain", "p_value"] = 0.5
    assert inconsistencies.unnoticed(quiet) == ["gain of every row off (1 %)"]
    quiet.loc[quiet.kind == "gain", "error"] /= 2
    assert inconsistencies.unnoticed(quiet) == []  # and does no harm
    everything = inconsistencies.comparison(tried, {method: method for method in tried.method.unique()})
    assert len(everything) == len(trusted.power(tried)) - 1


def test_the_tables_tell_rates_within_what_chance_allows(tried):
    for row in trusted.nominal(tried).itertuples():
        rate, low, high = (float(v) for v in re.findall(r"([\d.]+)%", row[2]))
        assert low <= rate <= high
    said = trusted.in_words(tried, "The best linear estimate")
    assert "where 5 % should" in said and "dead" in said
    assert set(trusted.power(tried).severity) >= {"4 bins", "0.1 entries"}


def test_intervals_and_bands_of_every_level_hold_as_much_as_they_say(tried):
    for _, own in trusted.first(tried).query("kind == 'test'").groupby("mask"):
        known, count = own.known.iloc[0], len(own)
        inside = (own.low <= own.error) & (own.error <= own.high)
        assert np.array_equal(inside, own.held_at <= np.ceil(0.9 * (known + 1)) / (known + 1) + 1e-9)
        for level in trust.LEVELS:
            spread = np.sqrt(level * (1 - level) * (1 / count + 1 / known))
            assert abs((own.held_at <= level).mean() - level) < 3 * spread + 1 / known
            assert abs(own[f"within_{level:.0%}"].mean() - level) < 0.04


@pytest.mark.slow
def test_a_report_has_them_where_they_were_made(tried, computed, tmp_path, monkeypatch):
    folder = computed.part(tmp_path / "ct", computed.experiment.said)
    label = "Data of your own: is the trust in them right?"
    assert label not in [section.heading for section in report(folder, monkeypatch) if section.text]
    tried.to_csv(folder / "trust.csv", index=False)
    sections = {section.heading: section for section in report(folder, monkeypatch)}
    assert "silent rows" in "".join(sections[label].html) and "block, 25 %" in "".join(sections[label].html)
    assert "where 5 % should" in "".join(sections[label].text)
    wrong = sections["When something is wrong with the data"]
    assert "clear best" in "".join(wrong.text) and "outliers" in "".join(wrong.html)
    assert (folder / "figures/inconsistencies.png").is_file()


def test_masks_of_a_config_are_told_once_and_those_of_channels_are_not():
    """A survey in which a receiver fails in one shot: data of one's own have rows that fail in all."""
    config = shipped(*(ROOT / "workflow" / "presets" / f"{name}.yaml" for name in ("inconsistent", "tiny")))
    for experiment in check(config)["experiments"].values():
        made = Experiment(experiment)
        found = rates.masks(made)
        assert all(keep.shape == (made.problem.missing_count,) for keep in found.values())
        assert len({keep.tobytes() for keep in found.values()}) == len(found) and "none-0" in found
        assert not any(case.startswith(("scattered", "silent", "noise", "dead")) for case in found)


# --- exported


def test_an_exported_model_predicts_elsewhere_what_the_folder_does(trained, pairs, computed, tmp_path):
    settings_ = {"linear": json.loads((computed._network("linear") / "settings.json").read_text(encoding="utf-8"))}
    exported.write_exported(trained, settings_, {"none-0": KEPT["all"], "block-25": KEPT["block"]}, tmp_path / "m.zip")
    assert not any("zarr" in name for name in zipfile.ZipFile(tmp_path / "m.zip").namelist())
    elsewhere = pairlsi.load(tmp_path / "m.zip")
    for kept in ("all", "block"):
        here, there = (m.infer(pairs[1][:20], keep=KEPT[kept]) for m in (trained, elsewhere))
        assert there.said == [] and there.odd == here.odd
        said = [next_rows.sentence(m, here.keep, m.methods) for m in (trained, elsewhere)]
        assert len({tuple(re.findall(r": ([\d., ]+) degrees", sentence)) for sentence in said}) == 1
        for name, one in here.estimates.items():
            other = there.estimates[name]
            assert np.linalg.norm(other.x - one.x) < 5e-3 * np.linalg.norm(one.x)
            assert np.allclose(other.trust.error, one.trust.error, rtol=0.05)
            assert np.abs(other.trust.p_value - one.trust.p_value).max() <= 0.2
    # what validation samples say is of the networks in the file
    both = model.Model(trained.experiment, trained.statistics, elsewhere.weights, trained.validation)
    for name, one in both.infer(pairs[1][:20], keep=KEPT["block"]).estimates.items():
        assert np.array_equal(there.estimates[name].trust.p_value, one.trust.p_value)
    told = elsewhere.infer(pairs[1][:2], keep=np.arange(12) < 8)
    assert "another mask, block-25, the most alike" in told.said[0]


NO_SYMMETRIES = Symmetries((1, 30, 30), (1, 20, 20))


def test_large_matrices_are_stored_once_and_at_less_than_a_third_of_their_size():
    generator = torch.Generator().manual_seed(0)
    large, small = torch.randn(300, 300, generator=generator), torch.randn(7, generator=generator)
    scale = torch.logspace(-8, 0, 90_000).view(1, 300, 300)  # of pixels, by which data are divided
    tensors = {"one/a": large, "other/b": large.clone(), "one/c": small, "one/x_scaling.scale": scale}
    content = packing.packed(tensors, NO_SYMMETRIES)
    assert len(zlib.compress(content)) < (0.31 + 1) * 4 * 300**2
    found = packing.unpacked(content, NO_SYMMETRIES)
    assert torch.equal(found["one/c"], small) and torch.equal(found["one/a"], found["other/b"])
    assert torch.equal(found["one/x_scaling.scale"], scale)
    step = large.square().mean(1, keepdim=True).sqrt() / packing.LEVELS
    assert ((found["one/a"] - large).abs() <= 0.501 * step).all() and (found["one/a"] - large).std() < 0.3 * step.mean()
    far = torch.full((1, 2**16 - 11), 1e-6)  # as many levels as there can be
    far[0, 0] = 1e6
    unpacked = packing.unpacked(packing.packed({"a": far}, NO_SYMMETRIES), NO_SYMMETRIES)["a"]
    torch.testing.assert_close(unpacked[0, 0], far[0, 0], rtol=1e-4, atol=0)


def test_of_what_is_mostly_zero_the_rest_is_stored_however_small_it_is():
    whitening = torch.diag(torch.logspace(-3, 3, 400))
    content = packing.packed({"w": whitening}, NO_SYMMETRIES)
    assert len(zlib.compress(content)) < 5000
    torch.testing.assert_close(packing.unpacked(content, NO_SYMMETRIES)["w"], whitening, rtol=1e-6, atol=0)


def test_principal_components_take_a_quarter_where_two_reflections_tell_the_rest():
    shape = (1, 18, 20)
    flips = [(lambda u: u[..., ::-1], lambda u: u[..., ::-1]), (lambda u: u[..., ::-1, :], lambda u: u[..., ::-1, :])]
    symmetries = Symmetries(shape, shape, flips)
    samples = np.random.default_rng(0).standard_normal((400, 360)) * np.linspace(1, 3, 360)
    every = np.concatenate([samples[:, turn] for turn in symmetries.x])
    basis = torch.from_numpy(np.linalg.eigh(every.T @ every)[1][:, -200:].astype(np.float32))
    content = packing.packed({"basis": basis}, symmetries)
    assert len(zlib.compress(content)) < 0.34 * 4 * 360 * 200 / 4 + 2000
    found = packing.unpacked(content, symmetries)["basis"]
    assert (found - basis).abs().max() < 1e-3 and (found.T @ found - torch.eye(200)).abs().max() < 1e-5
    broken = basis.clone()
    broken[0, 0] += 0.1  # no component of turned copies: it is stored as it is
    assert (packing.unpacked(packing.packed({"b": broken}, symmetries), symmetries)["b"] - broken).abs().max() < 1e-3


def test_a_damaged_export_says_how_to_make_it_again(tmp_path):
    (tmp_path / "m.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(ObservationError, match="make export EXPERIMENT=NAME"):
        pairlsi.load(tmp_path / "m.zip")


# --- what to measure next


def test_the_next_row_is_the_one_that_leaves_the_least_error(trained, pairs):
    network, keep = trained.network("linear"), KEPT["block"]
    found = survey.of_network(network, CT, trained.statistics, float(network.square_x.sum()))
    rows, errors = np.flatnonzero(keep).tolist(), []
    for _ in range(next_rows.COUNT):  # every row that is missing is tried, by the error in full
        left = {row: found.expected([*rows, row]) for row in set(range(12)) - set(rows)}
        rows.append(min(left, key=left.get))
        errors.append(np.sqrt(left[rows[-1]] / float(network.square_x.sum())))
    said = next_rows.sentence(trained, np.array([keep, keep]), trained.methods)
    assert f": {', '.join(f'{CT.positions[row]:g}' for row in rows[9:])} degrees." in said
    assert f"to {', '.join(f'{error:.1%}' for error in errors)}." in said and "of the 3 angles" in said.lower()


def test_nothing_is_to_be_measured_next_where_all_was_or_each_sample_lacks_others(trained, pairs):
    each, block = np.ones((2, 12), bool), np.array([KEPT["block"]] * 2)
    assert next_rows.sentence(trained, each, trained.methods) == ""
    each[0, 1] = each[1, 2] = False
    assert next_rows.sentence(trained, each, trained.methods) == next_rows.sentence(trained, block, ["cgls"]) == ""
    found, said = trained.infer(pairs[1][:2], keep=KEPT["block"]), next_rows.sentence(trained, block, trained.methods)
    text = whole_page(found, CT, trained.experiment.labels, "scan", "ct", said)
    assert "Where to measure next" in text and "were not measured these would tell most" in text
    assert "Where to measure next" not in whole_page(found, CT, trained.experiment.labels, "scan", "ct")
