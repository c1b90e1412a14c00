"""Faults on a real Slurm, by the profile that users have: jobs cancelled, requeued, out of time, a drained node."""

import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from datetime import datetime, timedelta

import pandas as pd
import pytest
from clone import Clone
from slurm_cluster import QUICK, Cluster

pytestmark = pytest.mark.slurm

TABLES = ["results/tiny/ct/metrics.csv", "results/tiny/ct/claims.csv"]
NETWORKS = ["pair", "encdec-none", "encdec-random"]
# epochs of a hundred batches, so that what happens after the first epoch happens within the second
SETTINGS = {
    "data": {"samples": {"train": 400}, "shard_size": 200},
    "networks": {"encdec-none": {"kind": "encoder-decoder"}},
    "training": {"epochs": 4, "batch_size": 4},
    "methods": {"encdec-none": {"kind": "encoder-decoder"}},
    "observations": {"random": {"percents": [25]}},
}
MASKS = 2  # none and one random
PATIENCE = 300  # seconds


@pytest.fixture(scope="module")
def undisturbed(cluster, tmp_path_factory) -> Clone:
    """A clone whose networks take their time to train, with its tables, made without Slurm."""
    clone = Clone(tmp_path_factory.mktemp("undisturbed") / "clone")
    clone.settings(**SETTINGS)
    clone.snakemake(*TABLES, "--max-threads", "1")
    cluster.serves(clone)
    return clone


@pytest.fixture(scope="module")
def disturbed(undisturbed, cluster, tmp_path_factory) -> Clone:
    """A clone with the same data on which each network met another fault in the second epoch of its training."""

    def cancel(job):
        cluster.call("scancel", job)

    def requeue(job):
        cluster.call("scontrol", "requeue", job)

    def exhaust(job):
        cluster.call("scancel", "--signal=STOP", job)  # it hangs, and its clock runs on
        soon = datetime.now() + timedelta(seconds=1)
        cluster.call("scontrol", "update", f"JobId={job}", f"EndTime={soon:%Y-%m-%dT%H:%M:%S}")

    clone = untrained(undisturbed, tmp_path_factory.mktemp("disturbed") / "clone", NETWORKS)
    faults = dict(zip(NETWORKS, (exhaust, requeue, cancel), strict=True))
    with running(clone) as run:
        while faults:
            network = second_epoch(clone, run, list(faults))
            faults.pop(network)(trainings(clone, cluster, network)[0]["JobId"])
    return clone


def untrained(clone: Clone, folder, networks: list[str]) -> Clone:
    """A copy without these networks and what came of them."""
    copy = clone.copy(folder)
    for network in networks:
        shutil.rmtree(copy.results / "networks" / network)
        shutil.rmtree(copy.results / "inference" / network)
        log_of(copy, network).unlink()
    for table in TABLES:
        (copy.folder / table).unlink()
    return copy


@contextmanager
def running(clone: Clone):
    """The workflow up to its tables, in the background; afterwards waits for its end, which has to be a good one."""
    output = clone.folder / "run.log"
    with open(output, "w", encoding="utf-8") as file:
        said = {"cwd": clone.folder, "env": clone.environment, "stdout": file, "stderr": subprocess.STDOUT}
        run = subprocess.Popen(clone.command(*TABLES, *QUICK, cores=None), **said)
    try:
        yield run
        assert run.wait(PATIENCE) == 0, output.read_text(encoding="utf-8")
    finally:
        run.kill()  # if it still runs; the cluster cancels its jobs when it stops
        run.wait()


def second_epoch(clone: Clone, run: subprocess.Popen, networks: list[str]) -> str:
    """Wait until one of the networks is in the second epoch of its training; return which."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and run.poll() is None:
        for network in networks:
            if (clone.results / "networks" / network / "seed-0/checkpoint.pt").is_file():  # the first epoch's
                time.sleep(0.2)
                return network
        time.sleep(0.05)
    raise AssertionError(f"no second epoch of {networks}:\n{(clone.folder / 'run.log').read_text(encoding='utf-8')}")


def log_of(clone: Clone, network: str):
    return clone.folder / f"logs/tiny/ct/train/{network}-seed-0.log"


def trainings(clone: Clone, cluster: Cluster, network: str) -> list[dict[str, str]]:
    """What Slurm knows of the jobs that trained this network, the first one first."""
    return [job for job in cluster.jobs(clone, "train") if job["Comment"].endswith(f"_ct_{network}_0")]


def assert_same_tables(clone: Clone, other: Clone) -> None:
    for table in TABLES:
        ours, theirs = (pd.read_csv(c.folder / table).drop(columns="seconds", errors="ignore") for c in (clone, other))
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def resumed_within_an_epoch(clone: Clone, network: str) -> bool:
    return bool(
        re.search(r"resumed from .*: epoch [2-4], batch [1-9]", log_of(clone, network).read_text(encoding="utf-8"))
    )


def test_a_training_out_of_time_goes_on_where_it_stood(disturbed, cluster):
    assert [job["JobState"] for job in trainings(disturbed, cluster, "pair")] == ["TIMEOUT", "COMPLETED"]
    assert resumed_within_an_epoch(disturbed, "pair")


def test_a_requeued_training_goes_on_under_its_number(disturbed, cluster):
    (only,) = trainings(disturbed, cluster, "encdec-none")
    assert (only["JobState"], only["Restarts"]) == ("COMPLETED", "1")
    assert resumed_within_an_epoch(disturbed, "encdec-none")


def test_a_cancelled_training_goes_on_with_more_memory_and_time(disturbed, cluster):
    first, second = trainings(disturbed, cluster, "encdec-random")
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    before, after = (int(job["MinMemoryNode"].removesuffix("M")) for job in (first, second))
    assert 3000 < before < 4000 and after == 2 * before
    assert (first["TimeLimit"], second["TimeLimit"]) == ("04:00:00", "08:00:00")
    assert resumed_within_an_epoch(disturbed, "encdec-random")


def test_after_all_these_faults_the_tables_are_the_same_and_nothing_else_was_done_again(
    disturbed, undisturbed, cluster
):
    assert_same_tables(disturbed, undisturbed)
    jobs = cluster.jobs(disturbed)
    counted = {rule: len(cluster.jobs(disturbed, rule)) for rule in ("train", "infer", "summarise")}
    assert counted == {"train": len(NETWORKS) + 2, "infer": len(NETWORKS) * MASKS, "summarise": 1}
    assert len(jobs) == sum(counted.values()) and sum(int(job["Restarts"]) for job in jobs) == 1


def test_a_node_drained_mid_run_ends_its_job_and_the_others_run_the_rest(undisturbed, cluster, tmp_path):
    clone = untrained(undisturbed, tmp_path / "clone", ["encdec-none"])
    with running(clone) as run:
        second_epoch(clone, run, ["encdec-none"])
        (training,) = trainings(clone, cluster, "encdec-none")
        node = training["NodeList"]
        cluster.call("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=test")
    assert cluster.states()[node] == "drain"
    cluster.call("scontrol", "update", f"NodeName={node}", "State=RESUME")
    assert {job["NodeList"] for job in cluster.jobs(clone, "infer")} == {"gpu0", "gpu1"} - {node}
    jobs = cluster.jobs(clone)
    assert [(job["JobState"], job["Restarts"]) for job in jobs] == [("COMPLETED", "0")] * (1 + MASKS + 1)
    assert [job["JobId"] for job in trainings(clone, cluster, "encdec-none")] == [training["JobId"]]
    assert_same_tables(clone, undisturbed)
