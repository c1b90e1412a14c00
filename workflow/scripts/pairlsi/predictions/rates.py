"""How often the trust of predictions is right on test data, and what methods make of data that are spoiled."""

from collections.abc import Iterator

import numpy as np

from pairlsi import observations
from pairlsi.evaluation.metrics import relative_error
from pairlsi.observations import spoiled
from pairlsi.predictions import trust
from pairlsi.predictions.model import Model, Observed
from pairlsi.predictions.results import Estimate

FIRST, SPOILED = 100, 20  # test samples at most, as they are and spoiled


def masks(experiment) -> dict[str, np.ndarray]:
    """Name -> keep (rows,) bool of each mask of a config's cases, once: draw 0, of sample 0. Masks that differ by
    channel are left out, as data of one's own have rows that are missing in all channels.
    """
    wrong, found = spoiled.spoiling(experiment), {}
    for case in sorted(experiment.cases, key=lambda case: observations.split_case(case)[0] in wrong):
        keep = observations.made(experiment.described(case), experiment.problem, draw=0).mask.keep
        if keep.ndim == 1 and not any(np.array_equal(keep, other) for other in found.values()):
            found[case] = keep
    return found or {"none-0": np.ones(experiment.problem.missing_count, bool)}


def rows(model: Model, masks: dict[str, np.ndarray], splits: dict[str, tuple], seed: int) -> Iterator[dict]:
    """A row a mask, kind of data, severity, method and sample.

    masks: name -> keep (rows,); splits: "test" and "ood" -> x, y (N, C, H, W), full data; seed: of what goes wrong.
    kind: "test", as in training; "ood", of another distribution, both by the method that speaks for all; or a kind of
    `observations.spoiled` at each of its severities, behind the mask that leaves most, by all methods.
    """
    fullest = max(masks, key=lambda name: masks[name].sum())
    x, y = (u[:SPOILED] for u in splits["test"])
    spoiled_data = [(one.part.kind, level, x, spoil(model, one, level, y)) for one, level in severities(model, seed)]
    for name, keep in masks.items():  # a method once behind each: its choices on validation samples are half the work
        data = [(split, 0.0, x[:FIRST], y[:FIRST]) for split, (x, y) in splits.items()]
        data += spoiled_data if name == fullest else []
        yield from tried(model, name, keep, data, model.methods[:1])
    yield from tried(model, fullest, masks[fullest], [("test", 0.0, x, y), *spoiled_data], model.methods[1:])


def severities(model: Model, seed: int) -> list[tuple]:
    """(instance, level) of everything that may go wrong with data of this model's problem."""
    fit = spoiled.fitting(model.experiment, seed)
    return [(one, level) for one in fit for level in one.part.levels(one.settings)]


def spoil(model: Model, one, level: float, y: np.ndarray) -> np.ndarray:
    """Test data y (N, C, H, W), the first of their split, spoiled."""
    observation = observations.made(observations.described(one, level), model.problem, draw=0)
    return observation(y, "test", np.arange(len(y)))


def tried(model: Model, name: str, keep: np.ndarray, data: list[tuple], methods: list[str]) -> Iterator[dict]:
    """Rows of several (kind, severity, x, y) behind a mask of this name by these methods."""
    if not methods:
        return
    mask = Observed(model.problem, keep).mask
    truth = np.concatenate([x for _, _, x, _ in data])
    told = [(kind, severity, sample) for kind, severity, x, _ in data for sample in range(len(x))]
    for method, found in model.behind(keep, np.concatenate([mask(y) for *_, y in data]), methods):
        for (kind, severity, sample), row in zip(told, measured(found, truth), strict=True):
            yield {"mask": name, "kind": kind, "severity": severity, "sample": sample, "method": method} | row


def measured(found: Estimate, truth: np.ndarray) -> Iterator[dict]:
    """What was foretold of each sample, and what was the case; truth (N, C, H, W)."""
    errors = relative_error(found.x, truth)
    missed, half = (u.reshape(len(truth), -1) for u in (np.abs(found.x - truth), found.band))
    off = np.abs(np.log(errors / found.trust.error))
    held_at = (1 + (found.trust.off < off[:, None]).sum(1)) / (1 + found.trust.known)
    levels = [list(zip(trust.LEVELS, parts, strict=True)) for parts in found.trust.parts]
    for sample, error in enumerate(errors):
        yield {
            "p_value": found.trust.p_value[sample],
            "known": found.trust.known,
            "error": error,
            "expected": found.trust.error[sample],
            "low": found.trust.interval[sample, 0],
            "high": found.trust.interval[sample, 1],
            # the level of the least interval that holds the error, and the part of all pixels in bands of several
            "held_at": held_at[sample],
            **{f"within_{level:.0%}": (missed[sample] <= part * half[sample]).mean() for level, part in levels[sample]},
        }
