"""An experiment as one file: settings, networks, statistics and what validation samples said, without any of the data.

A ZIP archive: model.json (settings of the experiment, of every network and of the masks), arrays.npz (pixel-wise means,
scores, errors and bands) and weights.safetensors, those of all networks by NETWORK/NAME (`packing`).
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from safetensors.torch import save as serialise

from pairlsi.config import Experiment
from pairlsi.data.statistics import Statistics
from pairlsi.predictions import ObservationError, trust
from pairlsi.predictions.model import Model
from pairlsi.predictions.packing import packed, unpacked
from pairlsi.problems.symmetries import Symmetries

FORMAT = 5  # of the file; another one is not read


def write_exported(model: Model, settings: dict[str, dict], masks: dict[str, np.ndarray], path: Path) -> None:
    """Write a model of a folder; settings: of each network, as its job stored them; masks: name -> keep (rows,), whose
    tables go with it.
    """
    loaded = {f"{name}/{key}": u for name in settings for key, u in load_file(model.weights(name)).items()}
    weights = packed(loaded, model.problem.symmetries)
    # what validation samples say, they say of the networks that are in the file, whose weights are rounded
    rounded = unpacked_files(weights, settings, model.problem.symmetries)
    exported = Model(model.experiment, model.statistics, rounded, model.validation)
    arrays = {f"mean/{space}": mean for space, mean in model.statistics.means.items()}
    told = {"format": FORMAT, "experiment": model.experiment.said, "statistics": model.statistics.scalars}
    told |= {"networks": settings, "tables": []}
    for number, table in enumerate(exported.table(name, keep) for name, keep in masks.items()):
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
        file.writestr("weights.safetensors", weights, zipfile.ZIP_LZMA)


ARRAYS = ("scores", "errors", "half", "parts")


def read_exported(path: Path) -> Model:
    """The model in an exported file. Raises ObservationError where it is damaged or of another format."""
    try:
        with zipfile.ZipFile(path) as file:
            told = json.loads(file.read("model.json"))
            if told["format"] != FORMAT:
                raise ObservationError(f"{path} is of format {told['format']}, {FORMAT} is read here: export it again")
            with np.load(io.BytesIO(file.read("arrays.npz"))) as stored:
                arrays = {name: stored[name] for name in stored.files}
            content = file.read("weights.safetensors")
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

    experiment = Experiment(told["experiment"])
    weights = unpacked_files(content, told["networks"], experiment.problem.symmetries)
    return Model(experiment, statistics, weights, tables=tables)


def unpacked_files(content: bytes, networks: dict[str, dict], symmetries: Symmetries) -> Callable[[str], Path]:
    """name of a network -> the file of its weights, beside its settings, in a folder that goes when the function does.

    content: what `packed` made of them; networks: name -> settings.
    """
    folder = tempfile.TemporaryDirectory(prefix="pairlsi-")

    def weights(name: str) -> Path:
        return Path(folder.name) / name / "weights.safetensors"

    tensors = unpacked(content, symmetries)
    for name, settings in networks.items():
        weights(name).parent.mkdir()
        weights(name).with_name("settings.json").write_text(json.dumps(settings), encoding="utf-8")
        own = {key.removeprefix(f"{name}/"): u for key, u in tensors.items() if key.startswith(f"{name}/")}
        weights(name).write_bytes(serialise(own))  # by Python, whose error for a full disk says so
    return weights
