"""An experiment's networks and methods, ready for data of one's own: `pairlsi.load`, then `Model.infer`.

The rule predict does the same as these: what is estimated in a program and on the command line are the same numbers.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from pairlsi.config import Experiment
from pairlsi.core.errors import ConfigError
from pairlsi.data.statistics import Statistics, read_statistics
from pairlsi.observations import Observation
from pairlsi.predictions import methods_of, misfits, trust
from pairlsi.predictions.placing import place
from pairlsi.predictions.plausible import comparable, oddities
from pairlsi.predictions.reading import Measurement, read
from pairlsi.predictions.results import Estimate, Prediction, together


class Observed(Observation):
    """Rows that were measured by whoever it was: keep (rows,) bool."""

    def __init__(self, problem, keep: np.ndarray):
        self._keep = keep
        super().__init__(None, problem, "observed", round(100 * (1 - keep.mean())), 0)

    def kept(self) -> np.ndarray:
        return self._keep


class Model:
    """An experiment to infer with.

    experiment: checked; statistics: of its training split; weights: name of a network -> its file; validation: x, y
    (n, C, H, W), what everything is chosen on and held against; or, where these are not at hand, tables: what they said
    behind some masks (`trust.Table`), of which the nearest is taken.
    """

    def __init__(self, experiment: Experiment, statistics: Statistics, weights: Callable, validation=None, tables=()):
        self.experiment, self.statistics, self.weights = experiment, statistics, weights
        self.problem, self.validation, self.tables = experiment.problem, validation, list(tables)
        self._networks: dict = {}

    @property
    def methods(self) -> list[str]:
        """Those that the config names for predictions, the first speaking for all."""
        return methods_of(self.experiment)

    @cached_property
    def device(self) -> str:
        """A GPU where there is one, also where networks were trained on one elsewhere, unless the config wants none."""
        import torch

        return "cuda" if self.experiment.training.device != "cpu" and torch.cuda.is_available() else "cpu"

    def infer(self, y, keep=None, positions=None, scale: float = 1.0, methods=None, told=None) -> Prediction:
        """Estimate x from measured data.

        y: (H, W), (C, H, W) or several of either, or the path of a file (`reading.read`), NaN where nothing was
        measured; keep: (rows,) or (N, rows), 1 for the rows that were; positions (rows,): where the rows of y lie, in
        the problem's unit (degrees of angles, metres of receivers), where they are others than those of training;
        scale: what all values are multiplied by; methods: names, None for the config's; told: is called with a method's
        name before it begins.

        Raises ObservationError, a sentence, where the data cannot be used; ConfigError for a method that is not there.
        """
        if isinstance(y, str | Path):
            measured = read(y, keep, positions)
        else:
            arrays = (None if u is None else np.asarray(u) for u in (keep, positions))
            measured = Measurement(np.asarray(y, np.float32), *arrays)
        placed = place(measured, self.problem, scale)
        comparable(placed, self.problem, self.statistics, measured.name)
        names = self.known(methods or self.methods)
        parts: dict[str, list] = {name: [] for name in names}
        order, odd = [], {}
        for mask, rows in groups(placed.keep):
            order.append(rows)
            for name, estimate in self.behind(mask, placed.y[rows], names, told):
                parts[name].append(estimate)
            odd |= oddities(placed.y[rows], mask, self.usual(mask), self.problem)
            if self.validation is None and not np.array_equal(self.nearest(mask).keep, mask):
                placed.said.append(
                    f"Held against validation samples behind another mask, {self.nearest(mask).name}, the most alike "
                    "of those in the exported file: rates are near their nominal ones, not at them."
                )
        back = np.argsort(np.concatenate(order))
        estimates = {name: together(found, back) for name, found in parts.items()}
        said = list(dict.fromkeys(placed.said))
        odd = [sentence for sentence in odd.values() if sentence] + self.misfits(estimates)
        return Prediction(estimates, placed.y, placed.keep, names[0], said, odd, placed.truth)

    def misfits(self, estimates: dict[str, Estimate]) -> list[str]:
        """Sentences on rows and bins that do not fit the others, by a robust method if there is one: it bends least."""
        told = {name: found.unfit for name, found in estimates.items() if found.unfit is not None}
        robust = [name for name in told if getattr(self.experiment.methods[name].settings, "misfit", "") == "huber"]
        return misfits.in_words(told[(robust or list(told))[0]], self.problem) if told else []

    def usual(self, mask: np.ndarray) -> dict[str, float]:
        """The oddest that validation data are behind a mask (rows,) bool (`Problem.oddities`)."""
        if self.validation is None:
            return self.nearest(mask).oddities
        found = self.problem.oddities(Observed(self.problem, mask).mask(self.validation[1]), mask)
        return {name: float(np.abs(values).max()) for name, values in found.items()}

    def nearest(self, mask: np.ndarray) -> trust.Table:
        """The table of the mask most like this one."""
        return min(self.tables, key=lambda table: trust.apart(table.keep, mask))

    def known(self, names) -> list[str]:
        """The names, each a method of the experiment's."""
        for name in names:
            if name not in self.experiment.methods:
                there = ", ".join(self.experiment.methods)
                raise ConfigError(f"there is no method {name!r} to predict with: the experiment has {there}")
        return list(names)

    def behind(self, mask: np.ndarray, y: np.ndarray, names: list[str], told=None) -> Iterator[tuple[str, Estimate]]:
        """Yield (name, estimate) of y (N, C, H, W), which arrived on the rows mask (rows,) bool, for every method."""
        done: dict[str, dict] = {}
        for name in names:
            found = self._method(name, mask, y, done, told)
            calibration, estimates, method = found["calibration"], found["estimates"], found["method"]
            judged = calibration.judge(trust.scores(method, estimates, y))
            half = calibration.half[None] * judged.error.reshape(-1, 1, 1, 1)
            unfit = None
            if estimates.y is not None:
                ratios = misfits.ratios(y, estimates.y, method.given.keep, self.problem)
                unfit = {key: values > found["limits"].get(key, misfits.FAR) for key, values in ratios.items()}
            yield name, Estimate(estimates.x, estimates.y, half.astype(np.float32), judged, calibration.choice, unfit)

    def table(self, name: str, mask: np.ndarray) -> trust.Table:
        """What validation samples say behind a mask (rows,) bool, of all methods of predictions."""
        done: dict[str, dict] = {}
        for method in self.methods:
            self._method(method, mask, self.validation[1][:1] * Observed(self.problem, mask).mask.weights(), done, None)
        calibrations = {method: found["calibration"] for method, found in done.items()}
        limits = {
            f"{key} of {method}": limit for method, found in done.items() for key, limit in found["limits"].items()
        }
        return trust.Table(name, mask, calibrations, self.usual(mask) | limits)

    def _method(self, name: str, mask: np.ndarray, y: np.ndarray, done: dict, told) -> dict:
        """One method behind a mask: what it is, its estimates of y and of the validation samples; after what it starts
        from.
        """
        if name in done:
            return done[name]
        one = self.experiment.methods[name]
        start, starts = one.part.starts_from(one.settings), None
        if start:
            before, starts = self._method(start, mask, y, done, told), {}
            for split, found in (("test", before["estimates"]), ("validation", before["validation"])):
                for space in ("x", "y"):
                    if found is not None and getattr(found, space) is not None:
                        starts[f"{split}/{space}"] = getattr(found, space)
        if told:
            told(self.experiment.labels[name])
        method, validation = self.method(name, mask, starts), None
        if self.validation is None:
            calibration = self.nearest(mask).methods[name]
            usual = self.nearest(mask).oddities
            limits = {key: usual[f"{key} of {name}"] for key in ("rows", "bins") if f"{key} of {name}" in usual}
            for key in CHOICES & calibration.choice.keys():
                setattr(method, key, calibration.choice[key])
        else:
            x, y_known = (u[method.samples("validation")] for u in self.validation)
            to_choose_on = method.to_choose_on.stop
            choice = one.part.choose([method], x[:to_choose_on], y_known[:to_choose_on]) if method.leaves_open else {}
            choice = {key: value for key, value in choice.items() if key in CHOICES}
            calibration, validation = trust.Calibration.of(method, x, y_known, choice)
            limits = misfits.limits(y_known, validation.y, method.given.keep, self.problem)
        found = method(y, "test")
        done[name] = {
            "method": method,
            "calibration": calibration,
            "validation": validation,
            "estimates": found,
            "limits": limits,
        }
        return done[name]

    def method(self, name: str, mask: np.ndarray, starts: dict | None = None):
        """A method of the experiment's behind a mask (rows,) bool."""
        one, experiment = self.experiment.methods[name], self.experiment
        network = self.network(one.settings.network) if one.settings.network else None
        device = self.device if experiment.runs_on_gpu(name) else "cpu"
        size = one.settings.batch_size or experiment.inference.batch_size
        seen, seed = Observed(self.problem, mask), experiment.training.seeds[0]
        from pairlsi.methods import Given

        given = Given(self.problem, seen, self.statistics, experiment.data.scaling, network, starts, device, seed, size)
        return one.part(one.settings, given)

    def network(self, name: str):
        """A trained network, of the first seed."""
        from pairlsi.networks.stored import load_trained

        if name not in self._networks:
            closed = self.experiment.networks[name].part.closed_form
            self._networks[name] = load_trained(self.weights(name), self.problem, "cpu" if closed else self.device)
        return self._networks[name]


CHOICES = {"iterations", "weight", "length"}  # that methods make, by the names of their attributes


def groups(keep: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(mask (rows,), the samples that have it) for every mask of keep (N, rows)."""
    masks, which = np.unique(keep, axis=0, return_inverse=True)
    for number, mask in enumerate(masks):
        yield mask, np.flatnonzero(which.ravel() == number)


def of_folder(said: dict, folder: Path) -> Model:
    """The model of an experiment, checked config `said`, whose results lie in a folder."""
    from pairlsi.data import store

    experiment, seed = Experiment(said), said["training"]["seeds"][0]
    validation = tuple(store.read(folder / "data" / "validation.zarr", name) for name in store.ARRAYS)

    def weights(name: str) -> Path:
        return folder / "networks" / name / f"seed-{seed}" / "weights.safetensors"

    return Model(experiment, read_statistics(folder / "data"), weights, validation)
