"""Figures of the reports, each a matplotlib Figure; data come as arrays and tables, nothing is read here."""

import math
import textwrap

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from pairlsi.evaluation.comparisons import describe

STYLE = {"fontsize": 9}
ABREAST = 7  # groups of bars side by side that can still be told apart
PANELS = 4  # of them side by side


def finish(figure: Figure) -> Figure:
    """Take away what is not data: the upper and right spines."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def legend(figure: Figure, shown: dict) -> None:
    """One legend below all panels; shown: label -> what was drawn."""
    figure.legend(shown.values(), shown.keys(), frameon=False, ncols=4, fontsize=8, loc="outside lower center")


def plain_numbers(axis) -> None:
    """Number a logarithmic axis by 1, 2, 5, 10, … as people write them, without powers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def examples(truth, data: dict, estimates: dict, errors: dict, data_range: tuple[float, float]) -> Figure:
    """One sample as each method reconstructs it from each mask (the paper's Figures 1 and 2).

    truth (H, W); data: mask -> (angles, bins) with NaN where missing; estimates: method -> mask -> (H, W);
    errors: the same keys -> RRE, the least on each mask in bold; all images share `data_range`. Where a method lacks a
    mask, its place stays empty.
    """
    masks, methods = list(data), list(estimates)
    figure = Figure(figsize=(1.75 * (len(masks) + 1), 1.75 * (len(methods) + 1) + 0.4), layout="constrained")
    grid = figure.subplots(len(methods) + 1, len(masks) + 1, squeeze=False)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    low, high = np.nanmin(data[masks[0]]), np.nanmax(data[masks[0]])
    sinograms = colormaps["viridis"].with_extremes(bad="#c8c8c8")
    for column, mask in enumerate(masks, 1):
        grid[0, column].imshow(data[mask].T, aspect="auto", cmap=sinograms, vmin=low, vmax=high)
        grid[0, column].set_title(describe(mask), **STYLE)
    grid[0, 0].set_title("truth", **STYLE)
    grid[0, 0].imshow(truth, cmap="gray", vmin=data_range[0], vmax=data_range[1])
    for row, method in enumerate(methods, 1):
        grid[row, 0].text(0.98, 0.5, method, ha="right", va="center", transform=grid[row, 0].transAxes, **STYLE)
        for column, mask in enumerate(masks, 1):
            axes = grid[row, column]
            if mask not in estimates[method]:
                continue
            axes.imshow(estimates[method][mask], cmap="gray", vmin=data_range[0], vmax=data_range[1])
            best = min(by_mask[mask] for by_mask in errors.values() if mask in by_mask)
            weight = "bold" if errors[method][mask] == best else "normal"
            axes.set_xlabel(f"{errors[method][mask]:.3f}", fontweight=weight, labelpad=2, **STYLE)
    return figure


def clusters(points: dict[str, pd.DataFrame]) -> Figure:
    """The paper's Figure 3: surrogate metrics of full, masked and masked + LSI data, coloured by their error.

    points: name -> table with measured_residual, misfit and rre, rows in the same order of samples; the second
    and third are joined by lines.
    """
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    axes = figure.subplots()
    _, before, after = points.values()
    for a, b in zip(before.itertuples(), after.itertuples(), strict=True):
        axes.plot(
            [a.measured_residual, b.measured_residual],
            [a.misfit, b.misfit],
            color="0.8",
            linewidth=0.5,
            zorder=1,
        )
    errors = np.concatenate([table.rre for table in points.values()])
    norm = Normalize(errors.min(), errors.max())
    for (name, table), marker in zip(points.items(), "o*s", strict=True):
        drawn = axes.scatter(
            table.measured_residual,
            table.misfit,
            c=table.rre,
            norm=norm,
            cmap="viridis",
            marker=marker,
            s=40 if marker == "*" else 18,
            linewidth=0.2,
            edgecolor="k",
            label=name,
            zorder=2,
        )
    axes.set(xscale="log", yscale="log", xlabel="residual estimate on measured rows", ylabel="misfit on measured rows")
    for axis in (axes.xaxis, axes.yaxis):
        plain_numbers(axis)
    for handle in axes.legend(frameon=False).legend_handles:
        handle.set(color="0.6", array=None)
    figure.colorbar(drawn, label="RRE of the estimate")
    return finish(figure)


def errors_by_mask(means: dict[str, dict[str, tuple]], labels: dict[str, str], colours: dict[str, str]) -> Figure:
    """Mean RRE with its interval for each method on each mask.

    means: method -> mask -> (mean, low, high); a mask that a method lacks has no bar. At most ABREAST masks to a row.
    """
    masks = list(dict.fromkeys(mask for by_mask in means.values() for mask in by_mask))
    count = -(-len(masks) // ABREAST)
    abreast = -(-len(masks) // count)
    figure = Figure(figsize=(max(8.4, 1.4 * abreast), 2.7 * count + 1.5), layout="constrained")
    rows = figure.subplots(count, 1, squeeze=False, sharey=True)[:, 0]
    width, shown = 0.85 / len(means), {}
    for row, axes in enumerate(rows):
        here = masks[row * abreast : (row + 1) * abreast]
        for number, (method, by_mask) in enumerate(means.items()):
            run = [mask for mask in here if mask in by_mask]
            if not run:
                continue
            place = np.array([here.index(mask) for mask in run]) + (number - (len(means) - 1) / 2) * width
            mean, low, high = np.array([by_mask[mask] for mask in run]).T
            shown[labels[method]] = axes.bar(place, mean, width * 0.92, color=colours[method])
            axes.errorbar(place, mean, [mean - low, high - mean], fmt="none", ecolor="0.25", linewidth=0.8)
        axes.set(xticks=np.arange(len(here)), xticklabels=[describe(mask) for mask in here], ylabel="mean RRE")
        axes.set_xlim(-0.6, abreast - 0.4)
    legend(figure, shown)
    return finish(figure)


def errors_by_percent(
    means: dict[str, dict[str, dict[float, tuple]]], labels: dict[str, str], colours: dict[str, str], units: list[str]
) -> Figure:
    """Mean RRE with its interval against how much is missing or wrong, a panel for each observation.

    Errors on a logarithmic axis, as far as the means reach: intervals over few masks may reach far beyond, and below
    zero. means: title of the panel -> method -> level -> (mean, low, high); units: what stands below each panel.
    """
    columns = min(len(means), PANELS)
    rows = math.ceil(len(means) / columns)
    figure = Figure(figsize=(max(8.4, 2.9 * columns), 4.2 if rows == 1 else 2.9 * rows + 0.6), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    shown = {}
    for axes in panels[len(means) :]:
        axes.set_visible(False)
    for axes, unit, (title, by_method) in zip(panels, units, means.items(), strict=False):
        for method, by_percent in by_method.items():
            percents = list(by_percent)
            mean, low, high = np.array(list(by_percent.values())).T
            shown[labels[method]], *_ = axes.plot(percents, mean, color=colours[method], marker=".")
            axes.fill_between(percents, np.maximum(low, 1e-9), high, color=colours[method], alpha=0.25, linewidth=0)
        axes.set(xlabel=unit)
        axes.set_title(textwrap.fill(title, 40 if rows == 1 else 32), fontsize=10)
    every = [curve[0] for by_method in means.values() for by_level in by_method.values() for curve in by_level.values()]
    for axes in panels[::columns]:
        axes.set_ylabel("mean RRE")
        axes.set(yscale="log", ylim=(0.8 * min(every), 1.25 * max(every)))
        plain_numbers(axes.yaxis)
    legend(figure, shown)
    return finish(figure)


def validation_curves(curves: dict[str, dict], labels: dict[str, str], cases: dict, title: str = "") -> Figure:
    """Mean errors on validation samples against iterations, a column for each method, a line for each case.

    curves: method -> case -> curve, as of `evaluation.choices.curves`; below the RRE of the estimate, above it the
    misfit of what was measured, where all methods have it. A dot where the method was stopped, a ring where it had
    better been. cases: what the legend, with this title, calls each, in the order of their colours.
    """
    every = [curve for of_method in curves.values() for curve in of_method.values()]
    names = {"misfit": "misfit of measured data", "rre": "mean RRE, validation"}
    rows = {quantity: name for quantity, name in names.items() if all(quantity in curve for curve in every)}
    size = (max(2.3 * len(curves), 4) + 1, 2.3 * len(rows) + (0.8 if len(rows) == 1 else 0))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(rows), len(curves), sharex="col", sharey="row", squeeze=False)
    colour = dict(zip(cases, colormaps["plasma"](np.linspace(0, 0.85, len(cases))), strict=True))
    shown = {}
    for column, (method, of_method) in zip(panels.T, curves.items(), strict=True):
        for axes, quantity in zip(column, rows, strict=True):
            for case, curve in of_method.items():
                values, at, best = curve[quantity], curve["chosen"], curve.get("best")
                shown[case], *_ = axes.plot(values, color=colour[case], linewidth=1.4)
                axes.plot(at, values[at], "o", color=colour[case], markersize=5)
                if best not in (None, at):
                    axes.plot(best, values[best], "o", color=colour[case], mfc="white", markersize=5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_yscale("log")
            plain_numbers(axes.yaxis)
        column[0].set_title(labels[method], fontsize=10)
        column[-1].set_xlabel("iterations")
    for axes, name in zip(panels[:, 0], rows.values(), strict=True):
        axes.set_ylabel(name)
    lines, names = zip(*((shown[case], name) for case, name in cases.items() if case in shown), strict=True)
    figure.legend(lines, names, title=title, frameon=False, fontsize=9, loc="outside right center")
    return finish(figure)


def training_curves(histories: dict[str, pd.DataFrame], labels: dict[str, str], colours: dict[str, str]) -> Figure:
    """Training and validation loss of each network against epochs; history.csv of one seed each."""
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    axes = figure.subplots()
    for network, history in histories.items():
        # the PAIR's loss has four terms: show the one that all networks share
        colour = colours[network]
        axes.plot(history.epoch, history.validation_inverse, color=colour, marker=".", label=labels[network])
        axes.plot(history.epoch, history.train_inverse, color=colour, linestyle=":", linewidth=1)
    axes.set(xlabel="epoch", ylabel="inversion loss, relative to the\nvariance of the training images")
    axes.legend(frameon=False, fontsize=8, title="validation (dotted: training)", title_fontsize=8)
    return finish(figure)
