"""The workflow from outside: Snakemake run on a copy of the repository, as a user would run it."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import machine
import numpy as np
import pandas as pd
import pytest
import tifffile
import xarray
import yaml
import zarr
from clone import EXPERIMENTS, ROOT, Clone, merge, only
from test_gpu import ON_CPU, ON_GPU, settings_of

pytestmark = pytest.mark.slow

STATISTICS = "data/statistics.provenance.json"
TINY = "workflow/presets/tiny.yaml"
WEIGHTS = "results/tiny/ct/networks/pair/seed-0/weights.safetensors"


def test_the_whole_workflow_ends_with_its_report(finished):
    report = (finished.results / "report.html").read_text(encoding="utf-8")
    assert "could be judged here" in report and "data:image/png;base64" in report
    assert not re.search(r'(src|href)="https?://', report), "the report must need nothing from elsewhere"
    assert {"errors.png", "percent.png", "figure-1.png", "figure-2.png", "training.png"} <= {
        file.name for file in (finished.results / "figures").iterdir()
    }
    metrics = pd.read_csv(finished.results / "metrics.csv")
    assert len(metrics) == 2 * 3 * (6 + 6) and np.isfinite(metrics.rre).all()


@pytest.mark.parametrize("locale", ["without UTF-8", "ISO-8859-1"])
def test_a_fresh_clone_with_results_copied_in_reruns_nothing_in_any_locale(finished, tmp_path, locale):
    fresh = Clone(tmp_path / "fresh")
    said = machine.PLAIN if locale == "without UTF-8" else machine.latin(tmp_path)
    if not said:
        pytest.skip("localedef cannot make a locale in ISO-8859-1 here")
    fresh.environment |= said
    encoding = "import locale; print(locale.getpreferredencoding(False))"
    call = [sys.executable, "-c", encoding]
    assert "UTF" not in subprocess.check_output(call, env=fresh.environment, encoding="ascii").upper()
    shutil.copytree(finished.folder / "results", fresh.folder / "results")
    for file in fresh.folder.rglob("*.py"):
        os.utime(file)
    assert fresh.planned() == {}


def test_a_fresh_clone_reruns_nothing_of_results_elsewhere_and_makes_there_what_is_missing(finished, tmp_path):
    fresh, elsewhere = Clone(tmp_path / "fresh"), tmp_path / "elsewhere"
    shutil.copytree(finished.folder / "results", elsewhere / "results")
    for file in fresh.folder.rglob("*.py"):
        os.utime(file)
    assert fresh.planned("--directory", str(elsewhere)) == {}
    results = elsewhere / "results/tiny/ct"
    report = (results / "report.html").read_text(encoding="utf-8")
    for lost in ("report.html", "metrics.csv", "inference/pair/random-50/seed-0/metrics.csv"):
        (results / lost).unlink()
    configs = [fresh.folder / TINY, fresh.folder / "small.yaml"]
    call = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "-s",
        fresh.folder / "Snakefile",
        "--configfile",
        *configs,
    ]
    done = subprocess.run(call, cwd=elsewhere, capture_output=True, encoding="utf-8", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    pd.testing.assert_frame_equal(
        *(pd.read_csv(folder / "metrics.csv").drop(columns="seconds") for folder in (results, finished.results))
    )
    made = (results / "report.html").read_text(encoding="utf-8")
    assert re.findall("<h2.*?</h2>", made) == re.findall("<h2.*?</h2>", report) != []
    assert (elsewhere / "logs/tiny/ct/report.ipynb").is_file()
    assert not [name for name in ("results", "logs") if (fresh.folder / name).exists()]


def test_what_lies_in_the_results_is_held_against_the_present_settings(clone):
    clone.edit(TINY, "results: results/tiny", "results: results/tiny/")  # the same folder
    assert clone.planned() == {}
    done = clone.snakemake("provenance", "--quiet", "all", check=False)
    assert done.returncode == 0
    counts = {"data": 5, "networks": 2, "inference": 6, "report": 1}
    found = re.findall(r"^ct +(\w+) +(\d+) ok ", done.stderr, re.M)
    assert {stage: int(count) for stage, count in found} == counts

    samples = {"validation": 9}  # which choose the best epoch of a training
    clone.settings(training={"epochs": 3}, observations={"random": {"percents": [25]}}, data={"samples": samples})
    assert re.search('"torch": "[^"]+"', told := (record := clone.results / STATISTICS).read_text(encoding="utf-8"))
    record.write_text(re.sub('"torch": "[^"]+"', '"torch": "1.0"', told), encoding="utf-8")
    weights = clone.results / "networks/encdec-random/seed-0/weights.safetensors"
    shutil.copy2(clone.results / "networks/pair/seed-0/weights.safetensors", weights)
    shutil.rmtree(clone.results / "inference/pair/none-0")
    done = clone.snakemake("provenance", "--quiet", "all", check=False)
    assert done.returncode != 0
    assert len(re.findall(r"networks/\S+ differs: params.training.epochs was 2, now 3$", done.stderr, re.M)) == 2
    assert len(re.findall(r"inference/encdec-random/\S+ differs: made_from.networks/encdec-random/", done.stderr)) == 2
    counted = re.search(r"^ct +inference +(.*?)  by", done.stderr, re.M)[1]
    assert set(counted.split(", ")) == {"1 missing", "1 ok", "2 differs", "2 not asked for"}
    assert re.search(r"inference/pair/random-50/seed-0/estimates.zarr not asked for$", done.stderr, re.M)
    assert re.search(r"^ct +data +(?=.*3 ok)(?=.*1 differs)(?=.*1 other versions)", done.stderr, re.M)
    assert re.search(r"statistics.provenance.json other versions: torch was \"1.0\", now ", done.stderr)


def test_results_that_lie_elsewhere_behind_links_are_found_and_made_again(clone, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    estimates = "inference/pair/none-0/seed-0/estimates.zarr"
    parts = ["data/validation.zarr", "networks/encdec-random", "networks/pair/seed-0/weights.safetensors", estimates]
    for part in [clone.results / part for part in parts] + [clone.folder / "results"]:
        part.rename(disk / part.name)
        part.symlink_to(disk / part.name)
    # the link to a folder of estimates is new, and Snakemake reads no folders
    assert clone.planned() == {"report": 1}
    clone.settings(data={"samples": {"validation": 9}})
    clone.snakemake(f"results/tiny/ct/{Path(estimates).with_name('metrics.csv')}")
    assert (clone.folder / "results").is_symlink() and (clone.results / "data/validation.zarr").is_symlink()
    assert zarr.open_group(disk / "validation.zarr", mode="r")["x"].shape[0] == 9
    assert zarr.open_group(clone.results / estimates, mode="r")["test/x"].shape[1] == 6


def test_data_and_estimates_open_in_xarray_as_what_they_hold(finished):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = xarray.open_zarr(finished.results / "data/test.zarr")
        found = xarray.open_datatree(
            finished.results / "inference/pair/random-25/seed-0/estimates.zarr", engine="zarr", chunks=None
        )
    assert dict(data.sizes) == {"sample": 6, "channel": 1, "row": 16, "column": 16, "angle": 16, "bin": 23}
    assert data.x.dims == ("sample", "channel", "row", "column") and data.x.units == "relative attenuation"
    assert data.y.dims == ("sample", "channel", "angle", "bin")
    assert found.wildcards | {"experiment": "ct", "method": "pair", "case": "random-25"} == found.wildcards and set(
        found
    ) == {"test", "ood"}
    assert found["test"].x.dims == ("draw", *data.x.dims) and found["test"].x.units == data.x.units
    # as who opens it would: the errors of the table
    norms = [(u**2).sum(("channel", "row", "column")) ** 0.5 for u in (found["test"].x[0] - data.x, data.x)]
    metrics = pd.read_csv(finished.results / "inference/pair/random-25/seed-0/metrics.csv")
    wanted = metrics[(metrics.split == "test") & metrics.control.isna()].rre
    np.testing.assert_allclose((norms[0] / norms[1]).values, wanted, rtol=1e-5)


def test_one_core_and_another_shard_size_give_the_same_data(finished, tmp_path):
    other = Clone(tmp_path / "other")
    other.settings(data={"shard_size": 10})
    other.snakemake("results/tiny/ct/data/statistics.json", cores=1)  # the training split alone
    for name in ("x", "y"):
        a, b = (zarr.open_group(c.results / "data/train.zarr", mode="r")[name][:] for c in (finished, other))
        assert np.array_equal(a, b)


def test_a_job_keeps_to_its_threads(clone):
    script = "workflow/scripts/train.py"
    told = "import os, threading\nprint('threads', torch.get_num_threads(), os.environ['OPENBLAS_NUM_THREADS'])\n"
    clone.edit(script, "told |= part.finish", told + "told |= part.finish")
    clone.snakemake(WEIGHTS, "--set-threads", "train=2")
    assert "threads 2 2" in (clone.folder / "logs/tiny/ct/train/pair-seed-0.log").read_text(encoding="utf-8")


def test_a_damaged_shard_is_named_with_the_command_that_repairs_it(clone):
    shard = clone.results / "data/test.zarr/y/c/0/0/0/0"
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    failed = clone.snakemake("--forcerun", "infer", "--until", "infer", check=False)
    assert failed.returncode != 0
    assert re.search(
        r"the shard \S*test.zarr/y/c/0/0/0/0 is truncated or damaged.*rm \S*test.zarr/y.*data", failed.stderr
    )
    assert "Traceback" not in failed.stderr
    shard.unlink()
    clone.snakemake("data")
    assert clone.planned().keys() == {"infer", "summarise", "report"}


def test_a_method_that_starts_from_another_reruns_only_that_and_ends_with_its_own_choice(finished, tmp_path):
    clone, target = finished.copy(tmp_path / "clone"), "results/tiny/ct/metrics.csv"
    shutil.rmtree(clone.results / "inference")  # data and networks are there
    methods = ["pair", "lsi-prior", "linear", "linear-lsi"]
    prior_said = {
        "network": "pair",
        "misfit": "squared",
        "noise": "known",
        "start": "interpolated",
        "weights": [0.3, 1, 3],
        "iterations": 10,
    }
    said = {"lsi-prior": prior_said, "linear": {"kind": "pair"}, "linear-lsi": {}, "encdec-random": None}
    networks = {"linear": {"latent": [16, 16]}, "encdec-random": None}
    clone.settings(networks=networks, methods=said, observations={"none": None, "random": {"percents": [25]}})
    clone.snakemake(target)
    assert clone.planned(target) == {}
    kept = clone.results / "inference/lsi-prior/random-25/seed-0/estimates.zarr"
    assert "validation" not in zarr.open_group(kept, mode="r")  # nobody asks for it yet

    refined = {"kind": "cgls", "start": "lsi-prior", "iterations": 10}
    clone.settings(methods={"lsi-refined": refined})
    assert clone.planned(target) == {"infer": 1, "infer_on_cpu": 1, "summarise": 1}
    before = {path: path.stat().st_mtime_ns for path in clone.results.glob("inference/*/*/*/metrics.csv")}
    clone.snakemake(target)
    rerun = {
        path.relative_to(clone.results).parts[1] for path, time in before.items() if path.stat().st_mtime_ns > time
    }
    assert len(before) == 4 and rerun == {"lsi-prior"}
    assert zarr.open_group(kept, mode="r")["validation/x"].shape == (1, 8, 1, 16, 16)

    clone.settings(methods={"cgls-completed": {"kind": "cgls", "completed_by": "lsi-prior", "iterations": 10}})
    assert clone.planned(target) == {"infer_on_cpu": 1, "summarise": 1}  # the validation estimates are there
    clone.snakemake(target)
    metrics = pd.read_csv(clone.results / "metrics.csv")
    assert set(metrics.method) == {*methods, "lsi-refined", "cgls-completed"}
    assert len(metrics) == 6 * (6 + 6) and np.isfinite(metrics.rre).all()
    refined, prior = (
        zarr.open_group(clone.results / f"inference/{method}/random-25/seed-0/estimates.zarr", mode="r")
        for method in ("lsi-refined", "lsi-prior")
    )
    chosen = refined.attrs["chosen_on_validation"]
    curve = chosen["validation_rre"]
    assert len(curve) == 1 + 10 and curve[chosen["iterations"]] == min(curve)
    truth = zarr.open_group(clone.results / "data/validation.zarr", mode="r")["x"][:]
    start = prior["validation/x"][0]
    norms = [np.linalg.norm(u.reshape(len(u), -1), axis=1) for u in (start - truth, truth)]
    assert curve[0] == pytest.approx((norms[0] / norms[1]).mean(), rel=1e-4)
    tried = [weight for weight, _ in prior.attrs["chosen_on_validation"]["validation_rre_by_weight"]]
    assert tried in ([0.3, 1], [0.3, 1, 3])  # what lies beyond a rise is left out
    history = pd.read_csv(clone.results / "networks/linear/seed-0/history.csv")
    assert len(history) == 1 and history.notna().all(axis=None)

    clone.settings(networks={"linear": {"latent": [8, 8]}})
    # of the linear network alone
    assert clone.planned(target) == {"train_on_cpu": 1, "infer_on_cpu": 2, "summarise": 1}
    clone.settings(networks={"linear": {"latent": [16, 16]}}, methods={"lsi-prior": {"start": "mean"}})
    # and of what starts from its estimates
    assert clone.planned(target) == {"infer": 1, "infer_on_cpu": 2, "summarise": 1}


def test_an_interrupted_run_goes_on_when_asked_again(tmp_path):
    clone = Clone(tmp_path / "clone")
    clone.settings(training={"epochs": 100})
    said = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": clone.folder, "start_new_session": True}
    # what a shell starts in the background ignores Ctrl-C, and so would all that these tests start
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    running = subprocess.Popen(clone.command(WEIGHTS), preexec_fn=heeds, **said)
    checkpoint = clone.results / "networks/pair/seed-0/checkpoint.pt"
    for _ in range(600):
        if checkpoint.is_file():
            break
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C in a terminal reaches the jobs too
    running.wait(60)
    assert checkpoint.is_file() and not checkpoint.with_name("weights.safetensors").is_file()
    clone.snakemake(WEIGHTS)
    assert "resumed from" in (clone.folder / "logs/tiny/ct/train/pair-seed-0.log").read_text(encoding="utf-8")
    assert checkpoint.with_name("weights.safetensors").is_file() and not checkpoint.is_file()


def test_real_images_are_fetched_and_read_and_a_truncated_one_is_named(tmp_path):
    clone, elsewhere = Clone(tmp_path / "clone"), ("--directory", str(tmp_path))  # images lie beside the workflow
    rng = np.random.default_rng(0)
    for number in [*range(1, 701, 10), *range(5521, 5531)]:
        folder = tmp_path / "made" / f"slice{number:05d}" / "mode2"
        folder.mkdir(parents=True)
        tile = rng.random((64, 64), np.float32)  # repeated, which is packed and unpacked in no time
        tifffile.imwrite(folder / "reconstruction.tif", np.tile(tile, (16, 16)))
    archive = Path(shutil.make_archive(str(tmp_path / "served" / "images"), "zip", tmp_path / "made"))
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    handler = partial(SimpleHTTPRequestHandler, directory=str(archive.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        archives = [{"url": f"http://127.0.0.1:{server.server_port}/images.zip", "md5": md5}]
        source = {"kind": "2detect", "folder": "images", "scale": 1.0, "archives": archives}
        samples = {"train": 40, "validation": 4, "test": 4, "ood": 4}
        clone.settings(problem={"source": source}, data={"samples": samples})
        clone.snakemake("data", *elsewhere)
        server.shutdown()
    x = zarr.open_group(tmp_path / "results/tiny/ct/data/train.zarr", mode="r")["x"][:]
    assert x.shape == (40, 1, 16, 16) and x.mean() == pytest.approx(0.5, abs=0.01)  # averages of uniform noise
    for file in (clone.folder / "images").rglob("reconstruction.tif"):
        file.write_bytes(file.read_bytes()[:1000])
    clone.settings(data={"seed": 1})
    failed = clone.snakemake("data", *elsewhere, check=False)
    assert failed.returncode != 0 and re.search(r"images/slice\d{5}/mode2/reconstruction.tif", failed.stderr)


@pytest.mark.parametrize(
    ("file", "old", "new", "fragments"),
    [
        ("small.yaml", "epochs: 2", "epoch: 2", ["experiments.ct.training.epoch", "did you mean 'epochs'?"]),
        (
            "config.yaml",
            "experiments:\n",
            "experiments:\n  ct: {}\n",
            ["'experiments.ct' stands in", "config.yaml twice"],
        ),
        (TINY, "pathvars:\n", "pathvars: {}\npathvars:\n", ["'pathvars' stands in", f"{TINY} twice, in lines"]),
    ],
)
def test_a_wrong_config_stops_before_anything_runs_with_a_sentence(clone, file, old, new, fragments):
    clone.edit(file, old, new)
    failed = clone.snakemake("-n", check=False)
    said = failed.stdout + failed.stderr
    assert failed.returncode != 0 and "Traceback" not in said
    assert any(all(fragment in line for fragment in fragments) for line in said.splitlines())


def test_two_processes_train_within_a_job_to_the_losses_of_one(finished, clone):
    clone.settings(training={"devices": 2})
    assert re.search(r"rule train:.*?resources:[^\n]*gpu=2", clone.snakemake("-n").stdout, re.S)
    clone.snakemake("--until", "train")
    for network in ("pair", "encdec-random"):
        found, wanted = (
            pd.read_csv(c.results / f"networks/{network}/seed-0/history.csv").drop(columns="seconds")
            for c in (clone, finished)
        )
        pd.testing.assert_frame_equal(found, wanted, rtol=2e-6)
        log = (clone.folder / f"logs/tiny/ct/train/{network}-seed-0.log").read_text(encoding="utf-8")
        assert "Starting with 2 processes" in log


def test_what_has_work_for_a_gpu_asks_for_one_and_nothing_else_does(tmp_path):
    """Each kind of job under a rule of its own: a cluster's partitions and arrays of jobs go by rule."""
    clone = Clone(tmp_path / "clone", small=False)
    said = {}
    for key in ON_GPU:
        names = [*ON_GPU[key], *ON_CPU[key]]
        others = [name for name in names if name not in EXPERIMENTS[key]["methods"]]
        asked = {name: {**settings_of(key, name), "draws": 1} for name in others}  # as many as any start has
        said[key] = {"methods": only("methods", *names, experiment=key) | asked}
        said[key]["networks"] = {"linear": {"latent": [16, 16]}}
    variants = yaml.safe_load((ROOT / "workflow/presets/variants.yaml").read_text(encoding="utf-8"))["experiments"]
    said["crosswell_mild"] = variants["crosswell_mild"]
    # it has no linear network for the methods that crosswell is given here, and no inversion over pixels
    without = {"linear-estimate": None, "linear-lsi": None, "fwi-lsi": None}
    merge(said["crosswell_mild"], {"training": {"device": "cpu"}, "methods": without, "networks": {"linear": None}})
    (clone.folder / "small.yaml").write_text(yaml.safe_dump({"experiments": said}), encoding="utf-8")
    printed = clone.snakemake("-n", *(f"results/tiny/{key}/metrics.csv" for key in said)).stdout
    job = r"^rule (train|infer)(_on_cpu)?:\n.*?: experiment=(\w+), (?:network|method)=([\w-]+),.*?gpu=(\d)"
    found = {(rule, key, name, other, ask) for rule, other, key, name, ask in re.findall(job, printed, re.M | re.S)}
    wanted = {("infer", key, name, "", "1") for key, names in ON_GPU.items() for name in names}
    wanted |= {("infer", key, name, "_on_cpu", "0") for key, names in ON_CPU.items() for name in names}
    wanted |= {("train", "ct", name, "", "1") for name in ("pair", "encdec-random")}
    wanted |= {("train", "crosswell", "pair", "", "1"), ("train", "crosswell_mild", "pair", "", "0")}
    linear = [("ct", "linear"), ("ct", "linear-long"), ("crosswell", "linear-long")]  # the first that there is
    wanted |= {("train", *network, "_on_cpu", "0") for network in linear}
    mild = {"pair": "", "lsi": "", "mlsi": "", "mean": "_on_cpu"}
    assert found == wanted | {("infer", "crosswell_mild", name, other, "0") for name, other in mild.items()}


def test_the_cluster_profile_plans_without_a_cluster(clone):
    clone.settings(training={"epochs": 3})
    planned = clone.snakemake("-n", "--profile", "slurm", cores=8).stdout
    assert re.search(r"rule train:.*?threads: 4.*?resources:[^\n]*gpu=1", planned, re.S)


def test_a_section_that_fails_is_named_with_its_traceback_in_the_notebook(clone):
    section = "workflow/scripts/pairlsi/reports/sections/training.py"
    clone.edit(section, "        stored = self.results\n", '        raise ValueError("broken")\n')
    failed = clone.snakemake(check=False)
    assert failed.returncode != 0 and "the report failed: ValueError: broken" in failed.stderr
    assert "broken" in (clone.folder / "logs/tiny/ct/report.ipynb").read_text(encoding="utf-8")


def test_snakemake_finds_nothing_to_criticise(finished):
    done = finished.snakemake("--lint", check=False)
    assert "Congratulations" in done.stdout + done.stderr


# --- data of one's own


def predict(clone, observation, *more, check=True):
    said = ("predict", "--config", f"observation={observation}", "experiment=ct", "methods=pair", *more)
    return clone.snakemake(*said, check=check)


def test_data_of_ones_own_end_in_a_page_and_nothing_else_runs(clone, tmp_path):
    import zarr

    y = zarr.open_array(clone.results / "data/test.zarr", path="y", mode="r")[:3]
    (tmp_path / "scans").mkdir()
    np.save(tmp_path / "scans/whole.npy", y[:, 0])
    np.savez(tmp_path / "scans/wedge.npz", y=y[:, 0, :10], angles=np.arange(10) * 180 / y.shape[2])
    done = predict(clone, tmp_path / "scans")
    assert set(re.findall(r"rule (\w+):", done.stdout + done.stderr)) == {"predict", "prediction"}
    assert "of 8 validation samples the least p-value is 0.111" in done.stderr
    for name in ("whole", "wedge"):
        folder = clone.results / "predictions" / name
        assert "data:image/png;base64" in (folder / "page.html").read_text(encoding="utf-8")
        table = pd.read_csv(folder / "table.csv")
        assert list(table["sample"]) == [0, 1, 2] and set(table.method) == {"pair"}
        assert table.measured.iloc[0] == (1 if name == "whole" else pytest.approx(10 / y.shape[2]))
    stored = zarr.open_group(clone.results / "inference/pair/none-0/seed-0/estimates.zarr", mode="r")["test/x"][0, :3]
    found = zarr.open_group(clone.results / "predictions/whole/estimates.zarr", mode="r")["pair/x"][...]
    assert np.allclose(found, stored, atol=1e-5)
    assert clone.planned() == {}  # what belongs to predictions alone reruns nothing
    exported = clone.results / "model.zip"
    clone.snakemake(str(exported.relative_to(clone.folder)))
    code = "import sys, numpy, pairlsi; print(pairlsi.load(sys.argv[1]).infer(numpy.load(sys.argv[2])).x.shape)"
    environment = clone.environment | {"PYTHONPATH": str(clone.folder / "workflow/scripts")}
    call = [sys.executable, "-c", code, str(exported), str(tmp_path / "scans/whole.npy")]
    assert subprocess.check_output(call, env=environment, text=True).strip() == str(stored.shape)


def test_data_that_cannot_be_used_end_in_a_sentence_and_leave_nothing(clone, tmp_path):
    np.save(tmp_path / "scan.npy", np.ones((3, 23, 16), np.float32))
    failed = predict(clone, tmp_path / "scan.npy", check=False)
    assert failed.returncode and "transpose it, as by np.moveaxis, to end in (16, 23)" in failed.stderr
    assert not (clone.results / "predictions/scan").exists() or not any((clone.results / "predictions/scan").iterdir())
    for observation, sentence in (
        (tmp_path / "gone.npy", "there is no such file or folder (in"),
        ("", "say which data to predict from: --config observation=FILE experiment=NAME"),
    ):
        said = ["--config", f"observation={observation}", "experiment=ct"] if observation else []
        failed = clone.snakemake("predict", *said, check=False)
        assert failed.returncode and sentence in failed.stdout + failed.stderr
