"""The workflow's own cost: a run's wall time against its jobs', and the time of dry runs with many shards.

Run: python benchmarks/workflow.py [--shards 100 1000 10000]. Writes benchmarks/results/workflow.csv. Two runs in
temporary copies of the working tree, on two cores: the preset tiny, and of it three methods alone up to
results/tiny/ct/report.html, whose twenty seconds are mostly the start and one chain of jobs. What they are held against
is the least time that any schedule of the same jobs could take: the longest chain of jobs that need each other, or all
jobs shared by the cores, whichever is longer. A job lasts from its start to its end in Snakemake's own records, so
starting Python and importing torch counts as the job's; what is measured is what Snakemake adds.
"""

import argparse
import base64
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
import yaml

CORES = 2
DRY_RUN_LIMIT = 15  # seconds for 10000 shards
OVERHEAD_LIMIT = 1.15  # of a run of the preset tiny, over the least time
SNAKEMAKE = Path(sys.executable).parent / "snakemake"
REPORT = "results/tiny/ct/report.html"
KEPT = {"networks": ["pair"], "methods": ["pair", "lsi", "interpolate"], "observations": ["none", "random"]}


def copy_tree(folder: Path, whole: bool = False) -> None:
    """Copy what git tracks or does not ignore; if not `whole`, with the CT experiment alone and fewer methods."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=machine.ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (machine.ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(machine.ROOT / name, folder / name)
    if whole:
        return
    for path in folder / "config.yaml", folder / "workflow" / "presets" / "tiny.yaml":
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        said["experiments"] = {"ct": few(said["experiments"]["ct"])}
        path.write_text(yaml.safe_dump(said), encoding="utf-8")


def few(said: dict) -> dict:
    """An experiment, or what a preset says of it, with `KEPT` alone, one draw of its masks and no claims."""
    said = said | {key: {n: said[key][n] for n in names if n in said.get(key, {})} for key, names in KEPT.items()}
    for mask in said["observations"].values():
        if "draws" in mask:
            mask["draws"] = 1
    said["evaluation"] = said.get("evaluation", {}) | {"claims": []}
    return said | {"predictions": {"methods": ["lsi"]}}


def snakemake(folder: Path, *arguments: str) -> float:
    """Run Snakemake in `folder`; the seconds that it took. Raises RuntimeError with its last words if it fails."""
    start = time.perf_counter()
    done = subprocess.run([SNAKEMAKE, *arguments], cwd=folder, capture_output=True, text=True, env=os.environ)
    if done.returncode:
        raise RuntimeError(f"snakemake {' '.join(arguments)} failed: {(done.stdout + done.stderr)[-1500:]}")
    return time.perf_counter() - start


def jobs_of(folder: Path) -> list[dict]:
    """Every job of the run: seconds, files it needs and makes; from what Snakemake keeps with each output."""
    root, jobs = folder / ".snakemake" / "metadata", {}
    for path in filter(Path.is_file, root.rglob("*")):
        output = base64.b64decode(path.relative_to(root).as_posix().replace("@", "")).decode()
        said = json.loads(path.read_text(encoding="utf-8"))
        job = jobs.setdefault(tuple(said["log"]), {"output": set(), "input": said["input"]})
        job["output"].add(output)
        job["seconds"] = said["endtime"] - said["starttime"]
    return list(jobs.values())


def least_time(jobs: list[dict]) -> tuple[float, float]:
    """The seconds of the longest chain of jobs that need each other, and of all jobs shared by the cores."""
    maker = {file: number for number, job in enumerate(jobs) for file in job["output"]}

    @functools.cache
    def end(number: int) -> float:
        needed = {maker[file] for file in jobs[number]["input"] if file in maker}
        return jobs[number]["seconds"] + max(map(end, needed), default=0)

    return max(map(end, range(len(jobs)))), sum(job["seconds"] for job in jobs) / CORES


def measure_run(whole: bool) -> dict:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_tree(folder, whole)
        preset = ("--configfile", "workflow/presets/tiny.yaml")
        wall = snakemake(folder, "--cores", str(CORES), *preset, *(() if whole else ("--", REPORT)))
        jobs = jobs_of(folder)
        chain, shared = least_time(jobs)
    print(f"{len(jobs)} jobs on {CORES} cores: longest chain {chain:.1f} s, all jobs shared {shared:.1f} s")
    least = max(chain, shared)
    what = "the preset tiny" if whole else "a tiny run"
    goal = f"at most {OVERHEAD_LIMIT}" if whole else ""
    return machine.compare(f"workflow: s of {what}, least possible with its jobs", wall, least, wall / least, goal)


def measure_dry_run(shards: int) -> dict:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_tree(folder)
        config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        config["experiments"]["ct"]["data"]["shard_size"] = 10
        config["experiments"]["ct"]["data"]["samples"] |= {"train": 10 * shards}
        (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        seconds = snakemake(folder, "--cores", "1", "--dry-run", "--quiet")
    goal = f"at most {DRY_RUN_LIMIT}" if shards == 10000 else ""
    return machine.compare(f"workflow: s of a dry run, {shards} shards", seconds, "", seconds, goal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, nargs="*", default=[100, 1000, 10000], help="of the dry runs")
    shards = parser.parse_args().shards
    facts = machine.facts("snakemake")
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    table = [measure_dry_run(number) for number in shards]
    table += [measure_run(whole) for whole in (False, True)]
    machine.write([{**row, **facts} for row in table], "workflow")


if __name__ == "__main__":
    main()
