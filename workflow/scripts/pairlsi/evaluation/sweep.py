"""One method on one mask: estimates and metrics of the evaluated splits."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import zarr

from pairlsi import memory, networks, operators, provenance, store
from pairlsi.evaluation import metrics, surrogate
from pairlsi.inference.methods import Estimates, Method
from pairlsi.settings import EVALUATED


def run(method: str, mask: str, problem, said: dict, data: Path, weights, starts, estimates: Path) -> pd.DataFrame:
    """Infer, store the estimates at `estimates` and return the tidy metrics, a row a split and sample.

    said: the config's part for the method; data: the experiment's data folder; weights: the network's file or None;
    starts: the folder with the estimates of another method that this one starts from, or None.
    """
    kind, percent, draw = operators.parse_name(mask)
    observed = operators.create(mask, problem.missing_count, problem.missing_axis, said["mask_seed"])
    network = load_network(weights, problem, said["device"]) if weights else None
    scalars, means = networks.read_statistics(data)
    begun_by = zarr.open_group(starts, mode="r") if starts else None
    estimator = Method(method, network, problem, observed, said, (scalars, means), begun_by)
    choice = estimator.choose(data / "validation.zarr")
    data_range = scalars["x"]["max"] - scalars["x"]["min"]

    group = zarr.create_group(
        estimates,
        overwrite=True,
        attributes={
            "method": method,
            "mask": mask,
            "settings": said,
            "chosen_on_validation": choice,
            "provenance": provenance.describe(),
        },
    )
    tables = []
    for split in said["splits"]:
        x, y = (store.read(data / f"{split}.zarr", name)[estimator.samples(split)] for name in store.ARRAYS)
        found = estimator(y, split)
        write(group.create_group(split), found)
        if split not in EVALUATED:
            continue
        table = measure(found, x, y, network, data_range, means["x"])
        table.insert(0, "split", split)
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    for place, (name, value) in enumerate(
        {"method": method, "mask_kind": kind, "percent": percent, "draw": draw}.items()
    ):
        table.insert(place, name, value)
    return table


def load_network(weights: str, problem, device: str):
    """The network that lies at `weights` with its settings beside it; device "auto" is a GPU where there is one."""
    path = Path(weights)
    spec = json.loads(path.with_name("settings.json").read_text())["network"]
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
) -> pd.DataFrame:
    """Metrics of one split, a row a sample; NaN where a metric does not apply to the method.

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
    return pd.DataFrame({**columns, **quality, **ensemble, "iterations": found.iterations, "seconds": found.seconds})
