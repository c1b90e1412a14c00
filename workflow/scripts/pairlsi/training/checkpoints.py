"""Checkpoints of a training: all that its loop needs to go on as if it had never been interrupted."""

import logging
import math
from dataclasses import dataclass, field
from pathlib import Path

import torch

from pairlsi.jobs import outputs
from pairlsi.training.processes import Processes, random_states, set_random_states

log = logging.getLogger(__name__)


@dataclass
class Progress:
    """Where training stands, all of it stored in the checkpoint."""

    epoch: int = 0
    batch: int = 0
    sums: dict[str, torch.Tensor] = field(default_factory=dict)  # of each term over the epoch's batches so far
    best: float = math.inf
    seconds: float = 0.0

    def count(self, loss: torch.Tensor, terms: dict[str, torch.Tensor]) -> None:
        """Add a batch, without a copy to the host."""
        self.batch += 1
        for name, term in {"loss": loss, **terms}.items():
            self.sums[name] = self.sums.get(name, 0) + term.detach().double()

    def row(self, batches: int, learning_rate: float, validation: dict[str, float]) -> dict:
        """The row of history.csv for the epoch that has ended."""
        row = {"epoch": self.epoch + 1, "learning_rate": learning_rate}
        row |= {f"train_{name}": value.item() / batches for name, value in self.sums.items()}
        row |= {f"validation_{name}": value for name, value in validation.items()}
        return row | {"seconds": self.seconds}


def copy_state(network) -> dict[str, torch.Tensor]:
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


def save(
    state: dict, progress: Progress, history: list, best: dict, checkpoint: Path, identity: str, processes: Processes
) -> None:
    """Write the checkpoint; a kill or a full disk leaves the last one whole."""
    states = random_states(processes)  # of the latents that a VPAE samples
    if processes.rank > 0:
        return
    parts = {name: part.state_dict() for name, part in state.items()}
    extra = {"progress": vars(progress), "history": history, "best": best, "identity": identity}
    outputs.save({**parts, **extra, "random": states}, checkpoint)


def resume(state: dict, checkpoint: Path, identity: str, fresh: tuple, processes: Processes) -> tuple:
    """Load the checkpoint into `state`; return (progress, history, best), or `fresh` where it does not belong."""
    try:
        # to the host: what one device wrote is read by every process, each with a device of its own or none
        stored = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):  # nothing is wrong with the file
        raise
    except Exception as error:  # torch raises many types for a damaged file
        log.warning("the checkpoint %s cannot be read (%s): training starts anew", checkpoint, error)
        return fresh
    if not isinstance(stored, dict) or stored.get("identity") != identity:
        log.warning("the checkpoint %s comes from other settings: training starts anew", checkpoint)
        return fresh
    for name, part in state.items():
        part.load_state_dict(stored[name])
    set_random_states(processes, stored["random"])
    progress = Progress(**stored["progress"])
    progress.sums = {name: value.to(processes.fabric.device) for name, value in progress.sums.items()}
    log.info("resumed from %s: epoch %d, batch %d", checkpoint, progress.epoch + 1, progress.batch)
    return progress, stored["history"], stored["best"]
