"""Figure of the rates of what predictions say of themselves."""

import numpy as np
from matplotlib.figure import Figure

from pairlsi.predictions.trust import LEVEL


def rates(table, labels: dict[str, str]) -> Figure:
    """Left: distribution of the p-values of test samples, a line a mask; right: power against severity, a line a
    kind.
    """
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
    for mask, own in table[table.kind == "test"].groupby("mask", sort=False):
        p = np.sort(own.p_value)
        left.step(p, np.arange(1, len(p) + 1) / len(p), where="post", label=mask)
    left.set(xlabel="p-value", ylabel="part of the test samples at or below", xlim=(0, 1), ylim=(0, 1))
    left.legend(fontsize=8, frameon=False)
    for kind, own in table[table.kind != "test"].groupby("kind", sort=False):
        noticed = (own.p_value <= LEVEL).groupby(own.severity).mean()
        right.plot(range(1, len(noticed) + 1), noticed, marker="o", label=labels[kind])
    right.axhline(LEVEL, color="0.6", linewidth=1, linestyle=":")
    right.set(ylabel="part that is noticed", ylim=(0, 1.03), xticks=[1, 2, 3], xlabel="severity")
    right.set_xticklabels(["least", "middle", "most"])
    right.legend(fontsize=8, frameon=False)
    return figure
