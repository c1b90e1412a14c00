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
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


def facts(*packages: str) -> dict:
    """What numbers depend on: the processor, cores, Python, the versions of `packages`, the date."""
    model = platform.processor() or "unknown"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "threads": 1,
        "python": platform.python_version(),
        "versions": " ".join(f"{package} {version(package)}" for package in packages),
        "date": datetime.date.today().isoformat(),
    }


def write(rows: list[dict], name: str) -> None:
    """Store rows of the same keys as benchmarks/results/NAME.csv."""
    path = ROOT / "benchmarks" / "results" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(f"written: {path.relative_to(ROOT)}")
