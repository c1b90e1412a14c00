"""One method on one case of an observation, all its draws: estimates and metrics of the evaluated splits."""

import csv
from pathlib import Path

import numpy as np
import torch
import zarr

from pairlsi import observations, problems
from pairlsi.core.base import EVALUATED
from pairlsi.core.instances import instance
from pairlsi.data import store
from pairlsi.data.statistics import read_statistics
from pairlsi.evaluation import metrics, surrogate
from pairlsi.evaluation.drawn import Drawn
from pairlsi.jobs import memory
from pairlsi.methods import Given, controls
from pairlsi.methods.estimates import Estimates
from pairlsi.methods.kept import Kept
from pairlsi.networks.stored import load_trained


def run(
    told: dict, weights: str | None, starts: str | None, data: Path, estimates: Path, batches: Path | None = None
) -> list[dict]:
    """Infer, store the estimates at `estimates` and return the tidy metrics, a row a draw, split and sample.

    told: the record of the job, stored with the estimates; read here are its "wildcards" and of its "params" "problem"
    and "method" (`rules/lookups.smk`, method_part). weights: the network's file or None; starts: the folder with the
    estimates of another method that this one starts from, or None; data: the experiment's data folder; batches: a
    folder to keep in, until the job has ended, what batches of methods that simulate find, or None. Rows of a null
    control (`methods.controls`) name it in the column "control", empty in all others.
    """
    names, said = told["wildcards"], told["params"]["method"]
    problem, seed, statistics = problems.create(told["params"]["problem"]), int(names["seed"]), read_statistics(data)
    device = device_called(said["device"])
    network = load_trained(weights, problem, device) if weights else None
    _, part, settings = instance("methods", names["method"], said["method"], "methods")
    kept = None
    if batches and getattr(part, "simulates", False):  # others are done in minutes
        kept = Kept(batches, {key: told[key] for key in ("wildcards", "params", "made_from")})

    def behind(draw: int) -> Drawn:
        seen = observations.made(said["observation"], problem, draw)
        begun = started(starts, draw) if starts else None
        given = Given(
            problem, seen, statistics, said["scaling"], network, begun, device, seed, said["batch_size"], kept
        )
        return Drawn(part, settings, given)

    drawn, choice = [behind(draw) for draw in range(said["draws"])], {}
    methods = [method for one in drawn for method in one.methods]
    first = methods[0]
    if first.leaves_open:
        x, y = (store.read(data / "validation.zarr", name)[first.to_choose_on] for name in store.ARRAYS)
        choice = part.choose(methods, x, y)

    group = zarr.create_group(estimates, overwrite=True, attributes={**told, "chosen_on_validation": choice})
    name, level = observations.split_case(names["case"])
    named = {"experiment": names["experiment"], "method": names["method"], "observation": name, "percent": level}
    rows = []
    for split in said["splits"]:
        x, y = (store.read(data / f"{split}.zarr", name)[first.samples(split)] for name in store.ARRAYS)
        kept = []
        for draw, method in enumerate(drawn[: None if split in EVALUATED else said["kept"]]):
            found = method(y, split)
            if draw < said["kept"]:
                kept.append(found)
            if split not in EVALUATED:
                continue
            looked_at = {"": found}
            if draw < controls.DRAWS and part.controlled and hasattr(network, "latent_mean"):
                latents = controls.latents(found, network, split, seed, draw)
                batched = memory.Batched(said["batch_size"])
                looked_at |= {n: controls.estimates(found, z, network, batched) for n, z in latents.items()}
            for control, of_control in looked_at.items():
                # no claim looks at surrogate metrics on another mask than the first, and they cost as much as the rest
                surrogates = not control or draw == 0
                columns = measure(of_control, x, y, method, statistics, split, surrogates)
                told_of = {**named, "draw": draw, "seed": seed, "split": split}
                for values in zip(*columns.values(), strict=True):
                    rows.append({**told_of, **dict(zip(columns, values, strict=True)), "control": control})
        write(group.create_group(split), kept, problem)
    store.consolidate(estimates)
    return rows


def started(starts: str, draw: int) -> dict:
    """What another method estimated on one draw, by the names that `methods.Given` asks for."""
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
    found: Estimates, x: np.ndarray, y: np.ndarray, method: Drawn, statistics, split: str, surrogates: bool = True
) -> dict[str, list]:
    """Metrics of one split, columns of a value a sample; NaN where a metric does not apply to the method, and for
    surrogate metrics (`evaluation.surrogate`) where they are not asked for.

    data_rre compares the completed data with the full noisy ones, misfit with what was observed of them. The pixel-wise
    mean model of the statistics is what deviations are from, and says when a member of an ensemble counts as a success.
    """
    network, numbers = method.network, np.arange(len(y))
    measured, kept = method.observation(y, split, numbers), method.observation.weights(numbers)
    columns = {
        "sample": np.arange(len(x)),
        "rre": metrics.relative_error(found.x, x),
        "deviation_error": metrics.deviation_error(found.x, x, statistics.means["x"]),
        "ssim": metrics.similarity(found.x, x, statistics.data_range),
        "psnr": metrics.peak_signal_to_noise(found.x, x, statistics.data_range),
        "data_rre": np.nan if found.y is None else metrics.relative_error(found.y, y),
        "misfit": np.nan if found.y is None else metrics.relative_error(kept * found.y, measured),
    }
    quality = dict.fromkeys(surrogate.NAMES, np.nan)
    if surrogates and found.surrogate_data is not None:
        given = found.surrogate_data, found.x, measured, found.surrogate_latents

        def told(part: slice) -> dict[str, np.ndarray]:
            b, estimate, seen, z = (None if u is None else method.tensor(u[part]) for u in given)
            keep = method.tensor(kept[part] if len(kept) > 1 else kept)
            values = surrogate.surrogate_metrics(network, b, estimate, seen, keep, z)
            return {name: v.cpu().numpy() for name, v in values.items()}

        parts = list(memory.Batched(len(x))(told, len(x)))
        quality = {name: np.concatenate([part[name] for part in parts]) for name in surrogate.NAMES}
    ensemble = metrics.ensemble(found.members, x, statistics.means["x"])
    ensemble |= metrics.stated(found.x, found.stated, x)
    columns |= {**quality, **ensemble, "iterations": found.iterations, "seconds": found.seconds}
    return {name: np.broadcast_to(values, len(x)).tolist() for name, values in columns.items()}
