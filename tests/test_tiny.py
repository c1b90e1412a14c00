"""The preset tiny as users have it and small variants, every experiment to its report: through Slurm where it is
installed, by the profile that users have, else on this machine alone.

Through Slurm go two of the experiments, whose jobs are of every kind, and all reports; the others are computed here,
since a job of Slurm's takes four times as long as one of Snakemake's own.
"""

import copy
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import slurm_cluster
import yaml
import zarr
from clone import EXPERIMENTS, ROOT, SMALL_VARIANTS, VARIANTS, Clone, merge

TIMEOUT = 3600  # seconds: a slow machine takes several times what a fast one does
pytestmark = [pytest.mark.slow, pytest.mark.timeout(TIMEOUT + 60)]

OWN = ["ct", "linear"]  # computed through Slurm
VARIED = yaml.safe_load((ROOT / VARIANTS).read_text(encoding="utf-8"))["experiments"]
merge(VARIED, copy.deepcopy(SMALL_VARIANTS["experiments"]))
SAID = EXPERIMENTS | VARIED
HERE = [name for name in SAID if name not in OWN]
ON_CPU = ("create_store", "simulate", "statistics", "summarise", "trust", "design", "report")


def asked_of(experiment: str) -> set[str]:
    """The methods of an experiment, a variant's those of its base but for those that it takes out."""
    said = SAID[experiment]
    every = SAID[said["variant_of"]]["methods"] | said["methods"] if "variant_of" in said else said["methods"]
    return {name for name, own in every.items() if own is not None}


@pytest.fixture(scope="session")
def whole(request, tmp_path_factory) -> Clone:
    """A clone on which the whole workflow has run, for all experiments."""
    clone = Clone(tmp_path_factory.mktemp("whole") / "clone", small=False)
    tables = [f"results/tiny/{name}/{table}.csv" for name in HERE for table in ("metrics", "trust")]
    tables += [f"results/tiny/{name}/designs.csv" for name in HERE if "linear-estimate" in asked_of(name)]
    clone.snakemake(*tables, timeout=TIMEOUT)
    if slurm_cluster.missing():
        clone.snakemake(timeout=TIMEOUT)
    else:
        request.getfixturevalue("cluster").serves(clone)
        clone.snakemake(*slurm_cluster.QUICK, cores=None, timeout=TIMEOUT)
    return clone


def test_every_experiment_ends_with_its_report_and_nothing_is_left_to_do(whole):
    for experiment in SAID:
        results = whole.folder / "results/tiny" / experiment
        assert "data:image/png;base64" in (results / "report.html").read_text(encoding="utf-8")
        metrics = pd.read_csv(results / "metrics.csv")
        assert set(metrics.method) == asked_of(experiment) and np.isfinite(metrics.rre).all()
    assert whole.planned() == {}


@pytest.mark.slurm
def test_each_job_runs_once_and_those_of_gpu_rules_alone_on_a_gpu_node_where_they_see_a_device(whole, cluster):
    jobs = cluster.jobs(whole)
    assert {(job["JobState"], job["Restarts"]) for job in jobs} == {("COMPLETED", "0")}
    logs = {log: log.read_text(encoding="utf-8").splitlines()[0] for log in (whole.folder / "logs/tiny").rglob("*.log")}
    logs = {log: line for log, line in logs.items() if "Slurm job" in line}
    assert len(logs) == len(jobs)
    places = set()
    for log, line in logs.items():
        place = re.search(r"node (\w+)\d, Slurm job \d+(, CUDA devices \d)?$", line)
        experiment, rule = log.relative_to(whole.folder / "logs/tiny").parts[:2]
        places.add((experiment, rule.removesuffix(".log"), place[1], bool(place[2])))
    # closed forms are fitted and solved without a GPU; linear has nothing else, and no linear estimate to design with
    wanted = {(experiment, rule, "cpu", False) for experiment in OWN for rule in (*ON_CPU, "train", "infer")}
    wanted |= {(name, "report", "cpu", False) for name in HERE}
    wanted |= {(experiment, rule, "gpu", True) for experiment in OWN for rule in ("train", "infer")}
    lacking = {("linear", rule, "gpu", True) for rule in ("train", "infer")} | {("linear", "design", "cpu", False)}
    assert places == wanted - lacking


@pytest.mark.slurm
def test_many_like_jobs_are_submitted_as_arrays_and_training_is_not(whole, cluster):
    arrays = {
        rule: Counter(job.get("ArrayJobId") for job in cluster.jobs(whole, rule))
        for rule in ("create_store", "simulate", "infer", "infer_on_cpu", "train")
    }
    stores = arrays["create_store"]  # possible from the start, all together
    assert list(stores.values()) == [4 * len(OWN)] and None not in stores
    for rule in ("simulate", "infer", "infer_on_cpu"):  # some become possible one by one
        alone = arrays[rule].pop(None, 0)
        together = arrays[rule].values()
        assert min(together) >= 2 and sum(together) > alone
    assert max(arrays["infer"].values()) >= 10
    assert list(arrays["train"]) == [None]


@pytest.mark.slurm
def test_the_profile_does_not_limit_jobs_that_it_submits_as_arrays(whole):
    profile = yaml.safe_load((whole.folder / "slurm/config.yaml").read_text(encoding="utf-8"))
    # with a limit, the plugin would drop what is ready beyond it, and the run would hang
    assert (profile["jobs"], profile["slurm-status-command"]) == ("unlimited", "squeue")


def test_methods_that_simulate_run_on_the_samples_and_masks_set_aside_for_them(whole):
    results = whole.folder / "results/tiny/crosswell"
    metrics = pd.read_csv(results / "metrics.csv")
    random = metrics[(metrics.split == "test") & (metrics.observation != "block")]
    counted = random.groupby(["method", "percent"]).size()
    assert counted["lsi"].to_dict() == {0: 6, 50: 12, 90: 12} and counted["mean"].to_dict() == {0: 6}
    for method in ("mlsi", "mlsi-lsi", "fwi", "fwi-lsi", "lsi-refined"):
        assert counted[method].to_dict() == {0: 3, 90: 3}
        assert "block" not in set(metrics[metrics.method == method].observation)
    for method, draws, members in (("lsi", 2, 2), ("mlsi", 1, 2)):
        estimates = zarr.open_group(results / f"inference/{method}/random-90/seed-0/estimates.zarr", mode="r")
        assert estimates["test/x_members"].shape[2] == members
        assert estimates["test/y_members"].shape[:3] == (draws, 2, members)
        chosen = estimates.attrs["chosen_on_validation"]
        assert 1 <= chosen["iterations"] < len(chosen["validation_rre"])
    claims = pd.read_csv(results / "claims.csv")
    assert list(claims[claims.part == "all"].claim) == [7, 8]
