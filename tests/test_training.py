"""Training: it learns, ends as an uninterrupted run whatever stops it, and says why it cannot go on."""

import json
import logging
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made import make_network

from pairlsi.data import store
from pairlsi.data.batches import Batches
from pairlsi.data.statistics import Statistics
from pairlsi.jobs import outputs
from pairlsi.networks import stored as kept
from pairlsi.networks.autoencoders import PairedAutoencoder
from pairlsi.training import loop as training
from pairlsi.training import processes
from pairlsi.training.checkpoints import Progress
from pairlsi.training.settings import Training

ARCHITECTURE = {"latent": 6, "width": 2, "stem": 2, "strides": [2], "norm": "batch"}
SPEC = {"x": ARCHITECTURE, "y": ARCHITECTURE, "weights": [1, 1, 1, 1]}
VARIATIONAL = {**SPEC, "divergence": [0.01, 0.01]}
LARGE = {"latent": 16, "width": 4, "stem": 2, "strides": [2], "norm": "none"}
LEARNS = {**SPEC, "x": LARGE, "y": LARGE}
SAID = {
    "seeds": [0],
    "epochs": 3,
    "batch_size": 8,  # six batches an epoch
    "learning_rate": 0.01,
    "warmup": 0.2,
    "buffer_samples": 16,  # two shards: the order of the buffer has to be resumed as well
    "device": "cpu",
    "precision": "32-true",
}
BATCHES = 6


class DisturbedBatches(Batches):
    """Real batches, and something that happens just before the batch `at` (epoch, batch), both from 0.

    number: of a real signal to this process. act: called with the batch, gives the one to train on.
    """

    at = number = act = None

    def epoch(self, number, start=0):
        for index, pair in enumerate(super().epoch(number, start), start):
            if (number, index) == self.at and self.number:
                os.kill(os.getpid(), self.number)
            if (number, index) == self.at and self.act:
                pair = self.act(*pair)
            yield pair


@cache
def statistics(data):
    return store.statistics(data / "train.zarr")


def run(data, problem, checkpoint, identity="same", at=None, number=None, act=None, spec=SPEC, **said):
    """Train a new paired autoencoder; return (network, best weights, history)."""
    settings = Training(**{**SAID, **said})
    torch.manual_seed(0)
    network = make_network("vpae" if "divergence" in spec else "pair", spec, problem)
    kept.fit_scaling(network, Statistics(*statistics(Path(data))), "pixel")
    train_data = DisturbedBatches(Path(data) / "train.zarr", settings.batch_size, settings.buffer_samples, seed=0)
    train_data.at, train_data.number, train_data.act = at, number, act
    validation = Batches(Path(data) / "validation.zarr", 16, settings.buffer_samples, seed=0)
    best, history = training.train(network, train_data, validation, settings, Path(checkpoint), identity)
    return network, best, history


# a process for each run, forked from one that has imported everything: arguments are names of files, then cases
DRIVER = """
import json, os, sys
from pairlsi import problems
from test_training import run
data, problem, folder, *cases = sys.argv[1:]
problem = problems.create(json.loads(problem))
children = []
for case in cases:
    name, at, number = json.loads(case)
    children.append(os.fork())
    if children[-1] == 0:
        run(data, problem, f"{folder}/{name}/checkpoint.pt", at=tuple(at), number=number)
for child in children:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
KILLED = [("SIGTERM", (1, 2), signal.SIGTERM), ("SIGKILL", (1, 3), signal.SIGKILL)]


@pytest.fixture(autouse=True)
def signals():
    """Training takes SIGTERM for itself."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """What an uninterrupted run leaves, once `uninterrupted` is made."""
    return tmp_path_factory.mktemp("whole") / "checkpoint.pt"


@pytest.fixture(scope="module")
def uninterrupted(ct_data, ct_problem, checkpoint):
    before = signal.getsignal(signal.SIGTERM)
    yield run(ct_data, ct_problem, checkpoint)
    signal.signal(signal.SIGTERM, before)


def assert_the_same(found, wanted) -> None:
    """Bit for bit the same weights, last and best, and the same history but for the time it took."""
    for a, b in ((found[0].state_dict(), wanted[0].state_dict()), (found[1], wanted[1])):
        assert a.keys() == b.keys()
        assert all(torch.equal(value, b[key]) for key, value in a.items())
    rows = [
        [{key: value for key, value in row.items() if key != "seconds"} for row in h] for h in (found[2], wanted[2])
    ]
    assert rows[0] == rows[1]
    seconds = [row["seconds"] for row in found[2]]
    assert all(a < b for a, b in zip([0, *seconds], seconds, strict=False))


@pytest.fixture(scope="module", autouse=True)
def driver(tmp_path_factory, ct_data, ct_settings):
    """The runs that get killed, under way beside the other tests: (process, folder)."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "driver.py").write_text(DRIVER, encoding="utf-8")
    given = [ct_data, json.dumps(ct_settings), folder, *map(json.dumps, KILLED)]
    paths = [str(Path(__file__).parent), str(Path(training.__file__).parents[2])]
    process = subprocess.Popen(
        [sys.executable, folder / "driver.py", *map(str, given)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process, folder
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def killed(driver):
    """Name -> (exit status, folder with what it left, what it wrote)."""
    process, folder = driver
    printed, errors = process.communicate()
    assert process.returncode == 0, errors
    statuses = map(int, printed.split())
    return {name: (status, folder / name, errors) for (name, *_), status in zip(KILLED, statuses, strict=True)}


@pytest.mark.parametrize("at", [(0, BATCHES - 1), (1, 0)], ids=str)
def test_a_run_stopped_at_the_edge_of_an_epoch_resumes_to_the_same_weights(
    uninterrupted, ct_data, ct_problem, tmp_path, at
):
    with pytest.raises(SystemExit) as stopped:
        run(ct_data, ct_problem, tmp_path / "checkpoint.pt", at=at, number=signal.SIGTERM)
    assert stopped.value.code == 143
    assert_the_same(run(ct_data, ct_problem, tmp_path / "checkpoint.pt"), uninterrupted)


def test_a_run_stopped_twice_resumes_to_the_same_weights(uninterrupted, ct_data, ct_problem, tmp_path):
    for at in ((0, 2), (2, 1)):
        with pytest.raises(SystemExit):
            run(ct_data, ct_problem, tmp_path / "checkpoint.pt", at=at, number=signal.SIGTERM)
    assert_the_same(run(ct_data, ct_problem, tmp_path / "checkpoint.pt"), uninterrupted)


def test_a_variational_run_goes_on_with_the_draws_it_would_have_made(ct_data, ct_problem, tmp_path):
    said = {"data": ct_data, "problem": ct_problem, "spec": VARIATIONAL, "epochs": 2}
    whole = run(**said, checkpoint=tmp_path / "whole.pt")
    for at in ((0, 2), (1, 1)):
        with pytest.raises(SystemExit):
            run(**said, checkpoint=tmp_path / "checkpoint.pt", at=at, number=signal.SIGTERM)
    assert_the_same(run(**said, checkpoint=tmp_path / "checkpoint.pt"), whole)
    assert {"train_divergence_x", "validation_divergence_y"} <= whole[2][0].keys()


def test_a_signal_in_the_last_batch_lets_the_run_end(uninterrupted, ct_data, ct_problem, tmp_path):
    last = (SAID["epochs"] - 1, BATCHES - 1)
    found = run(ct_data, ct_problem, tmp_path / "checkpoint.pt", at=last, number=signal.SIGTERM)
    assert_the_same(found, uninterrupted)


def test_an_ended_run_that_starts_again_trains_no_more(uninterrupted, checkpoint, ct_data, ct_problem, tmp_path):
    shutil.copy(checkpoint, tmp_path)
    again = run(ct_data, ct_problem, tmp_path / "checkpoint.pt", at=(0, 0), number=signal.SIGKILL)  # would die of it
    assert_the_same(again, uninterrupted)


def of_another_identity(path, whole, *data_and_problem):
    run(*data_and_problem, path, identity="other", learning_rate=0.001, epochs=1)


def truncated(path, whole, *_):
    path.write_bytes(whole.read_bytes()[:1000])


def of_something_else(path, *_):
    torch.save({"weights": torch.zeros(3)}, path)


class Runs:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def that_would_run_code(path, *_):
    torch.save({"identity": "same", "network": Runs(path.with_name("made by code"))}, path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (that_would_run_code, "cannot be read"),
        (of_another_identity, "comes from other settings"),
        (truncated, "cannot be read"),
        (of_something_else, "training starts anew"),
    ],
)
def test_a_checkpoint_of_no_use_is_left_aside_with_a_line_in_the_log(
    uninterrupted, checkpoint, ct_data, ct_problem, tmp_path, caplog, make, said
):
    path = tmp_path / "checkpoint.pt"
    make(path, checkpoint, ct_data, ct_problem)
    with caplog.at_level(logging.WARNING):
        found = run(ct_data, ct_problem, path)
    assert said in caplog.text and str(path) in caplog.text
    assert_the_same(found, uninterrupted)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_checkpoint_that_cannot_be_read_for_now_is_not_given_up(ct_data, ct_problem, tmp_path):
    """As where a network disk fails: training anew would lose hours, and the next try may read it."""
    (tmp_path / "checkpoint.pt").symlink_to("/proc/self/mem")  # whose beginning nobody can read
    with pytest.raises(OSError, match="Input/output error"):
        run(ct_data, ct_problem, tmp_path / "checkpoint.pt")


def test_a_lower_precision_is_one_in_one_process_too(uninterrupted, ct_data, ct_problem, tmp_path):
    """Fabric casts `forward` alone unless it wraps the network for several: it would train as before, unnoticed."""
    _, _, history = run(ct_data, ct_problem, tmp_path / "checkpoint.pt", precision="bf16-mixed")
    found, wanted = ([row["train_loss"] for row in rows] for rows in (history, uninterrupted[2]))
    assert found != wanted and found == pytest.approx(wanted, rel=0.05)
    weights = torch.load(tmp_path / "checkpoint.pt", weights_only=False)["network"]
    assert all(value.dtype != torch.bfloat16 for value in weights.values())


@pytest.mark.parametrize(
    ("accelerator", "found", "wanted"),
    [
        ("cpu", {"avx512_bf16": True}, "bf16-mixed"),
        ("cpu", {"avx2": True}, "32-true"),
        ("cuda", {"avx512_bf16": True}, "32-true"),
    ],
)
def test_the_precision_is_the_lower_one_where_the_processor_has_it(monkeypatch, accelerator, found, wanted):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert processes.precision_on(accelerator) == wanted


def test_the_loss_falls_below_that_of_the_mean_on_both_splits(ct_data, ct_problem, tmp_path):
    _, _, history = run(ct_data, ct_problem, tmp_path / "checkpoint.pt", spec=LEARNS, epochs=8)
    # each of the four terms of (4) is 1 for a network that always answers the mean of the training split
    assert history[-1]["train_loss"] < 0.85 * 4 and history[-1]["validation_loss"] < 0.9 * 4
    for row in history:
        for split in ("train", "validation"):
            terms = ("autoencode_x", "autoencode_y", "forward", "inverse")
            assert row[f"{split}_loss"] == pytest.approx(sum(row[f"{split}_{term}"] for term in terms), rel=1e-5)


def test_the_best_weights_are_those_of_the_least_validation_loss(ct_data, ct_problem, make_split, tmp_path):
    shutil.copytree(ct_data / "train.zarr", tmp_path / "train.zarr")
    x, y = (store.read(ct_data / "train.zarr", name) for name in store.ARRAYS)
    make_split(tmp_path / "validation.zarr", 2 * x.mean(0) - x[:16], y[:16], 8)  # what is learned is wrong here
    network, best, history = run(tmp_path, ct_problem, tmp_path / "checkpoint.pt", spec=LEARNS, epochs=5)
    losses = [row["validation_loss"] for row in history]
    assert min(losses) < losses[-1]  # or the last weights would do
    network.load_state_dict(best)
    found = training.evaluate(network, Batches(tmp_path / "validation.zarr", 16, 100, seed=0))
    assert found["loss"] == pytest.approx(min(losses), rel=1e-5)


def test_the_validation_loss_is_the_mean_over_the_split(ct_data, ct_problem):
    network = make_network("encdec-random", {**SPEC, "mask": "random-25-0", "mask_seed": 7}, ct_problem)
    kept.fit_scaling(network, Statistics(*statistics(ct_data)), "pixel")
    x, y = (torch.from_numpy(store.read(ct_data / "validation.zarr", name)) for name in store.ARRAYS)
    with torch.no_grad():
        wanted = network.eval().loss_terms(x, y)["inverse"].mean()
    found = training.evaluate(network.train(), Batches(ct_data / "validation.zarr", 4, 8, seed=3))
    assert found == pytest.approx({"loss": float(wanted), "inverse": float(wanted)}, rel=1e-5)


def test_a_loss_that_is_not_finite_ends_training_with_epoch_and_learning_rate(
    ct_data, ct_problem, make_split, tmp_path
):
    x, y = (store.read(ct_data / "train.zarr", name) for name in store.ARRAYS)
    shutil.copytree(ct_data / "validation.zarr", tmp_path / "validation.zarr")
    make_split(tmp_path / "train.zarr", x, y * np.float32(1e25), 8)  # its square is more than float32 holds
    torch.manual_seed(0)
    network = make_network("pair", SPEC, ct_problem)  # not scaled to these data
    settings = Training(**SAID)
    data = (Batches(tmp_path / f"{split}.zarr", 8, 100, seed=0) for split in ("train", "validation"))
    with pytest.raises(
        training.TrainingError, match=r"not finite in epoch 1 after 0 batches, at learning rate 0\.0025"
    ):
        training.train(network, *data, settings, tmp_path / "checkpoint.pt", "")


def test_a_loss_that_is_not_finite_leaves_the_weights_of_the_last_epoch_to_go_on_from(
    ct_data, ct_problem, uninterrupted, tmp_path
):
    checkpoint = tmp_path / "checkpoint.pt"
    said = rf"not finite in epoch 2 after 3 batches, .*training.learning_rate .* after epoch 1 are kept in {checkpoint}"
    with pytest.raises(training.TrainingError, match=said):
        run(ct_data, ct_problem, checkpoint, at=(1, 3), act=lambda x, y: (x, y * math.nan))
    stored = torch.load(checkpoint, weights_only=True)
    assert stored["progress"]["epoch"] == 1 and len(stored["history"]) == 1
    assert all(torch.isfinite(values).all() for values in stored["best"].values())
    assert_the_same(run(ct_data, ct_problem, checkpoint), uninterrupted)


@pytest.mark.parametrize("at", [15, 16, 21], ids=lambda at: f"batch {at}")
def test_the_batch_of_a_loss_that_is_not_finite_is_named_and_few_follow(ct_data, ct_problem, tmp_path, monkeypatch, at):
    """Losses are looked at every so often, so that a GPU need not be waited for after each."""
    trained, count = [], Progress.count
    monkeypatch.setattr(Progress, "count", lambda self, *given: trained.append(count(self, *given)))
    rate = 0.01 * training.rate_at(24 + at, 48, 0.2)
    with pytest.raises(
        training.TrainingError, match=re.escape(f"in epoch 2 after {at} batches, at learning rate {rate:.2g}:")
    ):
        said = {"batch_size": 2, "epochs": 2, "at": (1, at), "act": lambda x, y: (x, y * math.nan)}
        run(ct_data, ct_problem, tmp_path / "checkpoint.pt", spec=LEARNS, **said)
    assert at < len(trained) - 24 <= at + training.LOOK


class Spoiled(torch.autograd.Function):
    """Its value as it is, its gradient not finite."""

    @staticmethod
    def forward(ctx, value):
        return value.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * math.nan


def test_weights_spoiled_by_a_gradient_are_not_kept_in_a_checkpoint(
    ct_data, ct_problem, uninterrupted, tmp_path, monkeypatch
):
    """The loss is finite and the next one, which would tell, is never computed: the job is asked to end."""
    checkpoint, terms, asked = tmp_path / "checkpoint.pt", PairedAutoencoder.loss_terms, []

    def ask(x, y):
        os.kill(os.getpid(), signal.SIGTERM)
        asked.append(True)
        return x, y

    def loss_terms(network, x, y):
        return {name: Spoiled.apply(term) if asked else term for name, term in terms(network, x, y).items()}

    monkeypatch.setattr(PairedAutoencoder, "loss_terms", loss_terms)
    said = rf"the gradient is not finite in epoch 2 after 3 batches, .* after epoch 1 are kept in {checkpoint}"
    with pytest.raises(training.TrainingError, match=said):
        run(ct_data, ct_problem, checkpoint, at=(1, 3), act=ask)
    monkeypatch.undo()
    assert torch.load(checkpoint, weights_only=True)["progress"]["epoch"] == 1
    assert_the_same(run(ct_data, ct_problem, checkpoint), uninterrupted)


def test_a_validation_loss_that_is_not_finite_ends_training_too(ct_data, ct_problem, make_split, tmp_path):
    """After the last batch nothing else would tell, and the untrained weights would be taken for the best."""
    x, y = (store.read(ct_data / "validation.zarr", name) for name in store.ARRAYS)
    shutil.copytree(ct_data / "train.zarr", tmp_path / "train.zarr")
    make_split(tmp_path / "validation.zarr", x, y * np.float32(1e25), 8)
    with pytest.raises(training.TrainingError, match="the validation loss is not finite in epoch 1 after 6 batches"):
        run(tmp_path, ct_problem, tmp_path / "checkpoint.pt", epochs=1)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_a_training_that_diverges_ends_though_its_loss_stays_finite(ct_data, ct_problem, tmp_path):
    said = r"the validation loss is \d\.\de\+\d+, as in a training that diverges, in epoch 1 .* smaller training"
    with pytest.raises(training.TrainingError, match=said):
        run(ct_data, ct_problem, tmp_path / "checkpoint.pt", learning_rate=1.0, warmup=0.5)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_a_full_disk_leaves_the_last_checkpoint_whole_and_training_goes_on_from_it(
    ct_data, ct_problem, uninterrupted, tmp_path, small_disk
):
    disk = small_disk(tmp_path, 4096)

    def fill(x, y):
        disk.fill()
        return x, y

    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(
        outputs.DiskFull, match=f"no space is left on the disk for {checkpoint}: make space .* run again"
    ):
        run(ct_data, ct_problem, checkpoint, at=(1, 2), act=fill)
    assert torch.load(checkpoint, weights_only=True)["progress"]["epoch"] == 1
    disk.make_space()
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert_the_same(run(ct_data, ct_problem, checkpoint), uninterrupted)


def test_a_gpu_that_is_not_there_is_named(ct_data, ct_problem, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(
        processes.ProcessError, match="training.device is cuda, .* no CUDA device: set it to auto or cpu"
    ):
        run(ct_data, ct_problem, tmp_path / "checkpoint.pt", device="cuda")


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0), (55, 0.5), (40, 0.75), (70, 0.25), (100, 0.0)],
)
def test_the_learning_rate_rises_in_a_line_and_falls_in_a_cosine(step, rate):
    assert training.rate_at(step, 100, 0.1) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize(("steps", "warmup"), [(18, 0.2), (200, 0.05), (7, 0.0), (1, 0.5)])
def test_the_learning_rate_is_that_of_torchs_schedules(steps, warmup):
    rise = max(1, round(steps * warmup))
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps - rise))
    wanted = [(step + 1) / rise for step in range(rise)]
    for _ in range(steps - rise):
        wanted.append(cosine.get_last_lr()[0])
        optimizer.step()
        cosine.step()
    assert [training.rate_at(step, steps, warmup) for step in range(steps)] == pytest.approx(wanted, abs=1e-12)
    assert min(wanted) > 0


def test_the_history_has_the_learning_rate_of_the_schedule(uninterrupted):
    history = uninterrupted[2]
    assert [row["epoch"] for row in history] == [1, 2, 3]
    wanted = [0.01 * training.rate_at(BATCHES * epoch, 3 * BATCHES, 0.2) for epoch in (1, 2, 3)]
    assert [row["learning_rate"] for row in history] == pytest.approx(wanted)
    assert all(math.isfinite(value) for row in history for value in row.values())


def test_the_history_is_a_table_of_one_row_an_epoch(uninterrupted, tmp_path):
    training.write_history(uninterrupted[2], tmp_path / "history.csv")
    table = pd.read_csv(tmp_path / "history.csv")
    assert table.to_dict("records") == [pytest.approx(row) for row in uninterrupted[2]]
    assert [file.name for file in tmp_path.iterdir()] == ["history.csv"]


@pytest.mark.parametrize(
    ("name", "status", "resumed"),
    [("SIGTERM", 143, "epoch 2, batch 3"), ("SIGKILL", -signal.SIGKILL, "epoch 2, batch 0")],
)
def test_a_killed_run_resumes_to_the_same_weights(
    killed, uninterrupted, ct_data, ct_problem, caplog, name, status, resumed
):
    returned, folder, errors = killed[name]
    assert returned == status, errors
    assert [file.name for file in folder.iterdir()] == ["checkpoint.pt"]
    with caplog.at_level(logging.INFO):
        found = run(ct_data, ct_problem, folder / "checkpoint.pt")
    assert f"resumed from {folder / 'checkpoint.pt'}: {resumed}" in caplog.text
    assert_the_same(found, uninterrupted)
