"""A copy of the repository in a folder of its own, small enough to run in seconds, for tests from outside."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "config.yaml", "Makefile", "workflow", "envs", "profiles", "slurm")
TINY = "workflow/presets/tiny.yaml"
EXPERIMENTS = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["experiments"]


def only(room: str, *names: str, experiment: str = "ct") -> dict:
    """What a config file on top says so that of the instances in config.yaml these alone are left."""
    return {name: None for name in EXPERIMENTS[experiment][room] if name not in names}


RESIDUAL = {"kind": "residual", "latent": 16, "width": 8, "stem": 2, "strides": [2, 2, 1], "norm": "none"}
SMALL = {
    "experiments": {
        "ct": {
            "data": {"samples": {"train": 40, "validation": 8, "test": 6, "ood": 6}, "shard_size": 20},
            # from random weights: every step of training is one that may go wrong
            "architecture": {"x": RESIDUAL, "y": RESIDUAL | {"strides": [2, 1, 2, 1, 1, 1]}},
            "networks": only("networks", "pair", "encdec-random"),
            # two batches an epoch, and eight samples left out of each, others in the next one
            "training": {"epochs": 2, "batch_size": 16},
            "methods": only("methods", "pair", "encdec-random"),
            "observations": {"random": {"percents": [25, 50], "draws": 1}, "block": None},
        }
    }
}


class Clone:
    """A copy of the repository's files in a folder of its own, with the preset tiny.

    small: with the experiment ct alone, made smaller still by small.yaml; else all experiments as users have them.
    """

    def __init__(self, folder: Path, small: bool = True):
        folder.mkdir()
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        if small:
            self._reduce(folder)
        (folder / "small.yaml").write_text(yaml.safe_dump(SMALL if small else {}), encoding="utf-8")
        self._lies_in(folder, dict(os.environ))

    @staticmethod
    def _reduce(folder: Path) -> None:
        for file in ("config.yaml", TINY):
            said = yaml.safe_load((folder / file).read_text(encoding="utf-8"))
            said["experiments"] = {"ct": said["experiments"]["ct"]}  # a config file on top could not take others away
            (folder / file).write_text(yaml.safe_dump(said), encoding="utf-8")

    def _lies_in(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.results, self.environment = folder, folder / "results" / "tiny" / "ct", environment

    @classmethod
    def at(cls, folder: Path) -> "Clone":
        """The clone that lies in a folder already."""
        clone = object.__new__(cls)
        clone._lies_in(folder, dict(os.environ))
        return clone

    def copy(self, folder: Path) -> "Clone":
        """A copy of this clone, with its results and what Snakemake remembers of them."""
        shutil.copytree(self.folder, folder, symlinks=True)
        copy = self.at(folder)
        copy.environment = self.environment
        return copy

    def command(self, *words: str, cores: int | None = 2) -> list[str]:
        limit = ["--cores", str(cores)] if cores else []
        call = [sys.executable, "-m", "snakemake", *limit, *words]
        return [*call, "--configfile", TINY, "small.yaml"]

    def snakemake(
        self, *words: str, cores: int | None = 2, check: bool = True, timeout: int = 600
    ) -> subprocess.CompletedProcess:
        call = self.command(*words, cores=cores)
        said = {"capture_output": True, "text": True, "timeout": timeout}
        done = subprocess.run(call, cwd=self.folder, env=self.environment, **said)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def planned(self, *words: str) -> dict[str, int]:
        """How many jobs of each rule a dry run plans."""
        output = self.snakemake(*words, "-n", "--quiet", "rules").stdout
        table = re.findall(r"^(\w+) +(\d+)$", output, re.M)
        return {rule: int(count) for rule, count in table if rule not in ("all", "data", "default", "total")}

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def settings(self, **changes) -> None:
        """Deep-merge changes of the experiment ct into small.yaml."""
        said = yaml.safe_load((self.folder / "small.yaml").read_text(encoding="utf-8"))
        merge(said["experiments"]["ct"], changes)
        (self.folder / "small.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")


def merge(into: dict, changes: dict) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
