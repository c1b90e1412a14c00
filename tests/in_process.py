"""An experiment computed, and its report made, within this process: what Snakemake's jobs do, without their start.

A `Computed` experiment estimates with a method behind a mask once, when it is first asked. `Computed.part` is the
folder that a config would have made which asks for some of them; `report` runs the report's notebook on such a folder.
"""

import functools
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import IPython.display
import jupytext
import numpy as np
import pandas as pd
import torch
import yaml
from clone import ROOT
from matplotlib.figure import Figure

from pairlsi import latents, networks, problems, reporting, settings, simulation, store, training
from pairlsi.batches import Batches
from pairlsi.evaluation import sweep
from pairlsi.evaluation.claims import judge
from pairlsi.networks import latent_prior


class Computed:
    """The results of one experiment, of the first seed, in a folder."""

    def __init__(self, folder: Path, said: dict):
        self.folder, self.said = folder, said
        self.problem, self.seed = problems.create(said["problem"]), said["training"]["seeds"][0]
        torch.manual_seed(0)
        self._simulate()
        self.scalars, self.means = networks.read_statistics(folder / "data")
        for network in said["networks"]["train"]:
            self._train(network)
        self.inferred = {}  # (method, {kind}-{percent}) -> rows of its metrics on all draws, and of its controls

    def _simulate(self) -> None:
        said, data = self.said["data"], self.folder / "data"
        shapes = {"x": self.problem.x_shape, "y": self.problem.y_shape}
        for split, samples in said["samples"].items():
            path = data / f"{split}.zarr"
            store.create(path, samples, shapes, said["shard_size"], {"settings": {"samples": samples}})
            for shard in range(store.shards(samples, said["shard_size"])):
                simulation.simulate_shard(self.problem, path, split, shard, said["seed"], said["samples"])
        scalars, means = store.statistics(data / "train.zarr")
        np.savez(data / "mean.npz", **means)
        (data / "statistics.json").write_text(json.dumps(scalars), encoding="utf-8")

    def _train(self, name: str) -> None:
        said, data, folder = self.said["networks"], self.folder / "data", self._network(name)
        folder.mkdir(parents=True)
        spec = {key: said[key] for key in ("x", "y", "weights", "linear", "divergence")}
        if name != "vpae":
            del spec["divergence"]
        if name.startswith("encdec-"):
            kind = name.removeprefix("encdec-")
            spec |= {"mask": "none-0-0" if kind == "none" else f"{kind}-{said['mask_percent']}-0", "mask_seed": 0}
        network = networks.create(name, spec, self.problem)
        networks.fit_scaling(network, self.scalars, self.means, said["centre"])
        how = settings.Training(**self.said["training"])
        batches = Batches(data / "train.zarr", how.batch_size, how.buffer_samples, 0)
        validation = Batches(data / "validation.zarr", 256, how.buffer_samples, 0, incomplete=True)
        told = {"problem": self.said["problem"], "network": spec, "training": self.said["training"]}
        if name == "linear":
            history = training.fit_linear(network, batches, validation)
        else:
            best, history = training.train(network, batches, validation, how, folder / "checkpoint.pt", "")
            network.load_state_dict(best)
        if name in ("pair", "vpae"):
            latent_prior.fit(network, batches)
        if name == "vpae":
            told["divergence_of_latents"] = latents.describe(network, validation)
        networks.save(network, folder / "weights.safetensors")
        training.write_history(history, folder / "history.csv")
        (folder / "settings.json").write_text(json.dumps(told), encoding="utf-8")

    def infer(self, method: str, mask: str) -> list[dict]:
        """Rows of the metrics of a method on all draws of a mask."""
        if (method, mask) not in self.inferred:
            self.inferred[method, mask] = self._infer(method, mask)
        return self.inferred[method, mask]

    def _infer(self, method: str, mask: str) -> list[dict]:
        said = self.said["inference"]
        own = {"batch_size": said["batch_size"], "mask_seed": said["masks"]["seed"], "device": "cpu"}
        draws = 1 if mask == settings.NOTHING else said["masks"]["draws"]
        own |= {"draws": draws, "kept": draws}
        own |= {"splits": ["validation", *settings.EVALUATED], "centre": self.said["networks"]["centre"]}
        if settings.simulates(method, settings.Inference(**said)):
            own["search"] = {
                key: value for key, value in said["model_based"].items() if key not in ("kinds", "percents")
            }
        elif method in (*settings.CLASSICAL, "lsi-refined"):
            own["cgls_iterations"] = said["cgls_iterations"]
        elif method in ("lsi", "lsi-zx", "lsi-prior"):
            own["search"] = said["lsi_prior" if method == "lsi-prior" else "lsi"] | {"batch_size": said["batch_size"]}
        network = settings.network_of(method, said["paired"])
        weights = self._network(network) / "weights.safetensors" if network else None
        starts = None
        if method in settings.STARTS:
            self.infer(settings.STARTS[method], mask)
            starts = self._estimates(settings.STARTS[method], mask)
        told = {"experiment": "base", "method": method, "mask": mask, "seed": self.seed, "settings": own}
        estimates = self._estimates(method, mask)
        estimates.parent.mkdir(parents=True)
        return sweep.run(told, self.problem, self.folder / "data", weights, starts, estimates)

    def _network(self, name: str) -> Path:
        return self.folder / "networks" / name / f"seed-{self.seed}"

    def _estimates(self, method: str, mask: str) -> Path:
        return self.folder / "inference" / method / mask / f"seed-{self.seed}" / "estimates.zarr"

    def part(self, folder: Path, said: dict) -> Path:
        """The folder that the checked settings of an experiment ask for: links to what was computed, tables of it."""
        inference, name = settings.Inference(**said["inference"]), folder.name
        for links in (folder / "networks", folder / "inference"):
            links.mkdir(parents=True)
        (folder / "data").symlink_to(self.folder / "data")
        for network in said["networks"]["train"]:
            (folder / "networks" / network).symlink_to(self.folder / "networks" / network)
        rows = []
        for method in inference.methods:
            (folder / "inference" / method).mkdir()
            for mask in settings.masks_of(method, inference):
                draws = settings.draws_of(method, mask, inference.masks)
                rows += [row for row in self.infer(method, mask) if row["draw"] < draws]
                (folder / "inference" / method / mask).symlink_to(self.folder / "inference" / method / mask)
        found = pd.DataFrame(rows).assign(experiment=name)
        metrics, controls = found[found.control == ""].drop(columns="control"), found[found.control != ""]
        metrics.to_csv(folder / "metrics.csv", index=False)
        evaluation, noise = settings.Evaluation(**said["evaluation"]), said["problem"]["noise_level"]
        claims = judge(metrics, controls, said["networks"]["mask_percent"], evaluation, noise)
        claims.to_csv(folder / "claims.csv", index=False)
        reporting.write_settings(said, [], "", folder / "settings.yaml")
        return folder


@dataclass
class Section:
    """What the cells below a heading displayed: HTML of tables and figures, Markdown."""

    heading: str
    html: list[str]
    text: list[str]


@functools.cache
def cells(notebook: str) -> list[tuple[str, object]]:
    """(heading above it, compiled code) of each code cell of a report's notebook but the parameters."""
    found, heading = [], "the beginning"
    for number, cell in enumerate(jupytext.read(ROOT / "workflow/notebooks" / notebook).cells):
        if cell.cell_type == "markdown":
            heading = cell.source.splitlines()[0]
        elif "parameters" not in cell.metadata.get("tags", []):
            found.append((heading, compile(cell.source, f"{notebook}, cell {number}", "exec")))
    return found


def report(folder: Path, monkeypatch) -> list[Section]:
    """Run the notebook of an experiment's folder, with figures drawn small; return what it displayed."""
    problem = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))["settings"]["problem"]["name"]
    sections: list[Section] = []

    def display(*shown):
        for each in shown:
            kept = sections[-1].html if isinstance(each, IPython.display.HTML) else sections[-1].text
            kept.append(each.data)

    draw = Figure.savefig

    def draw_small(figure, *where, **said):
        figure.set_layout_engine("none")
        draw(figure, *where, **said | {"dpi": 20})

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr(Figure, "savefig", draw_small)
    names = {"results": str(folder), "__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for heading, code in cells(f"{problem}.py"):
            if not sections or sections[-1].heading != heading:
                sections.append(Section(heading, [], []))
            exec(code, names)
    return sections
