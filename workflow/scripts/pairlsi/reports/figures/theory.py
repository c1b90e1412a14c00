"""Figures of the report on the linear problem, each a matplotlib Figure; data come as the tables of theory.sweeps."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from pairlsi.reports.figures.common import finish
from pairlsi.theory.bounds import STATEMENTS

ESTIMATORS = {  # colour and label of each, in the order of the legend
    "pair": ("#4C72B0", "PAIR (5)"),
    "lsi": ("#C44E52", "LSI in $Z_y$ (9)"),
    "lsi-zx": ("#E8A3A5", "LSI in $Z_x$ (8)"),
    "tsvd": ("#8C8C8C", "truncated SVD"),
    "lmmse": ("#222222", "LMMSE, the least possible"),
}
# PAIR and both forms of LSI often coincide: a broad line, one on it, dashes on that
TOGETHER = {"lsi-zx": {"linewidth": 3.5}, "lsi": {"zorder": 2.5}, "pair": {"linestyle": "--", "zorder": 3}}
LEFT, RIGHT = "#4C72B0", "#DD8452"  # the sides of a bound


def errors(tables: dict[str, pd.DataFrame], column: str, label: str, log: bool = False) -> Figure:
    """Exact relative errors of every estimator against `column`, a panel for each table.

    tables: title -> table with method, rre and `column`; repeated values of it are drawn as their mean within their
    range. Errors beyond 2, as of estimators that blow up, leave the picture.
    """
    figure = Figure(figsize=(2.9 * len(tables) + 0.6, 3.6), layout="constrained")
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, (title, table) in zip(panels, tables.items(), strict=True):
        for method, (colour, name) in ESTIMATORS.items():
            by_value = table[table.method == method].groupby(column).rre
            middle = by_value.mean()
            entry = name if axes is panels[0] else None
            axes.plot(middle.index, middle, color=colour, label=entry, **TOGETHER.get(method, {}))
            axes.fill_between(middle.index, by_value.min(), by_value.max(), color=colour, alpha=0.2, linewidth=0)
        axes.set(title=title, xlabel=label, yscale="log", xscale="log" if log else "linear")
        axes.title.set_fontsize(10)
    least = min(table.rre.min() for table in tables.values())
    panels[0].set(ylabel="relative error, expected", ylim=(0.8 * least, 2))
    panels[0].set_yticks([tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2) if tick >= 0.8 * least])
    panels[0].yaxis.set_major_formatter("{x:g}")
    panels[0].yaxis.set_minor_locator(NullLocator())
    figure.legend(frameon=False, ncols=3, fontsize=8, loc="outside lower center")
    return finish(figure)


def bounds(table: pd.DataFrame) -> Figure:
    """Both sides of each bound against the percentage missing: medians within the 5 to 95 % of samples and draws.

    table: as of `theory.sweeps.bounds_by_percent`.
    """
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panels = figure.subplots(1, len(STATEMENTS))
    for axes, statement in zip(panels, STATEMENTS, strict=True):
        chosen = table[table.statement == statement].groupby("percent")
        for side, colour, name in (("left", LEFT, "what is bounded"), ("right", RIGHT, "the bound")):
            low, middle, high = (chosen[side].quantile(q) for q in (0.05, 0.5, 0.95))
            axes.plot(middle.index, middle, color=colour, label=name if axes is panels[0] else None)
            axes.fill_between(middle.index, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.set(title=statement, xlabel="percent missing", yscale="log")
        axes.title.set_fontsize(10)
    panels[0].set_ylabel("norm, units of the data")
    panels[1].set_ylabel("norm, units of x")
    panels[2].set_ylabel("norm, units of the data")
    figure.legend(frameon=False, ncols=2, fontsize=8, loc="outside lower center")
    return finish(figure)


def movement(table: pd.DataFrame) -> Figure:
    """How far missing data move the latent, ‖z* − e_y(y)‖ / ε_y, and its bounds, against c_P: a mark for each mask.

    table: as of `theory.sweeps.bounds_by_percent`. For each mask the median and the largest over samples; the line of
    the paper's bound is 1 / c_P, that of the attainable one the tangent √(1 − c_P²) / c_P.
    """
    figure = Figure(figsize=(6.2, 3.8), layout="constrained")
    axes = figure.subplots()
    masks = table[(table.statement == STATEMENTS[0]) & (table.lower > 0) & (table.percent > 0)].groupby("draw")
    lower = masks.lower.first()
    cosines = np.geomspace(lower.min(), 0.999, 200)
    axes.plot(cosines, 1 / cosines, color=RIGHT, label="bound of Proposition 1, $1 / c_P$")
    attainable, name = np.sqrt(1 - cosines**2) / cosines, r"attainable, $\sqrt{1 - c_P^2} / c_P$"
    axes.plot(cosines, attainable, color=RIGHT, linestyle="--", label=name)
    drawn = {"c": masks.percent.first(), "cmap": "viridis", "s": 16}
    axes.scatter(lower, masks.movement.max(), marker="^", label="largest over samples", **drawn)
    points = axes.scatter(lower, masks.movement.median(), label="median over samples", **drawn)
    figure.colorbar(points, label="percent missing")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="$c_P$, the smallest singular value of $P U_y$",
        ylabel=r"$\|z^* - e_y(y)\| / \varepsilon_y$",
    )
    axes.legend(frameon=False, fontsize=8)
    return finish(figure)
