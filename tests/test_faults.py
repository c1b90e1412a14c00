"""Faults, each injected into a real run, and each ending in the tables of an undisturbed one with little done anew."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import dask.array
import numpy as np
import pandas as pd
import pytest
import torch
from clone import SMALL, Clone

from pairlsi.data import store
from pairlsi.data.batches import Batches

pytestmark = pytest.mark.slow

TABLES = ["results/tiny/ct/metrics.csv", "results/tiny/ct/claims.csv"]
LOG = "logs/tiny/ct/train/pair-seed-0.log"
RUN_LOG = "run.log"
# one network, inference with it on three masks, the tables
TRAINED = {"train": 1, "infer": 3, "summarise": 1}
PATIENCE = 120  # seconds


@pytest.fixture
def untrained(clone) -> Clone:
    """The finished clone without one of its networks and what came of it."""
    for part in ("networks/pair", "inference/pair"):
        shutil.rmtree(clone.results / part)
    for file in (*TABLES, LOG):
        (clone.folder / file).unlink()
    return clone


def assert_the_same_tables(clone: Clone, finished: Clone, **tolerance) -> None:
    """To the last bit, unless a tolerance is given."""
    for name in TABLES:
        found, wanted = (
            pd.read_csv(c.folder / name).drop(columns="seconds", errors="ignore") for c in (clone, finished)
        )
        pd.testing.assert_frame_equal(found, wanted, **tolerance or {"check_exact": True})


def redone(said: subprocess.CompletedProcess) -> dict[str, int]:
    """How many jobs of each rule a run has done."""
    return jobs_in(said.stdout + said.stderr)


def jobs_in(output: str) -> dict[str, int]:
    rules = re.findall(r"^(?:local)?rule (\w+):$", output, re.M)
    return {rule: rules.count(rule) for rule in dict.fromkeys(rules) if rule != "data"}


@contextmanager
def at_work(clone: Clone, log: str, *words: str):
    """Snakemake in the background, at the head of a process group of its own, once the job with this log has begun.

    What it prints goes to the clone's run.log.
    """
    (clone.folder / log).unlink(missing_ok=True)
    with open(clone.folder / RUN_LOG, "w", encoding="utf-8") as output:
        said = {"cwd": clone.folder, "stdout": output, "stderr": subprocess.STDOUT}
        running = subprocess.Popen(clone.command(*words), start_new_session=True, **said)
    try:
        wait_for((clone.folder / log).exists)
        yield running
    finally:
        if is_alive(running.pid):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_after_a_kill_9_of_everything_unlock_and_run_again(untrained, finished):
    with at_work(untrained, LOG, *TABLES) as running:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    refused = untrained.snakemake(*TABLES, check=False)
    assert refused.returncode != 0 and "--unlock" in refused.stderr and not redone(refused)
    untrained.snakemake("--unlock")
    assert redone(untrained.snakemake(*TABLES)) == TRAINED
    assert_the_same_tables(untrained, finished)


def test_what_a_job_makes_after_a_kill_9_of_the_main_process_is_not_trusted(clone, finished):
    shard = clone.results / "data/train.zarr/y/c/1/0/0/0"
    shard.unlink()
    with at_work(clone, "logs/tiny/ct/simulate/train-1.log", "data") as running:
        running.kill()
        running.wait()
        wait_for(lambda: not is_alive(running.pid))  # the job ends well, and nobody notes it
    assert shard.exists()
    clone.snakemake("--unlock")
    assert redone(clone.snakemake("data")) == {"simulate": 1}
    assert shard.read_bytes() == (finished.folder / shard.relative_to(clone.folder)).read_bytes()
    assert clone.planned(*TABLES) == {}
    assert_the_same_tables(clone, finished)


def test_a_second_main_process_is_refused_and_does_no_harm(untrained, finished):
    with at_work(untrained, LOG, *TABLES) as running:
        refused = untrained.snakemake(*TABLES, check=False)
        assert running.poll() is None, "the first has ended too soon for a second beside it"
        assert refused.returncode != 0 and "Directory cannot be locked" in refused.stderr and not redone(refused)
        assert running.wait(PATIENCE) == 0
    assert jobs_in((untrained.folder / RUN_LOG).read_text(encoding="utf-8")) == TRAINED
    assert_the_same_tables(untrained, finished)


def test_a_simulation_killed_between_its_two_arrays_is_done_again(clone, finished):
    x, y = (clone.results / f"data/train.zarr/{name}/c/1/0/0/0" for name in ("x", "y"))
    y.unlink()
    module, line = (
        "workflow/scripts/pairlsi/data/store.py",
        "    for name, values in computed.items():\n        array = ",
    )
    killed = "        if name == 'y':\n            os.kill(os.getpid(), 9)\n"
    clone.edit(module, line, line.replace("        array = ", killed + "        array = "))
    clone.edit(module, "import math\n", "import math\nimport os\n")
    failed = clone.snakemake("data", "--rerun-triggers", "mtime", check=False)
    assert failed.returncode != 0 and redone(failed) == {"simulate": 1}
    assert not x.exists() and not y.exists()  # Snakemake keeps nothing of a job that failed
    shutil.copy2(finished.folder / module, clone.folder / module)
    assert redone(clone.snakemake("data")) == {"simulate": 1}
    for file in (x, y):
        assert file.read_bytes() == (finished.folder / file.relative_to(clone.folder)).read_bytes()
    assert clone.planned(*TABLES) == {}
    assert_the_same_tables(clone, finished)


def damage(file: Path, how: str) -> None:
    """Damage a file as a disk does, which leaves its times alone."""
    times, content = file.stat(), bytearray(file.read_bytes())
    if how == "flip":
        content[len(content) // 3] ^= 1
    file.write_bytes(content if how == "flip" else content[: len(content) // 2])
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_damaged_shards_are_found_before_training_and_repaired_as_the_message_says(untrained, finished):
    damages = {"train.zarr/x/c/0/0/0/0": "flip", "validation.zarr/y/c/0/0/0/0": "cut"}
    for name, how in damages.items():
        damage(untrained.results / "data" / name, how)
    for name in damages:
        failed = untrained.snakemake(*TABLES, check=False)
        assert failed.returncode != 0 and redone(failed) == {"train": 1}
        said = re.search(
            r"the shard (\S+) is truncated or damaged .*\((rm \S+); snakemake --cores all data\)", failed.stderr
        )
        assert said and said[1].endswith(name), failed.stderr
        assert "epoch 1" not in (untrained.folder / LOG).read_text(encoding="utf-8")
        subprocess.run(said[2].split(), cwd=untrained.folder, check=True)
        assert redone(untrained.snakemake("data")) == {"simulate": 1}
    assert redone(untrained.snakemake(*TABLES)) == TRAINED
    assert_the_same_tables(untrained, finished)


def sample_of_the_second_epoch(split: Path) -> int:
    """A sample that the second epoch of training with seed 0 uses, and the first does not."""
    batches = Batches(split, SMALL["experiments"]["ct"]["training"]["batch_size"], 100000, seed=0)
    first, second = ({sample.numpy().tobytes() for _, y in batches.epoch(n) for sample in y} for n in (0, 1))
    return next(i for i, sample in enumerate(store.read(split, "y")) if sample.tobytes() in second - first)


def spoil(split: Path, sample: int) -> Path:
    """Make the data of a sample the largest that float32 holds, which no checksum minds; return the shard's file."""
    shard_size = store.sizes(split)[1]
    shard = sample // shard_size
    rows = slice(shard * shard_size, (shard + 1) * shard_size)
    x, y = (store.read(split, name, rows) for name in store.ARRAYS)
    y[sample - rows.start] = np.finfo(np.float32).max
    files = store.shard_files(split, shard)
    times = [file.stat() for file in files]
    store.write_shard(split, shard, [dask.array.from_array(values) for values in (x, y)])
    for file, time_of_file in zip(files, times, strict=True):
        os.utime(file, ns=(time_of_file.st_atime_ns, time_of_file.st_mtime_ns))
    return files[1]


def test_a_loss_that_is_not_finite_stops_training_which_goes_on_from_the_epoch_before(untrained, finished):
    split = untrained.results / "data/train.zarr"
    shard = spoil(split, sample_of_the_second_epoch(split))
    failed = untrained.snakemake(*TABLES, check=False)
    assert failed.returncode != 0 and redone(failed) == {"train": 1} and "Traceback" not in failed.stderr
    said = re.search(
        r"the loss is not finite in epoch 2 after [01] batches, at learning rate 0\.\d+: try a smaller "
        r"training\.learning_rate or a longer training\.warmup\. The weights after epoch 1 are kept in (\S+)",
        failed.stderr,
    )
    assert said, failed.stderr
    assert "epoch 1/2" in (untrained.folder / LOG).read_text(encoding="utf-8")
    (checkpoint,) = (file for file in (untrained.results / "networks/pair").rglob("*") if file.is_file())
    assert checkpoint == untrained.folder / said[1]
    stored = torch.load(checkpoint, weights_only=True)
    assert stored["progress"]["epoch"] == len(stored["history"]) == 1
    for weights in (stored["network"], stored["best"]):
        assert all(torch.isfinite(values).all() for values in weights.values())

    shard.unlink()
    assert redone(untrained.snakemake("data")) == {"simulate": 1}
    assert redone(untrained.snakemake(*TABLES)) == TRAINED
    # settings and sources are those of the checkpoint, and its epoch never saw that sample
    assert re.search(
        r"resumed from \S+checkpoint.pt: epoch 2, batch 0", (untrained.folder / LOG).read_text(encoding="utf-8")
    )
    assert not checkpoint.exists()
    assert_the_same_tables(untrained, finished)


def limit_memory(clone: Clone, before: str, where: str) -> None:
    """Stand in for a device that runs out of memory before a line of the paired autoencoder, for some batches."""
    fault = f"if {where}:\n            raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB.')"
    clone.edit("workflow/scripts/pairlsi/networks/autoencoders.py", before, f"        {fault}\n{before}")


def test_inference_out_of_memory_goes_on_with_half_the_batch_to_the_same_tables(clone, finished):
    shutil.rmtree(clone.results / "inference/pair/random-50")
    for table in TABLES:
        (clone.folder / table).unlink()
    limit_memory(clone, "        return moments(self.y_encoder(self.y_scaling(y)), self.variational)\n", "len(y) > 5")
    assert redone(clone.snakemake(*TABLES, "--rerun-triggers", "mtime")) == {"infer": 1, "summarise": 1}
    log = (clone.folder / "logs/tiny/ct/infer/pair-random-50-seed-0.log").read_text(encoding="utf-8")
    assert "out of memory with 6 samples at once: going on with 3" in log and "going on with 1" not in log
    assert_the_same_tables(clone, finished, rtol=1e-4)


def test_training_out_of_memory_stops_with_the_setting_to_change_and_does_with_it(untrained):
    limit_memory(untrained, "        x, y = self.x_scaling(x), self.y_scaling(y)\n", "len(y) > 10")
    weights = "results/tiny/ct/networks/pair/seed-0/weights.safetensors"
    failed = untrained.snakemake(weights, "--rerun-triggers", "mtime", check=False)
    assert failed.returncode != 0 and redone(failed) == {"train": 1} and "Traceback" not in failed.stderr
    said = re.search(r"out of memory: set training\.batch_size to less than (\d+), .*Tried to allocate", failed.stderr)
    assert said and int(said[1]) == 16, failed.stderr
    untrained.settings(training={"batch_size": int(said[1]) // 2})
    assert redone(untrained.snakemake(weights, "--rerun-triggers", "mtime")) == {"train": 1}


@pytest.fixture
def disk(clone, small_disk):
    """The clone's results on a disk of their own with room to spare."""
    results, beside = clone.folder / "results", clone.folder / "moved"
    results.rename(beside)
    results.mkdir()
    used = int(subprocess.check_output(["du", "-sk", beside]).split()[0])
    disk = small_disk(results, used + 16384)
    shutil.copytree(beside, results, dirs_exist_ok=True)
    return disk


def test_a_full_disk_during_simulation_loses_nothing(clone, finished, disk):
    shard = clone.results / "data/train.zarr/y/c/1/0/0/0"
    shard.unlink()
    disk.fill()
    failed = clone.snakemake("data", check=False)
    assert failed.returncode != 0 and redone(failed) == {"simulate": 1}
    assert re.search(r"no space is left on the disk for \S*train.zarr/y/c/1/0/0/0: make space", failed.stderr)
    assert "Traceback" not in failed.stderr
    disk.make_space()
    assert redone(clone.snakemake("data")) == {"simulate": 1}
    assert shard.read_bytes() == (finished.folder / shard.relative_to(clone.folder)).read_bytes()
    assert clone.planned(*TABLES) == {}
    assert_the_same_tables(clone, finished)


def test_a_full_disk_during_checkpointing_loses_nothing(untrained, finished, disk):
    disk.fill()
    failed = untrained.snakemake(*TABLES, check=False)
    assert failed.returncode != 0 and redone(failed) == {"train": 1}
    assert re.search(r"no space is left on the disk for \S*pair/seed-0/checkpoint.pt: make space", failed.stderr)
    assert "Traceback" not in failed.stderr
    assert not list((untrained.results / "networks/pair").rglob("*.*"))  # nothing half-written
    disk.make_space()
    assert redone(untrained.snakemake(*TABLES)) == TRAINED
    assert_the_same_tables(untrained, finished)
