"""Figures of the rates of what predictions say of themselves."""

import math

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from pairlsi.reports.trusted import label, severity_of

COLUMNS = 5


def rates(table) -> Figure:
    """Left: distribution of the p-values of test samples, a line a mask; middle: errors as expected and as they were;
    right: how often intervals hold the error and bands a pixel, over the levels at which they should.
    """
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    left, right, last = figure.subplots(1, 3)
    left.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
    for mask, own in table[table.kind == "test"].groupby("mask", sort=False):
        p = np.sort(own.p_value)
        left.step(p, np.arange(1, len(p) + 1) / len(p), where="post", label=mask)
    left.set(xlabel="p-value", ylabel="part of the test samples at or below", xlim=(0, 1), ylim=(0, 1))
    left.legend(fontsize=8, frameon=False)
    for mask, own in table[table.kind == "test"].groupby("mask", sort=False):
        right.errorbar(
            own.expected, own.error, xerr=[own.expected - own.low, own.high - own.expected], fmt=".", alpha=0.5,
            elinewidth=0.4, label=mask,
        )  # fmt: skip
    most = max(right.get_xlim()[1], right.get_ylim()[1])
    right.plot([0, most], [0, most], color="0.6", linewidth=1, linestyle=":")
    right.set(xlabel="expected error, with its 90 % interval", ylabel="error", xlim=(0, most), ylim=(0, most))
    last.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
    levels = [column for column in table.columns if column.startswith("within_")]
    for number, (_, own) in enumerate(table[table.kind == "test"].groupby("mask", sort=False)):
        held = np.sort(own.held_at)
        last.step(held, np.arange(1, len(held) + 1) / len(held), where="post", color=f"C{number}")
        wanted = [float(column.removeprefix("within_").removesuffix("%")) / 100 for column in levels]
        last.plot(wanted, own[levels].mean(), "o--", markersize=3, linewidth=1, color=f"C{number}")
    last.plot([], [], color="0.3", label="errors of samples")
    last.plot([], [], "o--", markersize=3, linewidth=1, color="0.3", label="pixels")
    last.set(xlabel="level of an interval or a band", ylabel="part that it holds", xlim=(0, 1), ylim=(0, 1))
    last.legend(fontsize=8, frameon=False)
    return figure


def roc(table) -> Figure:
    """A panel a kind of wrong data: which part is noticed against which part of test data as they should be raises an
    alarm, a line a severity, over all p-values at which an alarm may be raised.
    """
    levels = np.r_[0, np.unique(table.p_value)]
    alarms = at_or_below(table[table.kind == "test"].p_value, levels)
    kinds = list(table[table.kind != "test"].kind.unique())
    rows = math.ceil(len(kinds) / COLUMNS)
    figure = Figure(figsize=(13, 2.5 * rows + 0.4), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, kind in zip(axes, kinds, strict=False):
        panel.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
        severities = sorted(table[table.kind == kind].severity.unique())
        for number, severity in enumerate(severities):
            own = table[(table.kind == kind) & (table.severity == severity)]
            colour = colormaps["viridis_r"](0.15 + 0.85 * (number + 1) / len(severities))
            panel.plot(alarms, at_or_below(own.p_value, levels), color=colour, linewidth=1.4, label=f"{severity:g}")
        panel.set_title(label(kind), fontsize=9)
        panel.set(xlim=(0, 1), ylim=(0, 1.02))
        if severities[-1]:
            panel.legend(fontsize=7, frameon=False, loc="lower right")
            panel.set_xlabel(severity_of(kind, severities[-1]).partition(" ")[2], fontsize=8)
    for panel in axes[len(kinds) :]:
        panel.set_visible(False)
    figure.supxlabel("false alarms", fontsize=9)
    figure.supylabel("noticed", fontsize=9)
    return figure


def at_or_below(p_values, levels: np.ndarray) -> np.ndarray:
    """Which part of the p-values is at or below each of the levels, (levels,)."""
    return (np.asarray(p_values)[:, None] <= levels).mean(0)
