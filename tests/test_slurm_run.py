"""A run through a real Slurm by the profile that users have, from the empty data set to the report."""

import re
from collections import Counter

import pandas as pd
import pytest
import yaml
from clone import Clone
from slurm_cluster import QUICK

TIMEOUT = 3600  # seconds: a slow machine takes several times what a fast one does
pytestmark = [pytest.mark.slurm, pytest.mark.timeout(TIMEOUT + 60)]

# what is solved in closed form beside what is trained, so that there are jobs of every kind
CLOSED_FORM = {"networks": {"linear": {"latent": [16, 16]}}, "methods": {"linear-lsi": {}}}
ON_CPU = ("create_store", "simulate", "statistics", "train", "infer", "summarise", "trust", "report")


@pytest.fixture(scope="module")
def submitted(cluster, tmp_path_factory) -> Clone:
    """A clone whose whole workflow has run through Slurm."""
    clone = Clone(tmp_path_factory.mktemp("submitted") / "clone")
    clone.settings(**CLOSED_FORM)
    cluster.serves(clone)
    clone.snakemake(*QUICK, cores=None, timeout=TIMEOUT)
    return clone


def test_each_job_runs_once_and_those_of_gpu_rules_alone_on_a_gpu_node_where_they_see_a_device(submitted, cluster):
    jobs = cluster.jobs(submitted)
    assert {(job["JobState"], job["Restarts"]) for job in jobs} == {("COMPLETED", "0")}
    folder = submitted.folder / "logs/tiny/ct"
    logs = {log: log.read_text(encoding="utf-8").splitlines()[0] for log in folder.rglob("*.log")}
    assert len(logs) == len(jobs)
    places = set()
    for log, line in logs.items():
        place = re.search(r"node (\w+)\d, Slurm job \d+(, CUDA devices \d)?$", line)
        places.add((log.relative_to(folder).parts[0].removesuffix(".log"), place[1], bool(place[2])))
    # closed forms are fitted and solved without a GPU
    assert places == {(rule, "cpu", False) for rule in ON_CPU} | {("train", "gpu", True), ("infer", "gpu", True)}
    assert submitted.planned() == {}


def test_many_like_jobs_are_submitted_as_arrays_and_training_is_not(submitted, cluster):
    arrays = {
        rule: Counter(job.get("ArrayJobId") for job in cluster.jobs(submitted, rule))
        for rule in ("create_store", "simulate", "infer", "infer_on_cpu", "train")
    }
    stores = arrays["create_store"]  # possible from the start, all together
    assert list(stores.values()) == [4] and None not in stores
    for rule in ("simulate", "infer", "infer_on_cpu"):  # some become possible one by one
        alone = arrays[rule].pop(None, 0)
        together = arrays[rule].values()
        assert min(together) >= 2 and sum(together) > alone
    assert list(arrays["train"]) == [None]


def test_the_numbers_are_those_of_a_run_without_slurm(submitted, finished):
    ours, theirs = (
        pd.read_csv(clone.results / "metrics.csv").drop(columns="seconds") for clone in (submitted, finished)
    )
    ours = ours[ours.method.isin(theirs.method)].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, theirs, check_exact=False, rtol=1e-4)
    assert len(theirs)


def test_the_profile_does_not_limit_jobs_that_it_submits_as_arrays(submitted):
    profile = yaml.safe_load((submitted.folder / "slurm/config.yaml").read_text(encoding="utf-8"))
    # with a limit, the plugin would drop what is ready beyond it, and the run would hang
    assert (profile["jobs"], profile["slurm-status-command"]) == ("unlimited", "squeue")
