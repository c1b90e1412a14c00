"""Is one method the best of all? Case by case it is held against the best of the others."""

import numpy as np
import pandas as pd

from pairlsi.evaluation import by_percent
from pairlsi.evaluation.bootstrap import FEWEST, interval
from pairlsi.evaluation.comparisons import Sweep, describe
from pairlsi.reports.wording import SPLITS


def against_best(
    cases: dict[str, dict[str, np.ndarray]], method: str, confidence: float, labels: dict[str, str]
) -> pd.DataFrame:
    """For every case the best of the other methods, and by how much the error of `method` lies below its, in percent.

    cases: case -> method -> mean errors, of all samples first, then of each resample (1 + R,). Whether `method` is
    "better" or "worse" is said where the whole interval of the difference lies on one side, else "undecided".
    """
    rows = []
    for case, found in cases.items():
        others = {name: values for name, values in found.items() if name != method}
        if method not in found or not others:
            continue
        best = min(others, key=lambda name: others[name][0])
        gain, low, high = (100 * v for v in interval(1 - found[method] / others[best], confidence))
        verdict = "better" if low > 0 else "worse" if high < 0 else "undecided"
        told = {"best of the others": labels[best], "its mean RRE": f"{others[best][0]:.3f}"}
        told |= {"mean RRE": f"{found[method][0]:.3f}", "lower by, %": f"{gain:.1f} ({low:.1f} to {high:.1f})"}
        rows.append({"data": case, **told, "verdict": verdict})
    return pd.DataFrame(rows)


def in_words(table: pd.DataFrame, name: str) -> str:
    """What a table of `against_best` comes to, in a sentence or two; name: of the method."""
    if table.empty:
        return f"{name} could not be held against others."
    by_verdict = {verdict: list(rows.data) for verdict, rows in table.groupby("verdict")}
    better = len(by_verdict.get("better", []))
    said = [f"**{name} is better than every other method in {better} of {len(table)} cases**, by the whole interval."]
    if by_verdict.get("worse"):
        said.append(f"Another is better, by the whole interval, on {'; '.join(by_verdict['worse'])}.")
    if by_verdict.get("undecided"):
        said.append(f"It is undecided on {'; '.join(by_verdict['undecided'])}.")
    return " ".join(said)


def kin(method: str, methods: dict) -> list[str]:
    """The methods that start from this one's estimates, or that it starts from, at however many removes.

    methods: name -> `core.instances.Instance`.
    """

    def line(name: str) -> list[str]:
        start = methods[name].part.starts_from(methods[name].settings)
        return [start, *line(start)] if start else []

    return [name for name in methods if name != method and (name in line(method) or method in line(name))]


def on_masks(sweep: Sweep, name: str) -> dict[str, dict[str, np.ndarray]]:
    """The cases of `against_best` by the paper's names of masks, in and out of distribution, over all samples.

    Every method that the sweep of the experiment `name` has is held against the others, on the draws that all were
    run on.
    """
    run = {s: [m for m in sweep.table.method.unique() if sweep.was_run(m, s)] for s in sweep.shown}
    return {
        f"{name}: {describe(symbol)}, {SPLITS[split]}": {
            m: sweep.mean(m, symbol, "rre", split, among=methods) for m in methods
        }
        for split in SPLITS
        for symbol, methods in run.items()
    }


def on_percents(
    sweep: Sweep, methods: list[str], kinds: list[str], method: str, where: dict[str, str]
) -> dict[str, dict[str, np.ndarray]]:
    """The cases of `against_best` by the percentages at which `method` was run, in and out of distribution.

    Only the samples that all methods on masks of a kind share count, where there are `FEWEST` at least. Full data are
    a case of the first kind alone.
    """
    cases = {}
    for split, name in SPLITS.items():
        for kind in kinds:
            run = by_percent.run_on(sweep, methods, kind)
            samples = by_percent.shared_samples(sweep, split, run)
            if samples.sum() < FEWEST:
                continue
            found = by_percent.means(sweep, split, run, kind, samples)
            for percent in found.get(method, {}):
                if percent or kind == kinds[0]:
                    case = f"{percent} % missing {where[kind]}, {name} ({int(samples.sum())} samples)"
                    cases[case] = {m: values[percent] for m, values in found.items() if percent in values}
    return cases
