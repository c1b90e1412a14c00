"""What the benchmarks share. Import it first: it holds every library to one thread and finds the package."""

import csv
import datetime
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"  # read when numpy and torch are imported
ROOT = Path(__file__).resolve().parents[1]
LINE = "{benchmark:<62} {ours:>10} {peer:>10} {ratio:>8} {goal:>14} {met:>4}"
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from pairlsi.jobs import job  # noqa: E402 - after the environment is set

job.keep_freed_memory()  # as in the workflow's jobs; peers run in the same process and gain as much


def facts(*packages: str) -> dict:
    """What numbers depend on: the processor, cores, load, Python, the versions of `packages`, the date."""
    model = platform.processor() or "unknown"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "threads": 1,
        "load": round(os.getloadavg()[0], 1),  # over the last minute, of everything on the machine
        "python": platform.python_version(),
        "versions": " ".join(f"{package} {version(package)}" for package in packages),
        "date": datetime.date.today().isoformat(),
    }


def compare(benchmark: str, ours, peer, ratio: float, goal: str = "") -> dict:
    """A row of the table of ratios; goal: "at most 1.0", "at least 0.95" or nothing."""
    met = ""
    if goal:
        side, _, bound = goal.rpartition(" ")
        met = "yes" if (ratio <= float(bound) if side == "at most" else ratio >= float(bound)) else "NO"
    ours, peer = (f"{value:.4g}" if isinstance(value, float) else value for value in (ours, peer))
    row = {"benchmark": benchmark, "ours": ours, "peer": peer, "ratio": round(ratio, 3), "goal": goal, "met": met}
    print(LINE.format(**row), flush=True)
    return row


def write(rows: list[dict], name: str) -> None:
    """Store rows of the same keys as benchmarks/results/NAME.csv."""
    path = ROOT / "benchmarks" / "results" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(f"written: {path.relative_to(ROOT)}")
