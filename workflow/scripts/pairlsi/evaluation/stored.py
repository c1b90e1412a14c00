"""What lies in an experiment's folder, read for its report: data, estimates, choices, outcomes of ensembles."""

import json
from pathlib import Path

import numpy as np
import zarr

from pairlsi import operators, settings, store
from pairlsi.evaluation import metrics, tables


class Stored:
    """The results of one experiment, of its first seed and first draw of the masks.

    results: its folder; experiment: `settings.Experiment`; problem: its problem.
    """

    def __init__(self, results: Path, experiment, problem):
        self.results, self.problem = Path(results), problem
        self.seed, self.inference = experiment.training.seeds[0], experiment.inference
        self.masks = self.inference.masks

    def mask(self, kind: str, percent: int) -> str:
        return f"{kind}-{percent}-{self.masks.draws[0]}" if percent and kind != "none" else "none-0-0"

    def keep(self, kind: str, percent: int) -> np.ndarray:
        """Which rows of the data a mask keeps, (rows,) bool."""
        rows, axis = self.problem.missing_count, self.problem.missing_axis
        return operators.create(self.mask(kind, percent), rows, axis, self.masks.seed).keep

    def samples(self, split: str, array: str, part: slice = slice(None)) -> np.ndarray:
        """Samples of array "x" or "y" of a split, (n, C, H, W) in its units."""
        return store.read(self.results / "data" / f"{split}.zarr", array, part)

    def estimates(self, method: str, kind: str, percent: int) -> zarr.Group | None:
        """The estimates of a method on a mask, None where the settings do not ask for them, whatever lies there."""
        mask = self.mask(kind, percent)
        if method not in self.inference.methods or mask not in settings.masks_of(method, self.inference):
            return None
        return zarr.open_group(
            self.results / "inference" / method / mask / f"seed-{self.seed}" / "estimates.zarr", mode="r"
        )

    def choice(self, method: str, kind: str, percent: int) -> dict:
        """What the validation split chose for a method on a mask, with its curves; {} for nothing."""
        group = self.estimates(method, kind, percent)
        return dict(group.attrs.get("chosen_on_validation") or {}) if group is not None else {}

    def outcome(self, method: str, kind: str, percent: int, wanted: np.ndarray, mean: np.ndarray) -> dict | None:
        """What became of the members on the test samples `wanted` (N,) bool; None where none of these was run.

        mean: the pixel-wise mean model (C, H, W). See `tables.outcomes` for what is told.
        """
        group = self.estimates(method, kind, percent)
        chosen = [i for i in np.flatnonzero(wanted) if group is not None and i < group["test/x"].shape[0]]
        if not chosen:
            return None
        truths, images = self.samples("test", "x")[chosen], group["test/x"][:][chosen]
        members = group["test/x_members"][:][chosen] if "x_members" in group["test"] else images[:, None]
        errors = [metrics.relative_error(members[:, k], truths) for k in range(members.shape[1])]
        of_mean = metrics.relative_error(np.broadcast_to(mean, truths.shape), truths)
        return tables.outcomes(np.stack(errors, axis=1), metrics.relative_error(images, truths), of_mean)


def problem_of(results: Path) -> dict:
    """The settings of the problem of which an experiment's results lie in this folder; {} without networks."""
    for file in sorted(Path(results).glob("networks/*/seed-*/settings.json")):
        return json.loads(file.read_text())["problem"]
    return {}


def describe_choice(choice: dict) -> str:
    """Iterations / members / weight; in brackets the best iterations, and the members that suffice, where others."""
    best, enough = choice["best_iterations"], choice["sufficient_members"]
    told_best = f" ({best})" if best != choice["iterations"] else ""
    told_enough = f" ({enough})" if enough != choice["members"] else ""
    weight = f" / {choice['weight']:g}" if choice["weight"] else ""
    return f"{choice['iterations']}{told_best} / {choice['members']}{told_enough}{weight}"
