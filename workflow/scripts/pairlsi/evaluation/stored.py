"""What lies in an experiment's folder, read for its report: settings, tables, data, estimates, choices."""

import json
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
import zarr

from pairlsi import operators, problems, provenance, settings, store
from pairlsi.evaluation.comparisons import Sweep


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
    """The results of one experiment, of its first seed; masks are named {kind}-{percent}-{draw}.

    results: its folder; experiment: `settings.Experiment`; problem: its problem.
    """

    def __init__(self, results: Path, experiment, problem):
        self.results, self.experiment, self.problem = Path(results), experiment, problem
        self.figures = self.results / "figures"  # where the report keeps its own
        self.seed, self.inference = experiment.training.seeds[0], experiment.inference
        self.masks = self.inference.masks

    @classmethod
    def in_folder(cls, results: Path) -> "Stored":
        """With the settings that the report wrote into the folder."""
        told = yaml.safe_load((Path(results) / "settings.yaml").read_text(encoding="utf-8"))
        experiment = settings.Experiment(**told["settings"])
        return cls(results, experiment, problems.create(experiment.problem))

    @cached_property
    def told(self) -> dict:
        """The folder's settings.yaml: the "settings" as plain data, "relatives", and where the report comes from."""
        return yaml.safe_load((self.results / "settings.yaml").read_text(encoding="utf-8"))

    @cached_property
    def sweep(self) -> Sweep:
        """The tidy metrics; the paper's masks are those of the percentage that networks were trained on."""
        return self.other_sweep(self.results)

    def other_sweep(self, results: Path) -> Sweep:
        """The tidy metrics of another experiment, evaluated as this one."""
        table = pd.read_csv(results / "metrics.csv")
        return Sweep(table, self.experiment.networks.mask_percent, self.experiment.evaluation)

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The table claims.csv."""
        return pd.read_csv(self.results / "claims.csv", dtype={"part": str})

    def network(self, name: str) -> tuple[dict, pd.DataFrame]:
        """What a network was trained with, and the course of its training."""
        folder = self.results / "networks" / name / f"seed-{self.seed}"
        return json.loads((folder / "settings.json").read_text(encoding="utf-8")), pd.read_csv(folder / "history.csv")

    def mask(self, kind: str, percent: int) -> str:
        """The first draw of the mask of this kind; that with nothing missing is the same for all kinds."""
        return f"{kind}-{percent}-0" if percent and kind != "none" else "none-0-0"

    def operator(self, mask: str) -> operators.Mask:
        """The operator P of a mask."""
        return operators.create(mask, self.problem.missing_count, self.problem.missing_axis, self.masks.seed)

    def keep(self, mask: str) -> np.ndarray:
        """Which rows of the data a mask keeps, (rows,) bool."""
        return self.operator(mask).keep

    def samples(self, split: str, array: str, part: slice = slice(None)) -> np.ndarray:
        """Samples of array "x" or "y" of a split, (n, C, H, W) in its units."""
        return store.read(self.results / "data" / f"{split}.zarr", array, part)

    def estimates(self, method: str, mask: str) -> OneDraw | None:
        """The estimates of a method on a mask, None where the settings do not ask for them, whatever lies there."""
        masks, draw = operators.split_draw(mask)
        asked = settings.masks_of(method, self.inference) if method in self.inference.methods else []
        if method == "mean" and asked:  # the same on all masks
            masks, draw = asked[0], 0
        kept = min(settings.draws_of(method, masks, self.masks), settings.draws_kept(masks, self.masks))
        if masks not in asked or draw >= kept:
            return None
        folder = self.results / "inference" / method / masks / f"seed-{self.seed}"
        return OneDraw(zarr.open_group(folder / "estimates.zarr", mode="r"), draw)

    def choice(self, method: str, mask: str) -> dict:
        """What the validation split chose for a method on a mask, with its curves; {} for nothing."""
        found = self.estimates(method, mask)
        return dict(found.group.attrs.get("chosen_on_validation") or {}) if found else {}


def regime_of(results: Path) -> dict:
    """What made the results of an experiment in this folder: the settings of its problem, and how long and on how many
    samples its first network was trained; {} without networks.
    """
    data = Path(results) / "data" / "train.zarr"
    for file in sorted(Path(results).glob("networks/*/seed-*/settings.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        samples = {"training_samples": provenance.recorded(data)["settings"]["samples"]} if data.is_dir() else {}
        return told["problem"] | {"epochs": told["training"]["epochs"]} | samples
    return {}
