"""One method on the masks of one kind and percentage: estimates and metrics of the evaluated splits."""

import csv
import json
from pathlib import Path

import numpy as np
import torch
import zarr

from pairlsi import memory, networks, operators, problems, store
from pairlsi.evaluation import metrics, surrogate
from pairlsi.inference import controls
from pairlsi.inference.estimates import Estimates
from pairlsi.inference.methods import Method, choose
from pairlsi.settings import EVALUATED


def run(told: dict, problem, data: Path, weights: str | None, starts: str | None, estimates: Path) -> list[dict]:
    """Infer, store the estimates at `estimates` and return the tidy metrics, a row a draw, split and sample.

    told: what the job is and where its result comes from, stored with the estimates; read here are "experiment",
    "method", "mask", "seed" and "settings", the config's part for the method. data: the experiment's data folder;
    weights: the network's file or None; starts: the folder with the estimates of another method that this one starts
    from, or None. Rows of a null control (`inference.controls`) name it in the column "control", empty in all others.
    """
    method, masks, said, seed = told["method"], told["mask"], told["settings"], told["seed"]
    device = device_called(said["device"])
    network = load_network(weights, problem, device) if weights else None
    scalars, means = networks.read_statistics(data)
    each = [
        operators.create(f"{masks}-{draw}", problem.missing_count, problem.missing_axis, said["mask_seed"])
        for draw in range(said["draws"])
    ]
    estimators = [
        Method(method, network, problem, mask, said, (scalars, means), begun, device, seed, draw)
        for draw, mask in enumerate(each)
        for begun in [started(starts, draw) if starts else None]
    ]
    choice = choose(estimators, data / "validation.zarr")

    group = zarr.create_group(estimates, overwrite=True, attributes={**told, "chosen_on_validation": choice})
    kind, percent = masks.split("-")
    named = {"experiment": told["experiment"], "method": method, "mask_kind": kind, "percent": int(percent)}
    data_range = scalars["x"]["max"] - scalars["x"]["min"]
    rows = []
    for split in said["splits"]:
        x, y = (store.read(data / f"{split}.zarr", name)[estimators[0].samples(split)] for name in store.ARRAYS)
        kept = []
        for draw, estimator in enumerate(estimators[: None if split in EVALUATED else said["kept"]]):
            found = estimator(y, split)
            if draw < said["kept"]:
                kept.append(found)
            if split not in EVALUATED:
                continue
            looked_at = {"": found}
            if method in controls.METHODS and draw < said["kept"]:
                latents = controls.latents(found, network, split, seed, draw)
                batched = memory.Batched(said["batch_size"])
                looked_at |= {n: controls.estimates(found, z, network, batched) for n, z in latents.items()}
            for control, of_control in looked_at.items():
                columns = measure(of_control, x, y, estimator.mask, network, data_range, means["x"])
                told_of = {**named, "draw": draw, "seed": seed, "split": split}
                for values in zip(*columns.values(), strict=True):
                    rows.append({**told_of, **dict(zip(columns, values, strict=True)), "control": control})
        write(group.create_group(split), kept, problem)
    store.consolidate(estimates)
    return rows


def started(starts: str, draw: int) -> dict:
    """What another method estimated on one draw of the masks, by the names that `Method` asks for."""
    group = zarr.open_group(starts, mode="r")
    found = {}
    for split, of_split in group.groups():
        found |= {f"{split}/{name}": of_split[name][draw] for name in ("x", "y") if name in of_split}
        found[f"{split}/seconds"] = of_split.attrs["seconds"][draw]
    return found


def write_metrics(rows: list[dict], path: Path) -> None:
    """Write the tidy metrics; NaN is an empty field. By hand, since pandas takes longer to import than this to run."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: "" if value != value else value for name, value in row.items()} for row in rows)


def device_called(name: str) -> str:
    """The device that the config calls `name`; "auto" is a GPU where there is one."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


def load_network(weights: str, problem, device: str):
    """The network that lies at `weights` with its settings beside it, on `device`."""
    path = Path(weights)
    spec = json.loads(path.with_name("settings.json").read_text(encoding="utf-8"))["network"]
    name = path.parent.parent.name
    network = networks.load(networks.create(name, spec, problem), path)
    return network.to(device, memory_format=torch.channels_last)


def write(group: zarr.Group, found: list[Estimates], problem) -> None:
    """Store the estimates of one split on the first draws, (draws, N, ...) float32: x and, where there are any, the
    completed data and what each member of an ensemble gave; as an attribute the wall time a sample of each draw.

    Axes and units have their names; y_members is of the first samples alone, which are an axis of their own.
    """
    axes = problems.axes(problem)
    named = {
        "x": ("x", ("draw", "sample", *axes["x"])),
        "y": ("y", ("draw", "sample", *axes["y"])),
        "members": ("x_members", ("draw", "sample", "member", *axes["x"])),
        "data_members": ("y_members", ("draw", "first_sample", "member", *axes["y"])),
    }
    for field, (name, names) in named.items():
        if getattr(found[0], field) is not None:
            values = np.stack([getattr(each, field) for each in found])
            group.create_array(
                name,
                data=values,
                chunks=(1, *values.shape[1:]),
                compressors=zarr.codecs.Crc32cCodec(),
                dimension_names=names,
                attributes={"units": getattr(problem, f"{name[0]}_unit")},
            )
    group.attrs["seconds"] = [each.seconds for each in found]


def measure(
    found: Estimates, x: np.ndarray, y: np.ndarray, mask, network, data_range: float, mean: np.ndarray
) -> dict[str, list]:
    """Metrics of one split, columns of a value a sample; NaN where a metric does not apply to the method.

    data_rre compares the completed data with the full noisy ones, misfit with what the mask left of them. mean: the
    pixel-wise mean model, which says when a member of an ensemble counts as a success.
    """
    measured = mask(y)
    columns = {
        "sample": np.arange(len(x)),
        "rre": metrics.relative_error(found.x, x),
        "ssim": metrics.similarity(found.x, x, data_range),
        "psnr": metrics.peak_signal_to_noise(found.x, x, data_range),
        "data_rre": np.nan if found.y is None else metrics.relative_error(found.y, y),
        "misfit": np.nan if found.y is None else metrics.relative_error(mask(found.y), measured),
    }
    quality = dict.fromkeys(surrogate.NAMES, np.nan)
    if found.surrogate_data is not None:
        device = next(network.parameters()).device
        keep = torch.from_numpy(mask.weights()).to(device)
        given = found.surrogate_data, found.x, measured, found.surrogate_latents

        def surrogates(part: slice) -> dict[str, np.ndarray]:
            b, estimate, seen, z = (None if u is None else torch.from_numpy(u[part]).to(device) for u in given)
            values = surrogate.surrogate_metrics(network, b, estimate, seen, keep, z)
            return {name: v.cpu().numpy() for name, v in values.items()}

        parts = list(memory.Batched(len(x))(surrogates, len(x)))
        quality = {name: np.concatenate([part[name] for part in parts]) for name in surrogate.NAMES}
    ensemble = metrics.ensemble(found.members, x, mean)
    columns |= {**quality, **ensemble, "iterations": found.iterations, "seconds": found.seconds}
    return {name: np.broadcast_to(values, len(x)).tolist() for name, values in columns.items()}
