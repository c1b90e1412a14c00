"""Sections of the CT report that show samples and what was chosen: estimates by mask, surrogate metrics, choices."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pairlsi import figures, reporting
from pairlsi.evaluation import choices as chosen_on_validation
from pairlsi.evaluation import examples as picked
from pairlsi.evaluation import tables
from pairlsi.evaluation.comparisons import describe, matched
from pairlsi.evaluation.stored import Stored
from pairlsi.evaluation.wording import ROWS, SPLITS, label


def median_sample(stored: Stored, split: str) -> int:
    """The sample whose error over all masks, by PAIR+LSI where that was run, is the median over the split."""
    methods, table = stored.inference.methods, stored.sweep.table
    method = "lsi" if "lsi" in methods else methods[0]
    rows = table[(table.split == split) & (table.method == method) & (table.seed == stored.seed)]
    return picked.median(rows.groupby("sample").rre.mean().to_numpy())


def example(stored: Stored, split: str, sample: int, rows: dict[str, dict[str, str]]) -> Figure:
    """The figure of one sample; rows: name of the row -> the paper's name of the mask -> method."""
    found = picked.on_masks(stored, split, sample, rows)
    return figures.examples(found.truth, found.data, found.estimates, found.errors, (0, float(found.truth.max())))


def overview(stored: Stored) -> None:
    """The median test sample by the paper's three methods, of those that were run on all masks."""
    masks, sample = stored.sweep.shown, median_sample(stored, "test")
    by_mask = {name: {symbol: matched(method, symbol) for symbol in masks} for method, name in ROWS.items()}
    rows = {name: found for name, found in by_mask.items() if set(found.values()) <= set(stored.inference.methods)}
    if rows:
        reporting.show(
            example(stored, "test", sample, rows),
            stored.figures,
            "overview",
            f"Test sample {sample}, the median in error. Upper row: the data, angles running to the right, missing "
            "ones grey. Below: estimates with their relative errors, the least on each mask in bold. The "
            "encoder-decoder of each column is the one trained on that kind of mask; masks with a prime are new to it.",
        )


def table_1(stored: Stored) -> None:
    """The paper's Table 1, as far as its masks and methods were run."""
    confidence, found = stored.experiment.evaluation.confidence, False
    for name, symbols in (("(a) full data", ["none"]), ("(b) random masks", ["R", "R′"]), ("(c) blocks", ["B", "B′"])):
        table = tables.table_1(stored.sweep, symbols, confidence)
        if not table.empty:
            reporting.show_table(table, name)
            found = True
    if not found:
        reporting.show_text(
            "This needs one of its methods, pair, lsi and encoder-decoders, on full data or on masks of "
            "networks.mask_percent."
        )


def examples(stored: Stored) -> None:
    """The paper's Figures 1 and 2: the median samples in and out of distribution by every method."""
    rows = {label(method): dict.fromkeys(stored.sweep.shown, method) for method in stored.inference.methods}
    for split, name in (("test", "figure-1"), ("ood", "figure-2")):
        sample = median_sample(stored, split)
        reporting.show(
            example(stored, split, sample, rows),
            stored.figures,
            name,
            f"Sample {sample} {SPLITS[split]}: data and estimates by mask and method, with their RRE.",
        )


def surrogates(stored: Stored, method: str, mask: str) -> pd.DataFrame:
    """The tidy metrics of a method on a mask, a row for each test sample in order."""
    table = stored.sweep.table
    chosen = (table.method == method) & (table["mask"] == mask) & (table.split == "test")
    return table[chosen & (table.seed == stored.seed)].sort_values("sample")


def clusters(stored: Stored) -> None:
    """The paper's Figure 3: surrogate metrics of full data, of the same with a block missing, and after LSI."""
    sweep = stored.sweep
    if not ({"pair", "lsi"} <= set(stored.inference.methods) and {"none", "B"} <= set(sweep.masks)):
        reporting.show_text(
            "This figure needs the methods pair and lsi, full data, and draw 0 of the block of networks.mask_percent."
        )
        return
    block = sweep.names("B")[0]
    points = {
        "full data, PAIR": surrogates(stored, "pair", "none-0-0"),
        "mask B, PAIR": surrogates(stored, "pair", block),
        "mask B, PAIR+LSI": surrogates(stored, "lsi", block),
    }
    reporting.show(
        figures.clusters(points),
        stored.figures,
        "figure-3",
        "Surrogate metrics of each test sample; colour is the true error, which the metrics do not know.",
    )
    full, before, after = (np.median(table.misfit) for table in points.values())
    order = "between the other two, as in the paper" if full < after < before else "not between the other two"
    reporting.show_text(f"The cluster after LSI lies {order}.")


def choices(stored: Stored) -> None:
    """Where each method was stopped on each kind of mask, and what each weight of the prior would have given."""
    masks = {symbol: names[0] for symbol, names in stored.sweep.shown.items() if "′" not in symbol}
    found = chosen_on_validation.on_masks(stored, stored.inference.methods, masks)
    if not found:
        reporting.show_text("No method here leaves anything open.")
        return
    labels = {method: label(method) for method in found}
    reporting.show(
        figures.validation_curves(
            chosen_on_validation.curves(found), labels, {symbol: describe(symbol) for symbol in masks}
        ),
        stored.figures,
        "choices",
        "Mean relative error on validation samples against iterations; dots where the solver was stopped for the test "
        "samples.",
    )
    weights = chosen_on_validation.weights(found)
    if not weights.empty:
        reporting.show_table(weights, "Each weight of the prior, with its least mean error on validation samples.")
