"""The training loop of every network: Adam with warm-up and cosine decay on Lightning Fabric.

A network gives its terms by `loss_terms(x, y)` and their weights by `weights`. After each epoch, and on SIGTERM
after the batch under way, all that the loop needs goes to a checkpoint, so that a job that is killed and run
again ends, bit for bit on the CPU, with the weights of an uninterrupted one. Several processes share every batch
(see `processes`); the first of them alone writes, and returns.
"""

from __future__ import annotations

import csv
import logging
import math
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from pairlsi.jobs import job, memory, outputs
from pairlsi.training.checkpoints import Progress, copy_state, resume, save
from pairlsi.training.processes import Processes, start, synchronised

if TYPE_CHECKING:  # make gpu takes the steps of training to machines without Zarr
    from pairlsi.data.batches import Batches

log = logging.getLogger(__name__)
LOOK = 16  # batches between looks at their losses: each look waits for the device
DIVERGED = 1000  # times the loss of estimating the mean everywhere: a loss above that is not on its way down
ADAM_BETAS = (0.9, 0.99)  # few epochs on few samples: a shorter memory of squared gradients than the usual 0.999


class TrainingError(RuntimeError):
    """Training cannot go on; the message says where it stood and what to try."""


class Interrupted(SystemExit):
    """The job was asked to end and has left its checkpoint; the status is that of a process ended by SIGTERM."""

    def __init__(self):
        log.info("asked to end: the checkpoint is kept, run again to go on")
        super().__init__(128 + signal.SIGTERM)


def train(network, train_data: Batches, validation_data: Batches, settings, checkpoint: Path, identity: str, threads=1):
    """Train `network` in place and return (best weights as a state dict, history as a list of rows).

    settings: `settings.Training`. `checkpoint`: file to resume from and to write; one made with another `identity`
    (settings and sources) is left aside. The best weights are those of the epoch with the least validation loss.
    Raises TrainingError for a loss that is not finite or beyond all bounds, OutOfMemory, and Interrupted (exit status
    143) after SIGTERM in any process.
    """
    from tqdm import tqdm

    processes = start(settings)
    fabric = processes.fabric
    advice = f"set training.batch_size to less than {settings.batch_size}, or less data there: training.buffer_samples"
    torch.set_num_threads(max(1, threads // (settings.devices if settings.nodes == 1 else 1)))  # Fabric sets its own
    torch.set_flush_denormal(True)
    train_data.share(processes.rank, processes.count)
    with memory.explained(advice):
        for data in (train_data, validation_data):
            data.to(fabric.device)
    network = synchronised(network.to(memory_format=torch.channels_last), processes)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, betas=ADAM_BETAS, fused=True)
    steps = settings.epochs * len(train_data)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, steps, settings.warmup))
    model, optimizer = fabric.setup(network, optimizer)
    model.mark_forward_method("loss_terms")
    state = {"network": network, "optimizer": optimizer, "schedule": schedule}
    progress, history, best, losses = Progress(), [], copy_state(network), []
    if checkpoint.is_file():
        progress, history, best = resume(state, checkpoint, identity, (progress, history, best), processes)

    def failed(what: str, value: float, batch: int) -> TrainingError:
        rate = settings.learning_rate * rate_at(progress.epoch * len(train_data) + batch, steps, settings.warmup)
        return diverged(what, value, progress.epoch, batch, rate, checkpoint)

    done = progress.epoch * len(train_data) + progress.batch
    with StopFlag() as stop, tqdm(total=steps, initial=done, **bar_options()) as bar, memory.explained(advice):
        while progress.epoch < settings.epochs:
            started = time.perf_counter()
            for loss, terms in steps_of_epoch(processes, model, optimizer, schedule, train_data, progress):
                progress.count(loss, terms)
                losses.append(loss)
                bar.update()
                stops = progress.batch < len(train_data) and processes.any(stop.asked)
                if stops or progress.batch == len(train_data) or progress.batch % LOOK == 0:
                    what, ago = not_finite(losses, network if stops else None)
                    if what:
                        raise failed(what, math.nan, progress.batch - ago)
                    losses.clear()
                if stops:
                    progress.seconds += time.perf_counter() - started
                    save(state, progress, history, best, checkpoint, identity, processes)
                    processes.finish()
                    raise Interrupted
            validation = evaluate(model, validation_data, processes)
            if not validation["loss"] <= DIVERGED * sum(model.weights.values()):  # written so that NaN stops it too
                raise failed("validation loss", validation["loss"], progress.batch)
            progress.seconds += time.perf_counter() - started
            history.append(progress.row(len(train_data), schedule.get_last_lr()[0], validation))
            log.info(describe(history[-1], settings.epochs))
            bar.set_postfix_str(f"validation loss {validation['loss']:.4f}")
            if validation["loss"] < progress.best:
                progress.best, best = validation["loss"], copy_state(network)
            progress.epoch, progress.batch, progress.sums = progress.epoch + 1, 0, {}
            save(state, progress, history, best, checkpoint, identity, processes)
            if progress.epoch < settings.epochs and processes.any(stop.asked):
                processes.finish()
                raise Interrupted
    processes.finish()
    train_data.share(0, 1)
    return best, history


def steps_of_epoch(processes: Processes, model, optimizer, schedule, data: Batches, progress: Progress):
    """Take the steps of an epoch that are still to be taken; yield the loss and its terms of each global batch.

    Nothing here waits for the device, so the next steps are under way while it computes.
    """
    model.train()
    for x, y in data.epoch(progress.epoch, progress.batch):
        with processes.autocast():
            terms = {name: term.mean() for name, term in model.loss_terms(x, y).items()}
        loss = sum(model.weights[name] * term for name, term in terms.items())
        told = processes.sum(torch.stack([loss, *terms.values()]).detach()) / processes.count
        optimizer.zero_grad()
        processes.backward(loss)
        optimizer.step()
        schedule.step()
        yield told[0], dict(zip(terms, told[1:], strict=True))


def not_finite(losses: list[torch.Tensor], network=None) -> tuple[str, int]:
    """What is not finite, and how many batches ago it came up; ("", 0) where all is well. Waits for the device.

    losses: of the last batches. A gradient shows in the loss of the next batch; where there is none before a
    checkpoint, it is looked for in the weights of `network`.
    """
    finite = torch.isfinite(torch.stack(losses)).tolist()
    if not all(finite):
        return "loss", len(finite) - finite.index(False)
    weights = [] if network is None else [weight.isfinite().all() for weight in network.parameters()]
    if weights and not torch.stack(weights).all():
        return "gradient", 1
    return "", 0


def diverged(what: str, value: float, epoch: int, batch: int, rate: float, checkpoint: Path) -> TrainingError:
    """The error for what is not finite or huge: where, what to try, and what is left of the epochs before."""
    found = f"{value:.1e}, as in a training that diverges," if math.isfinite(value) else "not finite"
    kept = f". The weights after epoch {epoch} are kept in {checkpoint}" if epoch else ""
    return TrainingError(
        f"the {what} is {found} in epoch {epoch + 1} after {batch} batches, at learning rate "
        f"{rate:.2g}: try a smaller training.learning_rate or a longer training.warmup{kept}"
    )


def rate_at(step: int, steps: int, warmup: float) -> float:
    """Fraction of the learning rate at `step`: linear over the first `warmup` part, then a cosine to zero."""
    rise = max(1, round(steps * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


ALONE = Processes()


@torch.no_grad()
def evaluate(model, data: Batches, processes: Processes = ALONE) -> dict[str, float]:
    """Mean terms of the loss over a validation split, and their weighted sum ("loss").

    Processes take whole batches in turn: the split is fixed, and so is what is done to each sample of a batch.
    """
    model.eval()
    batched = memory.Batched(data.batch_size)
    sums = torch.zeros(len(model.weights), dtype=torch.float64, device=data.device)  # of each term
    counts = torch.zeros(len(model.weights), dtype=torch.float64)  # of its samples; on the host, where they are known
    for index, (x, y) in enumerate(data.epoch(0)):
        if index % processes.count == processes.rank:
            for terms in batched(lambda rows, x=x, y=y: model.loss_terms(x[rows], y[rows]), len(x)):
                for i, name in enumerate(model.weights):
                    sums[i] += terms[name].double().sum()
                    counts[i] += len(terms[name])
    sums, counts = processes.sum(torch.stack([sums, counts.to(data.device)]))
    terms = dict(zip(model.weights, (sums / counts).tolist(), strict=True))
    return {"loss": sum(model.weights[name] * value for name, value in terms.items()), **terms}


class StopFlag:
    """Context in which `asked` turns true on SIGTERM, which Slurm sends before it takes a job away."""

    def __enter__(self):
        self.asked = False
        self.previous = signal.signal(signal.SIGTERM, self._ask)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGTERM, self.previous)

    def _ask(self, *_):
        self.asked = True


def bar_options() -> dict:
    """A bar on a terminal, none where output goes to a file: there the epochs' lines tell the progress."""
    return {"unit": "batch", "file": job.terminal, "disable": None, "leave": False, "mininterval": 0.5}


def describe(row: dict, epochs: int) -> str:
    return (
        f"epoch {row['epoch']}/{epochs}: train loss {row['train_loss']:.4f}, "
        f"validation loss {row['validation_loss']:.4f}, {row['seconds']:.0f} s"
    )


def write_history(history: list[dict], path: Path) -> None:
    """Write history.csv, one row an epoch: learning rate, mean terms of the loss on both splits, seconds so far."""
    with outputs.written(path) as beside, open(beside, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, history[0].keys())
        writer.writeheader()
        writer.writerows(history)
