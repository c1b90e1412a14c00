"""The examples with the paper's architectures, as the benchmarks use them: data, and for CT a network trained a little.

What takes time is kept in benchmarks/cache and made again when the settings or the samples asked for change.
"""

import hashlib
import json
import tempfile
from pathlib import Path

import machine  # first: it holds libraries to one thread

# isort: split
import torch
import yaml

from pairlsi import observations, problems
from pairlsi.config import Experiment
from pairlsi.core import variants
from pairlsi.data import simulation, store
from pairlsi.data.batches import Batches
from pairlsi.data.statistics import Statistics
from pairlsi.networks import stored
from pairlsi.training import loop as training
from pairlsi.training.settings import Training

CACHE = machine.ROOT / "benchmarks" / "cache"
TRAIN, VALIDATION, TEST, SHARD = 2048, 16, 1000, 128  # samples of each split and of a shard
EPOCHS = 3  # 128 steps each: the decoder is to be a trained one, not a good one


def experiment(name: str = "ct") -> dict:
    """An example at laptop scale with the paper's architecture, checked and complete."""
    said = {}
    for path in ("config.yaml", "workflow/presets/variants.yaml"):
        said |= yaml.safe_load((machine.ROOT / path).read_text(encoding="utf-8"))["experiments"]
    return Experiment(variants.complete(said, f"{name}_paper"), f"experiments.{name}_paper").said


def place(*said) -> Path:
    """A place in the cache for what is made from `said`."""
    return CACHE / hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def data(split: str, name: str = "ct") -> Path:
    """The dataset of a split, "train", "validation" or "test", simulated where it is not there yet."""
    said = experiment(name)
    samples = {"train": TRAIN, "validation": VALIDATION, "test": TEST}[split]
    folder = place("data", said["problem"], samples, SHARD, store.CHUNK)
    path = folder / f"{split}.zarr"
    if not (folder / f"{split}.ready").exists():
        problem, seed = problems.create(said["problem"]), said["data"]["seed"]
        store.create(path, samples, {"x": problem.x_shape, "y": problem.y_shape}, SHARD, {})
        for shard in range(store.shards(samples, SHARD)):
            simulation.simulate_shard(problem, path, split, shard, seed, {split: samples})
        (folder / f"{split}.ready").touch()
    return path


def untrained(name: str = "ct") -> torch.nn.Module:
    """A paired autoencoder of the experiment, scaled by the training split, with the same weights every time."""
    said, path = experiment(name), data("train", name)
    statistics = Statistics(*store.statistics(path))
    torch.manual_seed(0)
    told = Experiment(said).network_told("pair")
    network = stored.create(told, problems.create(said["problem"]))
    stored.fit_scaling(network, statistics, told["scaling"])
    return network


def settings(name: str = "ct", **changes) -> Training:
    """The experiment's settings of training, on the CPU, with some of them changed."""
    return Training(**experiment(name)["training"] | {"device": "cpu"} | changes)


def trained() -> torch.nn.Module:
    """The paired autoencoder after a few hundred steps, as `stored.load` gives it to inference."""
    said = experiment()
    path = place("network", said["problem"], said["networks"], said["training"], TRAIN, EPOCHS) / "weights.safetensors"
    if not path.exists():
        chosen = settings(epochs=EPOCHS)
        train, validation = (Batches(data(split), chosen.batch_size, TRAIN + TEST, 0) for split in ("train", "test"))
        network = untrained()
        with tempfile.TemporaryDirectory() as folder:
            best, _ = training.train(network, train, validation, chosen, Path(folder) / "checkpoint.pt", "")
        network.load_state_dict(best)
        path.parent.mkdir(parents=True, exist_ok=True)
        stored.save(network, path)
    return stored.load(untrained(), path)


def masked(rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Zero-filled data (rows, C, H, W) of the test split behind a random mask of 25 %, and the mask (C, H, W)."""
    said = Experiment(experiment())
    mask = observations.made(said.described("random-25"), said.problem, 0).mask
    y = torch.from_numpy(store.read(data("test"), "y", slice(rows)))
    return mask(y), torch.from_numpy(mask.weights())
