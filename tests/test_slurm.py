"""The workflow on a real Slurm, through the profile that users have; jobs that are cancelled, requeued, out of time."""

import re
import shutil
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta

import pandas as pd
import pytest
import yaml
from clone import Clone
from slurm_cluster import Cluster

pytestmark = pytest.mark.slurm

# a test looks at its jobs more often than the controller of a large cluster would like; one thread for each job
# keeps jobs that run side by side on two cores from waiting for each other
QUICK = ["--profile", "slurm", "--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "20"]
QUICK += ["--max-threads", "1"]
TABLES = ["results/tiny/ct/metrics.csv", "results/tiny/ct/claims.csv"]
NETWORKS = ["pair", "encdec-none", "encdec-random"]
# epochs of a hundred batches, so that what happens after the first epoch happens within the second
SETTINGS = {
    "data": {"samples": {"train": 400}, "shard_size": 200},
    "networks": {"train": NETWORKS},
    "training": {"epochs": 4, "batch_size": 4},
    "inference": {"methods": NETWORKS, "masks": {"percents": [25]}},
}
MASKS = 2  # none and one random
PATIENCE = 300  # seconds


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def undisturbed(cluster, tmp_path_factory) -> Clone:
    """A clone on which the whole workflow has run through Slurm, with the site's lines of the profile filled in."""
    clone = Clone(tmp_path_factory.mktemp("slurm") / "clone")
    clone.environment = cluster.environment
    clone.settings(**SETTINGS)
    profile = clone.folder / "slurm" / "config.yaml"
    profile.write_text(filled_in(profile.read_text()))
    clone.snakemake(*QUICK, cores=None)
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


def filled_in(profile: str) -> str:
    """The profile with the lines for partitions and the GPU's model taken out of their comments."""
    text = re.sub(r"^# (set-resources:| {2,}\w+:.*)$", r"\1", profile, flags=re.M)
    text = text.replace("# slurm_partition: cpu", "slurm_partition: cpu")
    assert yaml.safe_load(text)["set-resources"]["train"] == {"slurm_partition": "gpu", "gpu_model": "a100"}
    return text


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
    with open(output, "w") as file:
        said = {"cwd": clone.folder, "env": clone.environment, "stdout": file, "stderr": subprocess.STDOUT}
        run = subprocess.Popen(clone.command(*TABLES, *QUICK, cores=None), **said)
    try:
        yield run
        assert run.wait(PATIENCE) == 0, output.read_text()
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
    raise AssertionError(f"no second epoch of {networks}:\n{(clone.folder / 'run.log').read_text()}")


def log_of(clone: Clone, network: str):
    return clone.folder / f"logs/tiny/ct/train/{network}-seed-0.log"


def trainings(clone: Clone, cluster: Cluster, network: str) -> list[dict[str, str]]:
    """What Slurm knows of the jobs that trained this network, the first one first."""
    return [job for job in cluster.jobs(clone.folder) if job["Comment"] == f"rule_train_wildcards_ct_{network}_0"]


def jobs_of(rule: str, clone: Clone, cluster: Cluster) -> list[dict[str, str]]:
    return [job for job in cluster.jobs(clone.folder) if re.match(rf"rule_{rule}(_wildcards|$)", job["Comment"])]


def assert_same_tables(clone: Clone, other: Clone) -> None:
    for table in TABLES:
        ours, theirs = (pd.read_csv(c.folder / table).drop(columns="seconds", errors="ignore") for c in (clone, other))
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def resumed_within_an_epoch(clone: Clone, network: str) -> bool:
    return bool(re.search(r"resumed from .*: epoch [2-4], batch [1-9]", log_of(clone, network).read_text()))


def test_the_whole_workflow_ends_with_its_report_and_nothing_is_left_to_do(undisturbed):
    assert "could be judged here" in (undisturbed.results / "report.html").read_text()
    metrics = pd.read_csv(undisturbed.results / "metrics.csv")
    assert len(metrics) == len(NETWORKS) * MASKS * (6 + 6) and metrics.rre.notna().all()
    assert undisturbed.planned() == {}


def test_jobs_that_ask_for_a_gpu_see_one_on_a_gpu_node_and_others_run_elsewhere(undisturbed):
    told = {file: file.read_text().splitlines()[0] for file in (undisturbed.folder / "logs/tiny/ct").rglob("*.log")}
    places = Counter()
    for file, line in told.items():
        place = re.search(r"node (\w+)\d, Slurm job \d+(, CUDA devices \d)?$", line)
        places[file.relative_to(undisturbed.folder / "logs/tiny/ct").parts[0], place[1], bool(place[2])] += 1
    assert places == {
        ("create_store", "cpu", False): 4,
        ("simulate", "cpu", False): 2 + 3,
        ("statistics.log", "cpu", False): 1,
        ("train", "gpu", True): len(NETWORKS),
        ("infer", "gpu", True): len(NETWORKS) * MASKS,
        ("summarise.log", "cpu", False): 1,
        ("report.log", "cpu", False): 1,
    }


def test_many_like_jobs_are_submitted_as_arrays_and_training_is_not(undisturbed, cluster):
    arrays = {
        rule: Counter(job.get("ArrayJobId") for job in jobs_of(rule, undisturbed, cluster))
        for rule in ("create_store", "simulate", "train", "infer")
    }
    assert list(arrays["create_store"].values()) == [4] and None not in arrays["create_store"]
    assert None not in arrays["infer"] and min(arrays["infer"].values()) >= MASKS
    assert max(arrays["simulate"].values()) >= 2  # the shards of the training split become possible together
    assert list(arrays["train"]) == [None]


def test_the_profile_does_not_limit_jobs_that_it_submits_as_arrays(undisturbed):
    profile = yaml.safe_load((undisturbed.folder / "slurm/config.yaml").read_text())
    # with a limit, the plugin would drop what is ready beyond it, and the run would hang
    assert (profile["jobs"], profile["slurm-status-command"]) == ("unlimited", "squeue")


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
    jobs = cluster.jobs(disturbed.folder)
    counted = {rule: len(jobs_of(rule, disturbed, cluster)) for rule in ("train", "infer", "summarise")}
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
    assert {job["NodeList"] for job in jobs_of("infer", clone, cluster)} == {"gpu0", "gpu1"} - {node}
    jobs = cluster.jobs(clone.folder)
    assert [(job["JobState"], job["Restarts"]) for job in jobs] == [("COMPLETED", "0")] * (1 + MASKS + 1)
    assert [job["JobId"] for job in trainings(clone, cluster, "encdec-none")] == [training["JobId"]]
    assert_same_tables(clone, undisturbed)
