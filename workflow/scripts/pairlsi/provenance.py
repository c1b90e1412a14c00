"""Where a result comes from: versions, commit and device, stored beside it."""

import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path

PACKAGES = ("numpy", "torch", "zarr", "dask", "astra-toolbox", "deepwave", "scipy", "scikit-image", "snakemake")


def describe() -> dict:
    """Versions of Python and of the packages that numbers depend on, the commit, and the device."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    torch = sys.modules.get("torch")
    on_gpu = torch is not None and torch.cuda.is_available()
    device = torch.cuda.get_device_name() if on_gpu else platform.machine()
    return {"commit": commit(), "device": device, "versions": versions}


def commit() -> str:
    """The commit of the repository, with a + where files differ from it; "unknown" outside a repository."""
    root = Path(__file__).resolve().parents[3]
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip()[:12] + ("+" if changed.stdout.strip() else "")
