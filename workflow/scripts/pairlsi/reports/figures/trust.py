"""Figure of the rates of what predictions say of themselves."""

import numpy as np
from matplotlib.figure import Figure


def rates(table) -> Figure:
    """Left: distribution of the p-values of test samples, a line a mask; right: errors as expected and as they were."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
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
    return figure
