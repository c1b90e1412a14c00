"""An experiment computed, and its report made, within this process: what Snakemake's jobs do, without their start.

A `Computed` experiment estimates with a method behind a mask once, when it is first asked. `Computed.part` is the
folder that a config would have made which asks for some of them; `report` shows the sections of such a folder's report.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import IPython.display
import numpy as np
import pandas as pd
import torch
import yaml
from matplotlib.figure import Figure

from pairlsi.config import Experiment
from pairlsi.data import simulation, store
from pairlsi.data.batches import Batches
from pairlsi.data.statistics import read_statistics
from pairlsi.evaluation import inference
from pairlsi.evaluation.claims import judge
from pairlsi.networks import stored
from pairlsi.reports.listing import headings
from pairlsi.reports.report import Report
from pairlsi.training import closed_form, loop


class Computed:
    """The results of one experiment, of the first seed, in a folder; said: its settings, checked."""

    def __init__(self, folder: Path, said: dict):
        self.folder, self.experiment = folder, Experiment(said)
        self.problem, self.seed = self.experiment.problem, self.experiment.training.seeds[0]
        torch.manual_seed(0)
        self._simulate()
        self.statistics = read_statistics(folder / "data")
        for network in self.experiment.networks:
            self._train(network)
        self.inferred = {}  # (method, case) -> rows of its metrics on all draws, and of its controls

    def _simulate(self) -> None:
        said, data = self.experiment.data, self.folder / "data"
        shapes = {"x": self.problem.x_shape, "y": self.problem.y_shape}
        counts = said.samples.model_dump()
        for split, samples in counts.items():
            path = data / f"{split}.zarr"
            store.create(path, samples, shapes, said.shard_size, {"params": {"samples": samples}})
            for shard in range(store.shards(samples, said.shard_size)):
                simulation.simulate_shard(self.problem, path, split, shard, said.seed, counts)
        scalars, means = store.statistics(data / "train.zarr")
        np.savez(data / "mean.npz", **means)
        (data / "statistics.json").write_text(json.dumps(scalars), encoding="utf-8")

    def _train(self, name: str) -> None:
        data, folder, how = self.folder / "data", self._network(name), self.experiment.training
        folder.mkdir(parents=True)
        told, part = self.experiment.network_told(name), self.experiment.networks[name].part
        network = stored.create(told, self.problem)
        stored.fit_scaling(network, self.statistics, told["scaling"])
        batches = Batches(data / "train.zarr", how.batch_size, how.buffer_samples, 0)
        validation = Batches(data / "validation.zarr", 256, how.buffer_samples, 0, incomplete=True)
        if part.closed_form:
            history = closed_form.solved(part, network, batches, validation)
        else:
            if part.starts_in_closed_form(network):
                closed_form.solve(part, network, batches)
            best, history = loop.train(network, batches, validation, how, folder / "checkpoint.pt", "")
            network.load_state_dict(best)
        params = {"problem": self.problem.said, "network": told, "training": how.model_dump()}
        record = {"params": params} | part.finish(network, batches, validation)
        stored.save(network, folder / "weights.safetensors")
        loop.write_history(history, folder / "history.csv")
        (folder / "settings.json").write_text(json.dumps(record), encoding="utf-8")

    def infer(self, method: str, case: str) -> list[dict]:
        """Rows of the metrics of a method on all draws of a case."""
        if (method, case) not in self.inferred:
            self.inferred[method, case] = self._infer(method, case)
        return self.inferred[method, case]

    def _infer(self, method: str, case: str) -> list[dict]:
        own = self.experiment.method_told(method, case)
        own |= {"kept": own["draws"], "splits": ["validation", "test", "ood"], "device": "cpu"}
        _, part, settings = self.experiment.methods[method]
        weights = self._network(settings.network) / "weights.safetensors" if part.wants else None
        start, starts = part.starts_from(settings), None
        if start:
            self.infer(start, case)
            starts = self._estimates(start, case)
        names = {"experiment": "base", "method": method, "case": case, "seed": str(self.seed)}
        told = {"wildcards": names, "params": {"problem": self.problem.said, "method": own}}
        estimates = self._estimates(method, case)
        estimates.parent.mkdir(parents=True)
        return inference.run(told, weights, starts, self.folder / "data", estimates)

    def _network(self, name: str) -> Path:
        return self.folder / "networks" / name / f"seed-{self.seed}"

    def _estimates(self, method: str, case: str) -> Path:
        return self.folder / "inference" / method / case / f"seed-{self.seed}" / "estimates.zarr"

    def part(self, folder: Path, said: dict) -> Path:
        """The folder that the checked settings of an experiment ask for: links to what was computed, tables of it."""
        experiment, name = Experiment(said), folder.name
        for links in (folder / "networks", folder / "inference"):
            links.mkdir(parents=True)
        (folder / "data").symlink_to(self.folder / "data")
        for network in experiment.networks:
            (folder / "networks" / network).symlink_to(self.folder / "networks" / network)
        rows = []
        for method in experiment.methods:
            (folder / "inference" / method).mkdir()
            for case in experiment.cases_of(method):
                draws = experiment.draws_of(method, case)
                rows += [row for row in self.infer(method, case) if row["draw"] < draws]
                (folder / "inference" / method / case).symlink_to(self.folder / "inference" / method / case)
        found = pd.DataFrame(rows).assign(experiment=name)
        metrics, controls = found[found.control == ""].drop(columns="control"), found[found.control != ""]
        metrics.to_csv(folder / "metrics.csv", index=False)
        claims = judge(metrics, controls, experiment.evaluation, experiment.problem.noise_level)
        claims.to_csv(folder / "claims.csv", index=False)
        record = {"params": {"experiment": experiment.said, "relatives": []}}
        (folder / "settings.yaml").write_text(
            yaml.safe_dump(record, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        return folder


@dataclass
class Section:
    """What a section displayed: HTML of tables and figures, Markdown."""

    heading: str
    html: list[str]
    text: list[str]


def report(folder: Path, monkeypatch) -> list[Section]:
    """Show the sections of the report of an experiment's folder, with figures drawn small."""
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
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        made = Report(folder)
        for name, heading in headings(made.sections).items():
            sections.append(Section(heading or name, [], []))
            made.show(name)
            if not sections[-1].html + sections[-1].text:
                sections.pop()  # it is left out of the page, heading and all
    return sections
