"""Training: samples a second of our loop against a bare PyTorch loop and deepinv's Trainer; one thread, CPU.

Run: python benchmarks/training.py [--repeats 3]. Writes benchmarks/results/training.csv. All train the paired
autoencoders of ct_paper and crosswell_paper (preset variants) for one epoch with their batch sizes, from the same
weights, with the same fused Adam and channels last. "ours" is all of `training.train`, with schedule, checkpoint and a
validation of one batch; "streamed" the same with a buffer of two shards instead of the split in memory. Contestants
take turns in every repeat; the least time of each counts. It is time on the clock, as another thread reads the next
shards: the machine must be idle.
"""

import argparse
import tempfile
import time
from pathlib import Path

import machine  # first: it holds libraries to one thread

# isort: split
import laptop
import torch
from contestants import adam, bare_loop

# deepinv imports torchvision, whose wheel for CUDA registers no operators where torch is the one for CPUs, and then
# fails for want of these; the Trainer uses none of them
if "+cpu" in torch.__version__:
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import deepinv
from torch.utils.data import DataLoader, TensorDataset

from pairlsi.data import store
from pairlsi.data.batches import Batches
from pairlsi.training import loop as training

GOAL = 0.97  # of the bare loop, and of a split in memory


def our_loop(network, chosen, train: Batches, validation: Batches) -> None:
    with tempfile.TemporaryDirectory() as folder:
        training.train(network, train, validation, chosen, Path(folder) / "checkpoint.pt", "")


class Reconstructor(torch.nn.Module):
    """The network as deepinv wants it; what it returns is not used, the loss decodes by itself."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, y, physics, **_):
        return y


class PairLoss(deepinv.loss.Loss):
    """The loss (4) of a batch: its terms are of different samples, so there is none of each."""

    def forward(self, x, y, model, **_):
        network = model.network
        return sum(network.weights[name] * term.mean() for name, term in network.loss_terms(x, y).items())


def deepinv_trainer(network, chosen, x, y) -> None:
    model = Reconstructor(network.to(memory_format=torch.channels_last))
    loader = DataLoader(TensorDataset(x, y), chosen.batch_size, shuffle=True, drop_last=True)
    trainer = deepinv.Trainer(
        model=model, physics=deepinv.physics.Physics(), optimizer=adam(network, chosen), train_dataloader=loader,
        epochs=1, losses=[PairLoss()], metrics=[], compute_train_metrics=False, device="cpu", save_path=None,
        verbose=False, show_progress_bar=False, non_blocking_transfers=False,
    )  # fmt: skip
    trainer.train()


def rates(name: str, repeats: int) -> dict[str, float]:
    """Samples a second of each contestant on an experiment."""
    chosen = laptop.settings(name, epochs=1)
    x, y = (torch.from_numpy(store.read(laptop.data("train", name), array)) for array in store.ARRAYS)
    size, path = chosen.batch_size, laptop.data("train", name)
    memory, streamed = (Batches(path, size, buffer, 0) for buffer in (len(x), 2 * laptop.SHARD))
    validation = Batches(laptop.data("validation", name), size, len(x), 0, incomplete=True)
    contestants = {
        "ours": lambda network: our_loop(network, chosen, memory, validation),
        "bare": lambda network: bare_loop(network, chosen, x, y),
        "deepinv": lambda network: deepinv_trainer(network, chosen, x, y),
        "streamed": lambda network: our_loop(network, chosen, streamed, validation),
    }
    bare_loop(laptop.untrained(name), chosen, x[:64], y[:64])  # warm up
    seconds = {contestant: [] for contestant in contestants}
    for repeat in range(repeats):
        for contestant in sorted(contestants, reverse=repeat % 2 == 1):
            network = laptop.untrained(name)
            start = time.perf_counter()
            contestants[contestant](network)
            seconds[contestant].append(time.perf_counter() - start)
    return {contestant: len(x) / min(found) for contestant, found in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="of each measurement (default 3)")
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    facts = machine.facts("torch", "deepinv", "lightning-fabric", "zarr")
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    table = []
    for name in ("ct", "crosswell"):
        rate = rates(name, repeats)
        for what, ours, peer, goal in (
            ("bare PyTorch loop", "ours", "bare", f"at least {GOAL}"),
            ("deepinv's Trainer", "ours", "deepinv", ""),
            ("streamed from Zarr, in memory", "streamed", "ours", f"at least {GOAL}"),
        ):
            told = f"training, {name}: samples/s, {what}"
            table.append(machine.compare(told, rate[ours], rate[peer], rate[ours] / rate[peer], goal))
    machine.write([{**row, **facts} for row in table], "training")


if __name__ == "__main__":
    main()
