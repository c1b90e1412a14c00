"""What lies in an experiment's folder, read for its report: settings, tables, data, estimates, choices."""

import json
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
import zarr

from pairlsi import observations
from pairlsi.config import Experiment
from pairlsi.data import store
from pairlsi.data.statistics import Statistics, read_statistics
from pairlsi.evaluation.comparisons import Sweep
from pairlsi.jobs import provenance
from pairlsi.observations.spoiled import spoiling


class OneDraw:
    """Estimates as they are stored, of one draw of the masks: groups within, arrays without the axis of draws."""

    def __init__(self, group: zarr.Group, draw: int):
        self.group, self.draw = group, draw

    def __getitem__(self, name: str):
        found = self.group[name]
        return OneDraw(found, self.draw) if isinstance(found, zarr.Group) else found[self.draw]

    def __contains__(self, name: str) -> bool:
        return name in self.group


class Stored:
    """The results of one experiment, of its first seed; masks are named {observation}-{level}-{draw}.

    results: its folder; experiment: `config.Experiment`; told: the folder's settings.yaml, the record of the report.
    """

    def __init__(self, results: Path):
        """Raises OSError where the report has not written its settings into the folder."""
        self.results = Path(results)
        self.told = yaml.safe_load((self.results / "settings.yaml").read_text(encoding="utf-8"))
        self.experiment = Experiment(self.told["params"]["experiment"])
        self.problem, self.seed = self.experiment.problem, self.experiment.training.seeds[0]
        self.methods, self.networks = list(self.experiment.methods), list(self.experiment.networks)
        self.labels, self.colours = self.experiment.labels, self.experiment.colours
        self.percent, self.confidence = self.experiment.evaluation.percent, self.experiment.evaluation.confidence
        self.figures = self.results / "figures"  # where the report keeps its own

    @property
    def relatives(self) -> list[str]:
        """The other experiments of its family."""
        return self.told["params"].get("relatives", [])

    def label(self, name: str) -> str:
        """What a method or a network is called."""
        return self.labels.get(name, name)

    def settings_of(self, method: str) -> dict:
        """What the config says of a method; {} where it has none of that name."""
        return self.experiment.methods[method].settings.model_dump() if method in self.methods else {}

    @cached_property
    def searching(self) -> list[str]:
        """The methods that search."""
        from pairlsi.methods.search import Search

        return [name for name, one in self.experiment.methods.items() if issubclass(one.part, Search)]

    @cached_property
    def simulating(self) -> list[str]:
        """The methods that simulate in every iteration."""
        return [name for name in self.searching if self.experiment.methods[name].part.simulates]

    @cached_property
    def paired(self) -> str | None:
        """The network of PAIR and LSI."""
        return next((self.settings_of(m)["network"] for m in ("pair", "lsi") if m in self.methods), None)

    @cached_property
    def where(self) -> dict[str, str]:
        """What an observation does to the data, by its name, "" for one that does nothing; with its label, if any,
        which tells it from others of its kind.
        """
        seen = self.experiment.observations
        told = {name: f", {one.settings.label}" if one.settings.label else "" for name, one in seen.items()}
        return {name: one.part.where and one.part.where + told[name] for name, one in seen.items()}

    @cached_property
    def sweep(self) -> Sweep:
        """The tidy metrics."""
        return self.other_sweep(self.results)

    def other_sweep(self, results: Path) -> Sweep:
        """The tidy metrics of another experiment, evaluated as this one."""
        blind = tuple(name for name, one in self.experiment.methods.items() if one.part.blind)
        table = pd.read_csv(results / "metrics.csv")
        return Sweep(
            table, self.experiment.evaluation, labels=self.labels, blind=blind, spoiling=spoiling(self.experiment)
        )

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The table claims.csv."""
        return pd.read_csv(self.results / "claims.csv", dtype={"part": str})

    @cached_property
    def statistics(self) -> Statistics:
        """Of the training split."""
        return read_statistics(self.results / "data")

    def network(self, name: str) -> tuple[dict, pd.DataFrame]:
        """What a network was trained with, and the course of its training."""
        folder = self.results / "networks" / name / f"seed-{self.seed}"
        return json.loads((folder / "settings.json").read_text(encoding="utf-8")), pd.read_csv(folder / "history.csv")

    def in_words(self, case: str) -> str:
        """What a case is called: "block, 25 %", or "complete" where it changes nothing."""
        name, level = observations.split_case(case)
        return f"{name}, {level:g} {self.experiment.observations[name].part.unit}".strip() if level else "complete"

    def mask(self, kind: str, percent: float) -> str:
        """The first draw of the mask of this kind; that with nothing missing is the same for all kinds."""
        return f"{kind}-{percent:g}-0" if percent and kind != "none" else "none-0-0"

    def observation(self, mask: str) -> observations.Observation:
        """The observation of that name; "none-0-0", full data, also where the sweep has none."""
        case, draw = observations.split_draw(mask)
        name, level = observations.split_case(case)
        one = self.experiment.observations.get(name)
        said = observations.described(one, level) if one else {"name": name, "kind": "none"}
        return observations.made(said, self.problem, draw)

    def masks_of(self, kind: str) -> int:
        """How many different masks samples are dealt out to in a draw of a kind, 1 where all are seen alike."""
        one = self.experiment.observations.get(kind)
        return getattr(one.settings, "masks", 1) if one else 1

    def keep(self, mask: str, sample: int, channel: int = 0) -> np.ndarray:
        """Which rows of a channel of the data of a sample a mask keeps, (rows,) bool."""
        keep = self.observation(mask).of(sample).mask.keep
        return keep[channel] if keep.ndim == 2 else keep

    def samples(self, split: str, array: str, part: slice = slice(None)) -> np.ndarray:
        """Samples of array "x" or "y" of a split, (n, C, H, W) in its units."""
        return store.read(self.results / "data" / f"{split}.zarr", array, part)

    def estimates(self, method: str, mask: str) -> OneDraw | None:
        """The estimates of a method on a mask, None where the settings do not ask for them, whatever lies there."""
        case, draw = observations.split_draw(mask)
        asked = self.experiment.cases_of(method) if method in self.methods else []
        if asked and self.experiment.methods[method].part.blind:  # the same on all
            case, draw = asked[0], 0
        if case not in asked or draw >= self.experiment.kept_of(method, case):
            return None
        folder = self.results / "inference" / method / case / f"seed-{self.seed}"
        return OneDraw(zarr.open_group(folder / "estimates.zarr", mode="r"), draw)

    def choice(self, method: str, mask: str) -> dict:
        """What the validation split chose for a method on a mask, with its curves; {} for nothing."""
        found = self.estimates(method, mask)
        return dict(found.group.attrs.get("chosen_on_validation") or {}) if found else {}


def regime_of(results: Path, network: str | None = None) -> dict:
    """What made the results of an experiment in this folder: the settings of its problem, and how long and on how many
    samples this network was trained, or its first one; {} without networks.
    """
    data = Path(results) / "data" / "train.zarr"
    files = sorted(Path(results).glob("networks/*/seed-*/settings.json"), key=lambda file: file.parts[-3] != network)
    for file in files:
        told = json.loads(file.read_text(encoding="utf-8"))
        epochs = told["params"]["network"].get("epochs") or told["params"]["training"]["epochs"]
        samples = {"training_samples": provenance.recorded(data)["params"]["samples"]} if data.is_dir() else {}
        return told["params"]["problem"] | {"epochs": epochs} | samples
    return {}
