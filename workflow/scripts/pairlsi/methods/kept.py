"""What the batches of a long job found, kept until the job has ended: one that is killed goes on from there."""

import hashlib
import json
import logging
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch

from pairlsi.jobs import outputs
from pairlsi.methods.estimates import Estimates

log = logging.getLogger(__name__)


class Kept:
    """The batches in `folder`, numbered in the order in which a job works on them, which is always the same.

    said: what the job is made from and with, as plain data; what was kept of another is thrown away.
    """

    def __init__(self, folder: Path, said: dict):
        self.folder, self.number = Path(folder), 0
        identity, file = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest(), self.folder / "identity"
        if not file.is_file() or file.read_text(encoding="utf-8") != identity:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            file.write_text(identity, encoding="utf-8")
        elif count := len(list(self.folder.glob("*.pt"))):
            log.info("going on after %d batches of an earlier try", count)

    def next(self) -> tuple | None:
        """(stop, seconds, found) of the next batch: where its samples end, what it took and what it found; None where
        it was not worked on yet.
        """
        path = self.folder / f"{self.number}.pt"
        if not path.is_file():
            return None
        try:
            stop, seconds, found = torch.load(path, weights_only=True)
        except Exception:  # torch raises many types for a file that was cut off
            log.warning("%s is damaged: its batch is worked on again", path)
            return None
        self.number += 1
        return stop, seconds, restored(found)

    def add(self, stop: int, seconds: float, found) -> None:
        """Keep what a batch found: `Estimates`, or lists of arrays. Raises DiskFull."""
        outputs.save((stop, seconds, plain(found)), self.folder / f"{self.number}.pt")
        self.number += 1


def plain(found):
    """The same of tensors, lists and dicts alone, which can be read without running what a file says."""
    if isinstance(found, Estimates):
        return {field.name: plain(getattr(found, field.name)) for field in fields(found)}
    if isinstance(found, list | tuple):
        return [plain(one) for one in found]
    return torch.from_numpy(np.array(found)) if isinstance(found, np.ndarray) else found


def restored(found):
    """What `plain` was given, with lists for tuples."""
    if isinstance(found, dict):
        return Estimates(**{name: restored(one) for name, one in found.items()})
    if isinstance(found, list):
        return [restored(one) for one in found]
    return found.numpy() if isinstance(found, torch.Tensor) else found
