"""Tables of the reports over masks and methods, from the tidy metrics of one experiment."""

import numpy as np
import pandas as pd

from pairlsi.evaluation import by_percent, paper
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.comparisons import Sweep, describe
from pairlsi.networks import latents
from pairlsi.reports.wording import ROWS, SPLITS, plus_minus, with_interval

DEVIATION = "relative to the deviation"  # what tables call `metrics.deviation_error`
TERMS = {"autoencode_x": "x to x", "autoencode_y": "y to y", "forward": "x to y", "inverse": "y to x"}
VARIANCE_LEFT = (
    "What each network leaves of the variance of validation samples, in each term of its loss, at the epoch that was "
    "kept, and what principal components of the length of its latents (x and y) with the best linear maps between them "
    "leave, which know this much without training."
)


def table_1(sweep: Sweep, symbols: list[str], confidence: float) -> pd.DataFrame:
    """Table 1 for these masks, "RRE ± half the interval / SSIM", the paper's three methods beside the paper's numbers.

    The encoder-decoder is the one trained on that kind of mask. Methods that the sweep lacks are left
    out; without any of them the table is empty.
    """
    table = {}
    for symbol in symbols:
        for split in SPLITS:
            for method, name in ROWS.items():
                try:
                    rre, ssim = (sweep.mean(method, symbol, metric, split) for metric in ("rre", "ssim"))
                except KeyError:
                    continue
                theirs = paper.TABLE_1[symbol, split][name]
                table.setdefault((SPLITS[split], describe(symbol), "measured"), {})[name] = (
                    f"{plus_minus(rre, confidence)} / {ssim[0]:.3f}"
                )
                table.setdefault((SPLITS[split], describe(symbol), "paper"), {})[name] = (
                    f"{theirs[0]:.3f} / {theirs[1]:.3f}"
                )
    if not table:
        return pd.DataFrame()
    return pd.DataFrame(table).rename_axis(columns=["", "data", "RRE / SSIM"])


def all_methods(sweep: Sweep, split: str, methods: list[str], metric: str = "rre") -> pd.DataFrame:
    """Mean of a metric for every method (rows) and mask (columns) of the sweep, over the draws that all were run on.

    NaN for what was not run.
    """
    rows = {sweep.label(method): {} for method in methods}
    for symbol in sweep.shown:
        run = [method for method in methods if sweep.was_run(method, symbol)]
        for method in run:
            rows[sweep.label(method)][describe(symbol)] = sweep.mean(method, symbol, metric, split, among=run)[0]
    return pd.DataFrame(rows).T


def draws(sweep: Sweep, methods: list[str]) -> str:
    """On how many draws of the masks methods were run, where some were run on fewer than others, as a sentence."""
    new = [symbol for symbol in sweep.masks if symbol in ("R′", "B′")]
    counted = [method for method in methods if method not in sweep.blind] if new else []
    run = {m: len(sweep.measured(m, new[0]).draws) if sweep.was_run(m, new[0]) else 0 for m in counted}
    if len(set(run.values())) < 2:
        return ""
    most = max(run.values())
    fewer = {count: [sweep.label(m) for m in run if run[m] == count] for count in sorted(set(run.values()) - {most})}
    told = [
        f"on {f'the first {count} of them' if count else 'none of them'} ({', '.join(names)})"
        for count, names in fewer.items()
    ]
    return (
        f"{' and '.join(new)} are {most} masks each, but for methods that were run {' or '.join(told)}; where these "
        "are compared with others, it is on the masks that all share."
    )


def best_first(sweep: Sweep, methods: list[str], metric: str = "rre") -> dict[str, np.ndarray]:
    """Mean error over all masks with something missing that all were run on: method -> (1 + R,), the least first.

    Methods that were run on full data alone are left out. Empty where there are no such masks.
    """
    methods = [method for method in methods if any(sweep.was_run(method, symbol) for symbol in sweep.missing)]
    missing = [symbol for symbol in sweep.missing if all(sweep.was_run(method, symbol) for method in methods)]
    if not missing or not methods:
        return {}
    means = {m: np.mean([sweep.mean(m, symbol, metric, among=methods) for symbol in missing], axis=0) for m in methods}
    return dict(sorted(means.items(), key=lambda item: item[1][0]))


def over_masks(sweep: Sweep, methods: list[str], confidence: float) -> pd.DataFrame:
    """`best_first` as a table, with intervals, and the mean errors relative to deviations from the mean model."""
    rows, deviations = {}, {m: v[0] for m, v in best_first(sweep, methods, "deviation_error").items()}
    for method, values in best_first(sweep, methods).items():
        mean, low, high = interval(values, confidence)
        told = "" if np.isnan(low) else f"{low:.3f} to {high:.3f}"
        rows[sweep.label(method)] = {
            "mean RRE": f"{mean:.3f}",
            "interval": told,
            DEVIATION: f"{deviations[method]:.3f}",
        }
    return pd.DataFrame(rows).T


def on_shared_and_all(sweep: Sweep, methods: list[str], kind: str, percent: int, confidence: float) -> pd.DataFrame:
    """Mean RRE with that percentage missing, with intervals, from the best method to the worst.

    One column on the test samples that all methods share, beside it the same errors relative to deviations from the
    mean model, and one on all samples for the methods that were run on all; each on the draws that its methods share.
    """
    shared = by_percent.shared_samples(sweep, "test", methods)
    some, count = int(shared.sum()), len(shared)
    on_shared = by_percent.means_at(sweep, methods, kind, percent, shared)
    deviations = by_percent.means_at(sweep, methods, kind, percent, shared, "deviation_error")
    run = {method: by_percent.values(sweep, "test", method, kind, percent) for method in on_shared}
    everywhere = [method for method, values in run.items() if not np.isnan(values).any()]
    on_all = by_percent.means_at(sweep, everywhere, kind, percent, np.ones_like(shared))
    rows = {}
    for method, mean in on_shared.items():
        rows[sweep.label(method)] = {
            f"the {some} samples that all share": with_interval(mean, confidence) if some else "",
            DEVIATION: with_interval(deviations[method], confidence) if some else "",
        }
        if some < count:
            rows[sweep.label(method)][f"all {count} test samples"] = (
                with_interval(on_all[method], confidence) if method in on_all else ""
            )
    return pd.DataFrame(rows).T


def verdicts(claims: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of claims.csv: those of whole claims, of these the ones that could be judged, of these the held."""
    whole = claims[claims.part == "all"]
    judged = whole[whole.verdict.isin(["held", "not held", "undecided"])]
    return whole, judged, judged[judged.verdict == "held"]


def controls(claims: pd.DataFrame) -> str:
    """What became of the controls of claims.csv, as a sentence; empty where there are none."""
    found = claims[claims.part == "control"]
    if found.empty:
        return ""
    held = found[found.verdict == "held"]
    told = "; ".join(f"claim {row.claim}, {row.statement.removeprefix('control: ')}" for row in held.itertuples())
    return (
        f"Each claim was judged on null controls too, {len(found)} in all, which put latents that tell nothing of the "
        "sample in place of those it is about: "
        f"{f'it held for {told}' if told else 'it held for none of them, as it must be'}."
    )


def seconds(sweep: Sweep, methods: list[str]) -> pd.DataFrame:
    """Mean wall time of one estimate on the test split, over masks, that of the estimates it started from included."""
    times = sweep.table[sweep.table.split == "test"].groupby("method").seconds.mean()
    return pd.DataFrame(
        {sweep.label(m): {"seconds a sample": f"{times[m]:.2g}"} for m in methods if m in times.index}
    ).T


def surrogates(sweep: Sweep, methods: list[str], kind: str) -> pd.DataFrame:
    """Means over the test split of the metrics that need no truth, a row a method and metric, by percentage missing."""
    everyone, rows = np.ones(len(sweep.test.samples), bool), {}
    for method in methods:
        for metric in ("residual_estimate", "autoencoded_difference"):
            values = by_percent.means(sweep, "test", [method], kind, everyone, metric)[method]
            rows[f"{sweep.label(method)}, {metric.replace('_', ' ')}"] = {f"{q} %": v[0] for q, v in values.items()}
    return pd.DataFrame(rows).T


def active_latents(divergences: dict[str, list[float]]) -> pd.DataFrame:
    """How many latents of each space there are, are active, and carry; divergences: "x" or "y" -> nats of each."""
    rows = {}
    for space, values in divergences.items():
        told = {"latents": len(values), "active": latents.active(values), "nats in all": round(sum(values))}
        rows[{"x": "models, x", "y": "data, y"}[space]] = told
    return pd.DataFrame(rows).T


def terms_left(history: pd.DataFrame) -> dict[str, float]:
    """What a network leaves of the variance of validation samples, by term of its loss, at the epoch that was kept."""
    kept = history.loc[history.validation_loss.idxmin()]
    return {term: float(kept[f"validation_{term}"]) for term in TERMS if f"validation_{term}" in kept}
