"""Networks, or parts of them, that are solved for in closed form from the training split."""

import time

import numpy as np
import torch

from pairlsi.data.batches import Batches
from pairlsi.training.checkpoints import Progress
from pairlsi.training.loop import TrainingError, evaluate

FAR = 1e6  # standard deviations from the mean: no data, and one such sample would be all that second moments see


def solve(part, network, train_data: Batches, symmetries=None, start=None) -> None:
    """Set what a network has in closed form, from a training split that fits in memory.

    part: its kind, a `networks.Network`; symmetries: of the problem, or None; start: the network that it begins as
    (`Network.begins_as`), or None. Raises TrainingError for a sample that
    is no data.
    """
    samples = train_data.all()
    for space, u in zip("xy", samples, strict=True):
        scaling = getattr(network, f"{space}_scaling", None)
        if scaling is None:
            continue
        shift, scale = scaling.shift.cpu().numpy(), float(scaling.scale)
        off = np.array([np.abs(one - shift).max() for one in u]) / scale
        if not (off < FAR).all():
            sample = int(np.argmin(off < FAR))
            raise TrainingError(
                f"{space} of sample {sample} of the training split is {off[sample]:.1e} standard deviations from the "
                "mean: make its shard again, or look at the problem's settings in the config"
            )
    part.solve(network, *samples, symmetries, **({"start": start} if start else {}))


def solved(part, network, train_data: Batches, validation_data: Batches, symmetries=None) -> list[dict]:
    """The history, one row, of a network that is solved for and not trained."""
    started = time.perf_counter()
    solve(part, network, train_data, symmetries)
    progress = Progress(seconds=time.perf_counter() - started)
    train, validation = (evaluate(network, data) for data in (train_data, validation_data))
    progress.sums = {name: torch.tensor(value) for name, value in train.items()}
    return [progress.row(1, 0.0, validation)]
