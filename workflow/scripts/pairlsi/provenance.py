"""Where a result comes from: settings, versions, commit and device, stored beside it and read again."""

import hashlib
import importlib.metadata
import json
import platform
import subprocess
import sys
from pathlib import Path

PACKAGES = ("numpy", "torch", "lightning-fabric", "zarr", "dask", "astra-toolbox", "deepwave", "scipy", "scikit-image")
PACKAGES += ("snakemake",)


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


def fingerprint(file: Path) -> str:
    """Digest of a file's content, 16 hexadecimal digits."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:16]


def recorded(path: Path) -> dict:
    """What a result says of itself: the attributes of a Zarr folder, or the content of a JSON or YAML file.

    Raises OSError where there is none, ValueError where it is damaged.
    """
    import yaml

    path = Path(path)
    if path.suffix == ".zarr":
        return json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]
    try:
        return (yaml.safe_load if path.suffix == ".yaml" else json.loads)(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def identity(told: dict) -> dict:
    """The part of an estimate's record that tells it from others of its place, for what starts from it."""
    return {key: told.get(key) for key in ("settings", "source", "weights")}


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
