"""Samples that the figures show, picked by rules that favour no method, and what was stored of them."""

from dataclasses import dataclass

import numpy as np

from pairlsi.data import store
from pairlsi.evaluation import by_percent, metrics
from pairlsi.methods.search import SHOWN
from pairlsi.reports.stored import Stored

QUANTILES = (0.1, 0.5, 0.9)  # of the error, of the samples from easy to hard


def median(errors: np.ndarray, among: np.ndarray | None = None) -> int:
    """The sample whose error, of errors (N,), is nearest to the median; of those `among` (N,) bool, if given."""
    values = errors if among is None else np.where(among, errors, np.nan)
    return int(np.nanargmin(np.abs(values - np.nanmedian(values))))


def easy_to_hard(errors: np.ndarray, among: np.ndarray) -> list[int]:
    """The samples at `QUANTILES` of errors (N,) among some (N,) bool, each once."""
    pool = np.flatnonzero(among)
    order = pool[np.argsort(errors[pool])]
    return list(dict.fromkeys(int(order[round(q * (len(order) - 1))]) for q in QUANTILES))


def observed(y: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Data (rows, samples) with NaN in the rows that are missing; keep (rows,) bool."""
    return np.where(keep[:, None], y, np.nan)


@dataclass(frozen=True)
class OnMasks:
    """One sample on several masks: truth (H, W); data: mask -> (rows, samples), NaN where missing;
    estimates: row of the figure -> mask -> (H, W); errors: row -> mask -> RRE."""

    truth: np.ndarray
    data: dict[str, np.ndarray]
    estimates: dict[str, dict[str, np.ndarray]]
    errors: dict[str, dict[str, float]]


def on_masks(stored: Stored, split: str, sample: int, rows: dict[str, dict[str, str]]) -> OnMasks:
    """A sample on the first mask of each name; rows: row -> name of the mask -> method, of the same masks in each."""
    one = slice(sample, sample + 1)
    truth, y = (stored.samples(split, array, one)[0, 0] for array in store.ARRAYS)
    found = OnMasks(truth, {}, {}, {})
    for symbol in next(iter(rows.values())):
        mask = stored.sweep.names(symbol)[0]
        found.data[symbol] = observed(y, stored.keep(mask, sample))
        for row, by_mask in rows.items():
            estimates = stored.estimates(by_mask[symbol], mask)
            if estimates is None:  # a method that takes long, on a new mask
                continue
            image = estimates[f"{split}/x"][sample, 0]
            found.estimates.setdefault(row, {})[symbol] = image
            found.errors.setdefault(row, {})[symbol] = float(metrics.relative_error(image[None], truth[None])[0])
    return found


@dataclass(frozen=True)
class ByMethod:
    """S samples on one mask: truths (S, H, W); estimates: method's label -> (S, H, W); errors: label -> (S,) RRE;
    deviations: label -> (H, W), over the members for the last sample, of the methods that keep members."""

    truths: np.ndarray
    estimates: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]
    deviations: dict[str, np.ndarray]


def by_method(stored: Stored, methods: list[str], mask: str, samples: list[int]) -> ByMethod:
    """These test samples as each method estimates them; a method that was not run on all of them is left out."""
    truths = np.stack([stored.samples("test", "x", slice(s, s + 1))[0, 0] for s in samples])
    found = ByMethod(truths, {}, {}, {})
    for method in methods:
        group = stored.estimates(method, mask)["test"]
        if max(samples) >= group["x"].shape[0]:
            continue
        images, name = np.stack([group["x"][s, 0] for s in samples]), stored.label(method)
        found.estimates[name], found.errors[name] = images, metrics.relative_error(images, truths)
        if "x_members" in group:
            found.deviations[name] = group["x_members"][samples[-1], :, 0].std(axis=0, ddof=1)
    return found


@dataclass(frozen=True)
class Completion:
    """Data of one test sample as LSI completes them: full and mean (C, rows, samples), members (K, C, rows, samples);
    error: of the mean, relative."""

    sample: int
    full: np.ndarray
    mean: np.ndarray
    members: np.ndarray
    error: float


def completion(stored: Stored, kind: str, percent: int, most: int) -> Completion:
    """Of the samples whose data are kept member by member the one nearest to the median error; at most `most` members.

    Where there is a single member, it stands for the mean too.
    """
    group = stored.estimates("lsi", stored.mask(kind, percent))["test"]
    errors = by_percent.values(stored.sweep, "test", "lsi", kind, percent, "data_rre")[0, 0]
    sample = int(np.argmin(np.abs(errors[:SHOWN] - np.median(errors))))
    full, mean = stored.samples("test", "y", slice(sample, sample + 1))[0], group["y"][sample]
    members = group["y_members"][sample][:most] if "y_members" in group else mean[None]
    return Completion(sample, full, mean, members, float(errors[sample]))
