"""Tables of the report, from the tidy metrics of one experiment."""

import numpy as np
import pandas as pd

from pairlsi.evaluation import paper
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.claims import Sweep, describe

SPLITS = {"test": "in distribution", "ood": "out of distribution"}
ROWS = {"pair": "PAIR", "encdec": "Encoder-decoder", "lsi": "PAIR+LSI"}
BESIDE = {"interpolate": "Interpolation, then PAIR", "lsi-zx": "LSI in Z_x (8)", "cgls": "CGLS, no network"}


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


def label(method: str) -> str:
    """A method's name for people."""
    if method.startswith("encdec-"):
        return {"none": "Encoder-decoder", "random": "Encoder-decoder (R)", "block": "Encoder-decoder (B)"}[method[7:]]
    return {**ROWS, **BESIDE}[method]
