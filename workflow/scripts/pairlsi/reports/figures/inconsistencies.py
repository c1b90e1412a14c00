"""Figure of errors and alarms against how much is wrong with the data, a panel a kind."""

import math

from matplotlib.figure import Figure

from pairlsi.predictions.trust import LEVEL
from pairlsi.reports.inconsistencies import spoiled, usual
from pairlsi.reports.trusted import first, label, severity_of

COLUMNS = 4


def panels(table, labels: dict[str, str], colours: dict[str, str]) -> Figure:
    """Mean relative error of each method over the severities, from none on; bars: how often it is noticed."""
    odd, clean = spoiled(table), usual(table)
    kinds = list(odd.kind.unique())
    rows = math.ceil(len(kinds) / COLUMNS)
    figure = Figure(figsize=(12, 2.6 * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).ravel()
    top = 1.15 * min(odd.groupby(["kind", "severity", "method"]).error.mean().max(), 6 * clean.max())
    shown = {}
    for panel, kind in zip(axes, kinds, strict=False):
        own = odd[odd.kind == kind]
        severities = sorted(own.severity.unique())
        noticed = (first(own).p_value <= LEVEL).groupby(first(own).severity).mean()
        alarms = panel.twinx()
        alarms.bar(range(1, len(severities) + 1), noticed[severities], width=0.55, color="0.88", zorder=0)
        alarms.set(ylim=(0, 1), yticks=[])
        panel.set_zorder(alarms.get_zorder() + 1)
        panel.patch.set_visible(False)
        for method in clean.index:
            errors = own[own.method == method].groupby("severity").error.mean()
            values = [clean[method], *errors[severities]]
            shown[labels[method]], *_ = panel.plot(values, color=colours[method], marker="o", markersize=3)
        panel.set_title(label(kind), fontsize=9)
        panel.set_xticks(
            range(len(severities) + 1), ["as is", *(f"{severity:g}" for severity in severities)], fontsize=8
        )
        panel.set_xlabel(severity_of(kind, severities[-1]).partition(" ")[2], fontsize=8)
        panel.set_ylim(0, top)
    for panel in axes[len(kinds) :]:
        panel.set_visible(False)
    for panel in axes[::COLUMNS]:
        panel.set_ylabel("relative error", fontsize=9)
    figure.legend(shown.values(), shown, loc="outside upper center", ncols=len(shown), frameon=False, fontsize=9)
    return figure
