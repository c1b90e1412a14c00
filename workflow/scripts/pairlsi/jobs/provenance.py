"""Where a result comes from: settings, versions, commit and device, stored beside it and read again."""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

PACKAGES = ("numpy", "torch", "lightning-fabric", "zarr", "dask", "astra-toolbox", "deepwave", "scipy", "scikit-image")
PACKAGES += ("tifffile", "snakemake")
THREADS = {"computing": "OMP_NUM_THREADS", "blocks": "DASK_NUM_WORKERS"}  # as `job.start` sets them


def describe() -> dict:
    """Versions of Python and of the packages that numbers depend on, the commit, the device and the threads."""
    torch = sys.modules.get("torch")
    on_gpu = torch is not None and torch.cuda.is_available()
    device = torch.cuda.get_device_name() if on_gpu else platform.machine()
    counts = {name: os.environ[variable] for name, variable in THREADS.items() if variable in os.environ}
    return {"commit": commit(), "device": device, "threads": counts, "versions": dict(versions())}


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on, as far as they are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


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


def identity(path: Path) -> str | None:
    """What tells a result from others of its place: a digest of what it says that it was made from, of a file that says
    nothing of the kind its content. None where there is nothing.
    """
    path = Path(path)
    if not path.exists():
        return None
    if path.suffix == ".zarr":
        said = {key: recorded(path).get(key) for key in ("params", "made_from")}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
    return fingerprint(path)


def record(snakemake, results: Path, *made_from: Path | str) -> dict:
    """The record of a job, to be stored with its result: rule, wildcards, params, what it was made from and with.

    results: the experiment's folder, which the paths of `made_from` are told relative to; their `identity` is kept.
    """
    told = {"rule": snakemake.rule, "wildcards": dict(snakemake.wildcards.items())}
    told["params"] = json.loads(json.dumps(dict(snakemake.params.items())))
    told["made_from"] = {os.path.relpath(path, results): identity(path) for path in made_from if path}
    return told | {"provenance": describe()}


def commit() -> str:
    """The commit of the project's own repository, with a + where files differ from it; "unknown" where it has none.

    A copy without one, from a zip file perhaps, may lie within another repository, whose commit says nothing of it.
    """
    root = Path(__file__).resolve().parents[4]
    try:
        top = _git("rev-parse", "--show-toplevel", folder=root)
        if not root.samefile(top):
            return "unknown"
        head = _git("rev-parse", "HEAD", folder=root)
        changed = _git("status", "--porcelain", "--untracked-files=no", folder=root)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head[:12] + ("+" if changed else "")


def _git(*words: str, folder: Path) -> str:
    """What git says, for the repository that `folder` lies in, whichever one its environment variables name."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *words], cwd=folder, env=plain, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.strip()
