"""Tables of the report, from the tidy metrics of one experiment."""

import numpy as np
import pandas as pd

from pairlsi.evaluation import paper
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.claims import Sweep, describe
from pairlsi.evaluation.metrics import SUCCESS

SPLITS = {"test": "in distribution", "ood": "out of distribution"}
ROWS = {"pair": "PAIR", "encdec": "Encoder-decoder", "lsi": "PAIR+LSI"}
BESIDE = {"interpolate": "Interpolation, then PAIR", "lsi-zx": "LSI in Z_x (8)", "cgls": "CGLS, no network"}
BESIDE |= {"mean": "Mean model", "mlsi": "M-LSI", "mlsi-lsi": "M-LSI from LSI", "fwi": "FWI", "fwi-lsi": "FWI from LSI"}
BESIDE |= {"lsi-prior": "PAIR+LSI, prior", "lsi-refined": "Refined LSI", "linear": "Linear PAIR"}
BESIDE |= {"linear-lsi": "Linear PAIR+LSI", "cgls-mean": "CGLS from the mean", "cgls-completed": "CGLS, completed data"}
NETWORKS = {"vpae": "Variational PAIR"}


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
                mean, low, high = interval(rre, confidence)
                theirs = paper.TABLE_1[symbol, split][name]
                table.setdefault((SPLITS[split], describe(symbol), "measured"), {})[name] = (
                    f"{mean:.3f} ± {(high - low) / 2:.3f} / {ssim[0]:.3f}"
                )
                table.setdefault((SPLITS[split], describe(symbol), "paper"), {})[name] = (
                    f"{theirs[0]:.3f} / {theirs[1]:.3f}"
                )
    if not table:
        return pd.DataFrame()
    return pd.DataFrame(table).rename_axis(columns=["", "data", "RRE / SSIM"])


def all_methods(sweep: Sweep, split: str, methods: list[str], metric: str = "rre") -> pd.DataFrame:
    """Mean of a metric for every method (rows) and mask (columns) of the sweep."""
    rows = {}
    for method in methods:
        rows[label(method)] = {describe(symbol): sweep.mean(method, symbol, metric, split)[0] for symbol in sweep.masks}
    return pd.DataFrame(rows).T


def by_percent(sweep: Sweep, methods: list[str], split: str, confidence: float) -> dict:
    """Mean RRE and its interval, over draws, for every kind, method and percentage missing of the sweep.

    Returns kind -> method -> percent -> (mean, low, high); nothing missing is the percentage 0 of every kind.
    """
    bootstrap, found = getattr(sweep, split), {}
    masks = sweep.table[["mask_kind", "percent", "mask"]].drop_duplicates()
    for kind in sorted(set(masks.mask_kind) - {"none"}, reverse=True):
        chosen = masks[masks.mask_kind.isin([kind, "none"])].sort_values("percent")
        for method in methods:
            for percent, rows in chosen.groupby("percent"):
                mean = np.mean([bootstrap.mean(method, mask, "rre") for mask in rows["mask"]], axis=0)
                found.setdefault(kind, {}).setdefault(method, {})[int(percent)] = interval(mean, confidence)
    return found


def percents(sweep: Sweep, kind: str) -> list[int]:
    """The percentages missing of the masks of one kind in the sweep, full data being 0."""
    return sorted(sweep.table.percent[sweep.table.mask_kind.isin([kind, "none"])].unique().tolist())


def by_sample(sweep: Sweep, split: str, method: str, kind: str, percent: int, metric: str = "rre"):
    """A metric of each seed and sample (seeds, samples), mean over draws; None where the method was not run.

    NaN for samples that the method was not run on. The mean model is the same on all masks, so it is run on one.
    """
    rows = sweep.table[sweep.table.method == method]
    if method != "mean":
        rows = rows[(rows.mask_kind == (kind if percent else "none")) & (rows.percent == percent)]
    found = [getattr(sweep, split).values(method, mask, metric) for mask in rows["mask"].unique()]
    return np.mean(found, axis=0) if found else None


def shared_samples(sweep: Sweep, split: str, methods: list[str]) -> np.ndarray:
    """Which samples of a split all methods were run on, (samples,) bool: those that simulate take the first ones."""
    table = sweep.table[sweep.table.split == split]
    run = [table["sample"][table.method == method] for method in methods]
    return np.array([all((samples == i).any() for samples in run) for i in getattr(sweep, split).samples])


def means(sweep: Sweep, split: str, methods: list[str], kind: str, samples: np.ndarray, metric: str = "rre") -> dict:
    """Mean over the chosen samples on each resample: method -> percent -> (1 + R,), where the method was run."""
    found = {}
    for method in methods:
        for percent in percents(sweep, kind):
            values = by_sample(sweep, split, method, kind, percent, metric)
            if values is not None:
                values = np.where(samples, values, np.nan)
                found.setdefault(method, {})[percent] = getattr(sweep, split).mean_of(values)
    return found


def statistics(sweep: Sweep, split: str, methods: list[str], kind: str, metric: str) -> dict:
    """Mean and standard deviation over all samples that a method was run on: method -> percent -> (mean, deviation)."""
    found = {}
    for method in methods:
        for percent in percents(sweep, kind):
            values = by_sample(sweep, split, method, kind, percent, metric)
            if values is not None and not np.isnan(values).all():
                known = values[:, ~np.isnan(values).any(0)].mean(0)
                found.setdefault(method, {})[percent] = known.mean(), known.std(ddof=1) if len(known) > 1 else 0.0
    return found


def rivals(cases: dict[str, dict[str, np.ndarray]], method: str, confidence: float) -> pd.DataFrame:
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
        told = {"best of the others": label(best), "its mean RRE": f"{others[best][0]:.3f}"}
        told |= {"mean RRE": f"{found[method][0]:.3f}", "lower by, %": f"{gain:.1f} ({low:.1f} to {high:.1f})"}
        rows.append({"data": case, **told, "verdict": verdict})
    return pd.DataFrame(rows)


def outcomes(errors: np.ndarray, averaged: np.ndarray, mean_model: np.ndarray) -> dict[str, float]:
    """What became of the members of ensembles: means over samples of their relative errors.

    errors (N, K): of each member; averaged (N,): of the mean over members; mean_model (N,): of the mean model, which
    says when a member is successful (`metrics.SUCCESS`).
    """
    return {
        "members": errors.shape[1],
        "error of their mean": averaged.mean(),
        "median member": np.median(errors, axis=1).mean(),
        "best member": errors.min(axis=1).mean(),
        "members successful": (errors <= SUCCESS * mean_model[:, None]).mean(),
    }


def calibration(errors: np.ndarray, spreads: np.ndarray) -> dict[str, float]:
    """How the spread of each sample's ensemble (n,) goes with its error (n,); the ratio is of root mean squares."""
    varied = len(errors) > 2 and errors.std() > 0 and spreads.std() > 0
    return {
        "samples": len(errors),
        "error": errors.mean(),
        "spread": spreads.mean(),
        "error over spread": np.sqrt((errors**2).mean() / (spreads**2).mean()),
        "correlation": np.corrcoef(errors, spreads)[0, 1] if varied else np.nan,
    }


def label(method: str) -> str:
    """A method's name for people."""
    if method.startswith("encdec-"):
        return {"none": "Encoder-decoder", "random": "Encoder-decoder (R)", "block": "Encoder-decoder (B)"}[method[7:]]
    return {**ROWS, **BESIDE, **NETWORKS}[method]
