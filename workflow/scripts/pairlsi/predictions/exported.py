"""An experiment as one file: settings, networks, statistics and what validation samples said, without any of the data.

A ZIP archive: model.json (settings of the experiment, of every network and of the masks), arrays.npz (pixel-wise means,
scores, errors and bands) and NETWORK.safetensors. A matrix is stored once where two are the same, as the bases of
encoder and decoder are, and in half precision where it is large: that is exact to 5e-4 of each entry, or to 6e-8 where
that is more.
"""

import io
import json
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pairlsi.config import Experiment
from pairlsi.data.statistics import Statistics
from pairlsi.predictions import ObservationError, trust
from pairlsi.predictions.model import Model

LARGE = 2**16  # entries of a matrix from which on half precision is taken
FORMAT = 2  # of the file; another one is not read


def write_exported(model: Model, settings: dict[str, dict], masks: dict[str, np.ndarray], path: Path) -> None:
    """Write a model of a folder; settings: of each network, as its job stored them; masks: name -> keep (rows,), whose
    tables go with it.
    """
    tables = [model.table(name, keep) for name, keep in masks.items()]
    arrays = {f"mean/{space}": mean for space, mean in model.statistics.means.items()}
    told = {"format": FORMAT, "experiment": model.experiment.said, "statistics": model.statistics.scalars}
    told |= {"networks": settings, "tables": []}
    for number, table in enumerate(tables):
        arrays[f"{number}/keep"] = table.keep
        said = {"name": table.name, "oddities": table.oddities, "methods": {}}
        for method, calibration in table.methods.items():
            fields = asdict(calibration)
            said["methods"][method] = {"names": fields["names"], "choice": fields["choice"]}
            arrays |= {f"{number}/{method}/{key}": fields[key].astype(np.float32) for key in ARRAYS}
        told["tables"].append(said)
    content = io.BytesIO()
    np.savez(content, **arrays)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("model.json", json.dumps(told))
        file.writestr("arrays.npz", content.getvalue())
        for name in settings:
            file.writestr(f"{name}.safetensors", packed(model.weights(name)))


ARRAYS = ("scores", "errors", "half", "parts")


def read_exported(path: Path) -> Model:
    """The model in an exported file. Raises ObservationError where it is damaged or of another format."""
    folder = tempfile.TemporaryDirectory(prefix="pairlsi-")
    try:
        with zipfile.ZipFile(path) as file:
            told = json.loads(file.read("model.json"))
            if told["format"] != FORMAT:
                raise ObservationError(f"{path} is of format {told['format']}, {FORMAT} is read here: export it again")
            with np.load(io.BytesIO(file.read("arrays.npz"))) as stored:
                arrays = {name: stored[name] for name in stored.files}
            for name, settings in told["networks"].items():
                beside = Path(folder.name) / name
                beside.mkdir()
                (beside / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
                (beside / "weights.safetensors").write_bytes(unpacked(file.read(f"{name}.safetensors")))
    except (zipfile.BadZipFile, KeyError, EOFError, OSError) as error:
        raise ObservationError(
            f"{path} is no exported model, or damaged ({error}): make it by make export EXPERIMENT=NAME, copy it again"
        ) from error
    statistics = Statistics(told["statistics"], {space: arrays[f"mean/{space}"] for space in ("x", "y")})
    tables = []
    for number, said in enumerate(told["tables"]):
        methods = {
            method: trust.Calibration(
                own["names"], *(arrays[f"{number}/{method}/{key}"] for key in ARRAYS), choice=own["choice"]
            )
            for method, own in said["methods"].items()
        }
        tables.append(trust.Table(said["name"], arrays[f"{number}/keep"], methods, said["oddities"]))

    def weights(name: str) -> Path:  # holds on to the folder as long as the model lives
        return Path(folder.name) / name / "weights.safetensors"

    return Model(Experiment(told["experiment"]), statistics, weights, tables=tables)


def packed(weights: Path) -> bytes:
    """The weights of a network, smaller: see above."""
    import torch
    from safetensors.torch import load_file, save

    kept, same = {}, {}
    for name, tensor in load_file(weights).items():
        twin = next((other for other, u in kept.items() if u.shape == tensor.shape and torch.equal(u, tensor)), None)
        if twin is not None and tensor.numel() >= LARGE:
            same[name] = twin
        else:
            kept[name] = tensor

    def fits(u) -> bool:
        return u.numel() >= LARGE and u.dtype == torch.float32 and u.abs().max() < torch.finfo(torch.half).max

    small = {name: u.half() if fits(u) else u for name, u in kept.items()}
    halved = [name for name in kept if small[name].dtype != kept[name].dtype]
    return save(small, {"same": json.dumps(same), "halved": json.dumps(halved)})


def unpacked(content: bytes) -> bytes:
    """What `packed` was made from, entries rounded to half precision."""
    from safetensors.torch import load, save

    length = int.from_bytes(content[:8], "little")
    said = json.loads(content[8 : 8 + length])["__metadata__"]
    tensors = load(content)
    tensors |= {name: tensors[name].float() for name in json.loads(said["halved"])}
    tensors |= {name: tensors[twin].clone() for name, twin in json.loads(said["same"]).items()}
    return save(tensors)
