"""Errors of methods against the percentage missing, on the samples that are to be compared, from tidy metrics."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from pairlsi.evaluation.bootstrap import Measured, interval
from pairlsi.evaluation.comparisons import Sweep


def percents(sweep: Sweep, kind: str) -> list[int]:
    """The percentages missing of the masks of one kind in the sweep, full data being 0."""
    found = sweep.table.percent[sweep.table.observation.isin([kind, "none"])].unique()
    return sorted(map(plain, found))


def plain(level: float) -> float:
    """A level as it is written: 25, not 25.0, as it stands in a column with severities that are no whole numbers."""
    return int(level) if float(level).is_integer() else float(level)


def run_at(sweep: Sweep, methods: list[str], kind: str) -> dict[str, set[int]]:
    """The percentages missing, 0 for full data, at which each method was run on masks of a kind, but for the blind."""
    table = sweep.table[sweep.table.observation.isin([kind, "none"])]
    found = {method: table.percent[table.method == method].unique() for method in methods if method not in sweep.blind}
    return {method: set(map(plain, own)) for method, own in found.items()}


def run_on(sweep: Sweep, methods: list[str], kind: str) -> list[str]:
    """The methods that were run on masks of this kind or on full data alone, and those that see no data."""
    kinds = sweep.table.groupby("method").observation.agg(set)
    return [m for m in methods if m in sweep.blind or kind in kinds.get(m, ()) or kinds.get(m) == {"none"}]


def measured(sweep: Sweep, split: str, method: str, kind: str, percent: int, metric: str = "rre") -> Measured | None:
    """A metric of each seed, draw and sample; None where the method was not run.

    NaN for samples that the method was not run on. A blind method has the same on all masks, so it is run on one.
    """
    rows = sweep.table[(sweep.table.method == method) & (sweep.table.split == split)]
    if method not in sweep.blind:
        rows = rows[(rows.observation == (kind if percent else "none")) & (rows.percent == percent)]
    masks = rows["mask"].unique().tolist()
    return getattr(sweep, split).measured(method, masks, metric) if masks else None


def values(sweep: Sweep, split: str, method: str, kind: str, percent: int, metric: str = "rre") -> np.ndarray | None:
    """The same as (seeds, draws, samples)."""
    found = measured(sweep, split, method, kind, percent, metric)
    return None if found is None else found.values


def shared_samples(sweep: Sweep, split: str, methods: list[str]) -> np.ndarray:
    """Which samples of a split all methods were run on, (samples,) bool: those that simulate take the first ones."""
    table = sweep.table[sweep.table.split == split]
    run = [table["sample"][table.method == method] for method in methods]
    return np.array([all((samples == i).any() for samples in run) for i in getattr(sweep, split).samples])


def means(sweep: Sweep, split: str, methods: list[str], kind: str, samples: np.ndarray, metric: str = "rre") -> dict:
    """Mean over the chosen samples on each resample: method -> percent -> (1 + R,), where the method was run.

    At each percentage it is over the draws that all of these methods were run on: what is dear is run on few.
    """
    found = {}
    for percent in percents(sweep, kind):
        known = {m: u for m in methods if (u := measured(sweep, split, m, kind, percent, metric)) is not None}
        draws = [set(u.draws) for m, u in known.items() if m not in sweep.blind]
        shared = set.intersection(*draws) if draws else set()
        for method, all_draws in known.items():
            chosen = all_draws if method in sweep.blind else all_draws.of_draws(shared)
            chosen = replace(chosen, values=np.where(samples, chosen.values, np.nan))
            found.setdefault(method, {})[percent] = getattr(sweep, split).mean_of(chosen)
    return {method: found[method] for method in methods if method in found}


def means_at(
    sweep: Sweep, methods: list[str], kind: str, percent: int, samples: np.ndarray, metric: str = "rre"
) -> dict[str, np.ndarray]:
    """Mean error over the chosen test samples with that percentage missing: method -> (1 + R,), the least first."""
    found = means(sweep, "test", methods, kind, samples, metric)
    at = {method: by_percent[percent] for method, by_percent in found.items() if percent in by_percent}
    return dict(sorted(at.items(), key=lambda item: item[1][0]))


def statistics(sweep: Sweep, split: str, methods: list[str], kind: str, metric: str) -> dict:
    """Mean and standard deviation over all samples and draws of a method: method -> percent -> (mean, deviation)."""
    found = {}
    for method in methods:
        for percent in percents(sweep, kind):
            known = values(sweep, split, method, kind, percent, metric)
            if known is not None and not np.isnan(known).all():
                known = known[:, :, ~np.isnan(known).any((0, 1))].mean(0)
                found.setdefault(method, {})[percent] = known.mean(), known.std(ddof=1) if known.size > 1 else 0.0
    return found


def intervals(sweep: Sweep, methods: list[str], split: str, confidence: float) -> dict:
    """`means` over all samples that a method was run on, with intervals, for every kind of mask.

    Returns kind -> method -> percent -> (mean, low, high); nothing missing is the percentage 0 of every kind.
    """
    everyone = np.ones(len(getattr(sweep, split).samples), bool)
    return {
        kind: {
            method: {percent: interval(mean, confidence) for percent, mean in by_level.items()}
            for method, by_level in means(sweep, split, methods, kind, everyone).items()
        }
        for kind in sorted(set(sweep.table.observation) - {"none"}, reverse=True)
    }


def table(
    means: dict[str, dict[int, np.ndarray]], write: Callable[[np.ndarray], object], labels: dict[str, str]
) -> pd.DataFrame:
    """A row a method and a column a percentage; means: method -> percent -> (1 + R,), written cell by cell."""
    return pd.DataFrame(
        {labels[method]: {f"{q} %": write(v) for q, v in found.items()} for method, found in means.items()}
    ).T
