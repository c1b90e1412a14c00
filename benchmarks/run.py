"""All benchmarks one after the other, each in a process of its own, and one table of ratios.

Run: make bench, or python benchmarks/run.py [NAME …]. Prints the table and writes benchmarks/results/summary.csv with
the facts of the machine. A benchmark that fails or takes too long does not stop the others; the table says so.
"""

import argparse
import csv
import subprocess
import sys
import time

import machine

BENCHMARKS = ("solver", "lsi_ensemble", "ct_simulation", "crosswell_simulation", "training", "reading", "workflow")
COLUMNS = ("benchmark", "ours", "peer", "ratio", "goal", "met", "load")
PATIENCE = 600  # seconds for one benchmark
SIMULATIONS = {  # tables of their own: what they measure, against what, the column of the ratio, the goals by size
    "ct_simulation": ("images_per_second", "astra", "times_astra", {"128": "at least 15", "256": "at least 5"}),
    "crosswell_simulation": ("shots_per_second", "bare", "times_bare", {"32": "at least 0.95", "64": "at least 0.95"}),
}


def run(name: str) -> str:
    """Run one benchmark, its words on the terminal; return what went wrong, if anything."""
    print(f"\n=== {name}", flush=True)
    try:
        done = subprocess.run([sys.executable, f"benchmarks/{name}.py"], cwd=machine.ROOT, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"longer than {PATIENCE} s"
    return f"failed with status {done.returncode}" if done.returncode else ""


def rows_of(name: str) -> list[dict]:
    """The rows of the table that a benchmark has stored, each with the load of the machine when it began."""
    with (machine.ROOT / "benchmarks" / "results" / f"{name}.csv").open(newline="") as file:
        stored = list(csv.DictReader(file))
    if name not in SIMULATIONS:
        return [{key: row[key] for key in COLUMNS} for row in stored]
    speed, peer, ratio, goals = SIMULATIONS[name]
    rows = []
    for size, goal in goals.items():
        ours, theirs = (next(r for r in stored if (r["size"], r["contestant"]) == (size, c)) for c in ("ours", peer))
        label = f"{name.replace('_', ' ')}, {size}: {speed.replace('_per_', ' a ')}, {peer}"
        made = machine.compare(label, float(ours[speed]), float(theirs[speed]), float(ours[ratio]), goal)
        rows.append({**made, "load": ours.get("load", "")})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)} (default: all)")
    names, started = parser.parse_args().names or BENCHMARKS, time.perf_counter()
    table = []
    for name in names:
        wrong = run(name)
        if wrong:
            table.append(dict.fromkeys(COLUMNS, "") | {"benchmark": name, "ours": wrong, "met": "NO"})
        else:
            table += rows_of(name)
    facts = machine.facts("torch", "botorch", "deepinv", "astra-toolbox", "deepwave", "snakemake", "zarr")
    del facts["load"]
    print(f"\n{time.perf_counter() - started:.0f} s in all")
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    print(machine.LINE.format(benchmark="", ours="ours", peer="peer", ratio="ratio", goal="goal", met="met"))
    for row in table:
        print(machine.LINE.format(**row))
    machine.write([{**row, **facts} for row in table], "summary")


if __name__ == "__main__":
    main()
