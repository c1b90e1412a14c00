"""One method on one mask: estimates and metrics of the evaluated splits."""

import csv
import json
from pathlib import Path

import numpy as np
import torch
import zarr

from pairlsi import memory, networks, operators, store
from pairlsi.evaluation import metrics, surrogate
from pairlsi.inference.methods import Estimates, Method
from pairlsi.settings import EVALUATED


def run(told: dict, problem, data: Path, weights: str | None, starts: str | None, estimates: Path) -> list[dict]:
    """Infer, store the estimates at `estimates` and return the tidy metrics, a row a split and sample.

    told: what the job is and where its result comes from, stored with the estimates; read here are "experiment",
    "method", "mask", "seed" and "settings", the config's part for the method. data: the experiment's data folder;
    weights: the network's file or None; starts: the folder with the estimates of another method that this one starts
    from, or None.
    """
    method, mask, said = told["method"], told["mask"], told["settings"]
    kind, percent, draw = operators.parse_name(mask)
    observed = operators.create(mask, problem.missing_count, problem.missing_axis, said["mask_seed"])
    network = load_network(weights, problem, said["device"]) if weights else None
    scalars, means = networks.read_statistics(data)
    begun_by = zarr.open_group(starts, mode="r") if starts else None
    estimator = Method(method, network, problem, observed, said, (scalars, means), begun_by)
    choice = estimator.choose(data / "validation.zarr")
    data_range = scalars["x"]["max"] - scalars["x"]["min"]

    group = zarr.create_group(estimates, overwrite=True, attributes={**told, "chosen_on_validation": choice})
    named = {"experiment": told["experiment"], "method": method, "mask_kind": kind, "percent": percent}
    named |= {"draw": draw, "seed": told["seed"]}
    rows = []
    for split in said["splits"]:
        x, y = (store.read(data / f"{split}.zarr", name)[estimator.samples(split)] for name in store.ARRAYS)
        found = estimator(y, split)
        write(group.create_group(split), found)
        if split not in EVALUATED:
            continue
        columns = measure(found, x, y, network, data_range, means["x"])
        for values in zip(*columns.values(), strict=True):
            rows.append({**named, "split": split, **dict(zip(columns, values, strict=True))})
    return rows


def write_metrics(rows: list[dict], path: Path) -> None:
    """Write the tidy metrics; NaN is an empty field. By hand, since pandas takes longer to import than this to run."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: "" if value != value else value for name, value in row.items()} for row in rows)


def load_network(weights: str, problem, device: str):
    """The network that lies at `weights` with its settings beside it; device "auto" is a GPU where there is one."""
    path = Path(weights)
    spec = json.loads(path.with_name("settings.json").read_text(encoding="utf-8"))["network"]
    name = path.parent.parent.name
    network = networks.load(networks.create(name, spec, problem), path)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return network.to(device, memory_format=torch.channels_last)


def write(group: zarr.Group, found: Estimates) -> None:
    """Store x and, where there are any, the completed data and what each member of an ensemble gave, all float32."""
    arrays = {"x": found.x, "y": found.y, "x_members": found.members, "y_members": found.data_members}
    for name, values in arrays.items():
        if values is not None:
            values = np.ascontiguousarray(values)
            group.create_array(name, data=values, chunks=values.shape, compressors=zarr.codecs.Crc32cCodec())


def measure(
    found: Estimates, x: np.ndarray, y: np.ndarray, network, data_range: float, mean: np.ndarray
) -> dict[str, list]:
    """Metrics of one split, columns of a value a sample; NaN where a metric does not apply to the method.

    data_rre compares the completed data with the full noisy ones. mean: the pixel-wise mean model, which says when a
    member of an ensemble counts as a success.
    """
    columns = {
        "sample": np.arange(len(x)),
        "rre": metrics.relative_error(found.x, x),
        "ssim": metrics.similarity(found.x, x, data_range),
        "psnr": metrics.peak_signal_to_noise(found.x, x, data_range),
        "data_rre": np.nan if found.y is None else metrics.relative_error(found.y, y),
    }
    quality = dict.fromkeys(surrogate.NAMES, np.nan)
    if found.surrogate_data is not None:
        device = next(network.parameters()).device

        def surrogates(part: slice) -> dict[str, np.ndarray]:
            b, estimate = (torch.from_numpy(values[part]).to(device) for values in (found.surrogate_data, found.x))
            return {name: v.cpu().numpy() for name, v in surrogate.surrogate_metrics(network, b, estimate).items()}

        parts = list(memory.Batched(len(x))(surrogates, len(x)))
        quality = {name: np.concatenate([part[name] for part in parts]) for name in surrogate.NAMES}
    ensemble = metrics.ensemble(found.members, x, mean)
    columns |= {**quality, **ensemble, "iterations": found.iterations, "seconds": found.seconds}
    return {name: np.broadcast_to(values, len(x)).tolist() for name, values in columns.items()}
