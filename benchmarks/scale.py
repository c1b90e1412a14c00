"""Curves of scale: what size of image, length of latents and number of samples do to errors, time and memory, for CT.

Run: .venv/bin/python benchmarks/scale.py [--sizes 32 48 64 96] [--latents 64 256 1500] [--samples 1000 4000 16000].
The workflow runs variants of the experiment `ct` in benchmarks/cache/scale, one job after the other; one of the three
differs from the base at a time. What is there already is not made again, so that a longer list adds its points alone.
Writes benchmarks/results/scale.csv: each quantity at each point, and prints the exponents p of quantity ~ value^p that
least squares find, with 95 % intervals. Latents must be fewer than the pixels that images ever fill, .78 of all.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import machine
import numpy as np
import pandas as pd
import yaml
from scipy import stats

BASE = {"size": 48, "latents": 512, "samples": 4000}
SHARD = 2000  # samples
EPOCHS = 3
METHODS = {"pair": "PAIR", "lsi-prior": "LSI, posterior mode", "linear-estimate": "best linear estimate", "tv": "TV"}
NETWORKS = ("pair", "linear-long")
CASES = {"none-0": "full data", "random-25": "25 % missing"}
CACHE = machine.ROOT / "benchmarks" / "cache" / "scale"


def name_of(point: dict) -> str:
    """The experiment of a point."""
    return "ct_{size}_{latents}_{samples}".format(**point)


def variant(point: dict) -> dict:
    """What it differs in from `ct` of config.yaml: fewer networks and methods, one mask, no claims."""
    shipped = yaml.safe_load((machine.ROOT / "config.yaml").read_text(encoding="utf-8"))["experiments"]["ct"]
    latents = point["latents"]
    return {
        "variant_of": "ct",
        "problem": {"image_size": point["size"]},
        "data": {
            "samples": {"train": point["samples"], "validation": 100, "test": 100, "ood": 20},
            "shard_size": SHARD,
        },
        "architecture": {"x": {"latent": latents}, "y": {"latent": latents}},
        "networks": dict.fromkeys(shipped["networks"]) | {"pair": {}, "linear-long": {"latent": [latents, latents]}},
        "training": {"epochs": EPOCHS},
        "observations": {"none": {}, "random": {"draws": 1}, "block": None},
        "methods": dict.fromkeys(shipped["methods"])
        | dict.fromkeys(METHODS, {})
        | {"linear-estimate": {"lengths": None}},
        "evaluation": {"claims": []},
        "predictions": {"methods": ["lsi-prior"]},
    }


def run(folder: Path, points: list[dict], *options: str) -> None:
    """Have the workflow make the metrics of all points; what they are made from and its logs stay in the folder.

    options: of Snakemake, more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    overlay = folder / "config.yaml"
    said = {
        "pathvars": {"results": f"{folder}/results", "logs": f"{folder}/logs"},
        "experiments": {name_of(point): variant(point) for point in points},
    }
    overlay.write_text(yaml.safe_dump(said), encoding="utf-8")
    targets = [f"{folder}/results/{name_of(point)}/metrics.csv" for point in points]
    command = [Path(sys.executable).parent / "snakemake", "--cores", "1", "--quiet", "rules", "--configfile", overlay]
    subprocess.run([*command, *options, "--", *targets], cwd=machine.ROOT, check=True)


def measured(folder: Path, point: dict) -> dict[str, float]:
    """Every quantity at a point."""
    name, count = name_of(point), point["samples"]
    results, logs = folder / "results" / name, folder / "logs" / name

    def of_jobs(pattern: str, column: str) -> float:
        return sum(pd.read_csv(path, sep="\t")[column][0] for path in logs.glob(pattern))

    seconds = {
        network: pd.read_csv(results / "networks" / network / "seed-0" / "history.csv")["seconds"].iloc[-1]
        for network in NETWORKS
    }
    metrics = pd.read_csv(results / "metrics.csv", low_memory=False).query("split == 'test'")
    metrics = metrics.assign(case=metrics.observation + "-" + metrics.percent.map("{:g}".format))
    found = {
        "simulation, processor s a sample": of_jobs("simulate/train-*.tsv", "cpu_time") / count,
        "closed form, s": seconds["linear-long"],
        "training, s a sample and epoch": seconds["pair"] / count / EPOCHS,
        "training, MB": of_jobs("train/pair-seed-0.tsv", "max_rss"),
    }
    for method, label in METHODS.items():
        own = metrics[metrics.method == method]
        found[f"{label}, s a sample"] = own.seconds.mean()
        found |= {f"{label}, RRE, {told}": own.rre[own.case == case].mean() for case, told in CASES.items()}
    return found


def exponent(values: list[int], found: list[float]) -> str:
    """p of found ~ values^p by least squares of the logarithms, with its 95 % interval where there are three points."""
    fit = stats.linregress(np.log(values), np.log(found))
    if len(values) < 3 or np.ptp(found) == 0:
        return f"{fit.slope:.2f}"
    half = stats.t.ppf(0.975, len(values) - 2) * fit.stderr
    return f"{fit.slope:.2f} ({fit.slope - half:.2f} to {fit.slope + half:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 48, 64, 96], help="pixels a side of an image")
    parser.add_argument("--latents", type=int, nargs="+", default=[64, 256, 512, 1500], help="of x and of y")
    parser.add_argument("--samples", type=int, nargs="+", default=[1000, 4000, 16000], help="of the training split")
    parser.add_argument("--folder", type=Path, default=CACHE, help="where all of it goes, and is not made again")
    parser.add_argument("--dry-run", action="store_true", help="say which jobs this takes, and run none")
    said = parser.parse_args()
    axes = {"size": sorted(said.sizes), "latents": sorted(said.latents), "samples": sorted(said.samples)}
    facts = machine.facts("torch", "astra-toolbox", "snakemake")
    points = {json.dumps(BASE | {axis: value}): BASE | {axis: value} for axis in axes for value in axes[axis]}
    run(said.folder.resolve(), list(points.values()), *(["--dry-run"] if said.dry_run else []))
    if said.dry_run:
        return
    rows = []
    for axis, values in axes.items():
        found = [measured(said.folder.resolve(), BASE | {axis: value}) for value in values]
        for quantity in found[0]:
            curve = [one[quantity] for one in found]
            fitted = exponent(values, curve) if len(values) > 1 else ""
            told = "  ".join(f"{value}: {one:.4g}" for value, one in zip(values, curve, strict=True))
            print(f"{axis:<8} {quantity:<44} {told:<60} {fitted}", flush=True)
            rows += [
                {"axis": axis, "value": value, "quantity": quantity, "found": f"{one:.4g}", "exponent": fitted, **facts}
                for value, one in zip(values, curve, strict=True)
            ]
    machine.write(rows, "scale")


if __name__ == "__main__":
    main()
