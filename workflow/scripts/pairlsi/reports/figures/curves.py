"""Curves of the report on cross-well seismics, each a matplotlib Figure; data come as numbers, nothing is read here."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pairlsi.reports.figures.common import finish, plain_numbers

TERMS = {"autoencode_x": "autoencoding x", "autoencode_y": "autoencoding y"}
TERMS |= {"forward": "forward, x to y", "inverse": "inverse, y to x"}
WORST = 1.5  # relative error that is still drawn: from 1 on an estimate is worse than zero
FROM_LSI = "-lsi"  # how the names of methods that start from the estimate of lsi end: they are drawn dashed


def line(method: str, colours: dict[str, str]) -> dict:
    """Colour and style of a method's line."""
    return {"color": colours[method], "linestyle": "--" if method.endswith(FROM_LSI) else "-"}


def by_loss(found: dict, titles: dict, labels: dict, colours: dict, blind: dict) -> Figure:
    """The paper's Figure 7, a row for each kind of mask: error of the data on the left, of the model on the right.

    titles: kind -> what is missing; found: kind -> "data_rre" or "rre" -> method -> percent -> (mean, standard
    deviation over samples); blind: method that sees no data -> its mean error.
    """
    figure = Figure(figsize=(10, 3.5 * len(found) + 0.7), layout="constrained")
    panels = figure.subplots(len(found), 2, squeeze=False, sharex=True, sharey="col")
    names = {"data_rre": "error of completed data", "rre": "error of the velocity model"}
    shown = {}
    for row, (kind, by_metric) in zip(panels, found.items(), strict=True):
        for axes, (metric, title) in zip(row, names.items(), strict=True):
            by_method = by_metric[metric]
            for number, (method, by_percent) in enumerate(by_method.items()):
                percents, (mean, deviation) = np.array(list(by_percent)), np.array(list(by_percent.values())).T
                # moved aside a little, so that bars of several methods can be told apart
                place = percents + 0.5 * (number - (len(by_method) - 1) / 2)
                style = line(method, colours)
                shown[method], *_ = axes.plot(place, mean, marker="o", markersize=3.5, **style)
                axes.errorbar(place, mean, deviation, fmt="none", ecolor=style["color"], alpha=0.45, linewidth=1.2)
            for method, error in blind.items() if metric == "rre" else ():
                shown[method] = axes.axhline(error, color=colours[method], linestyle=":")
            axes.set_title(f"{title}, {titles[kind]}", fontsize=9)
            axes.set(xticks=sorted({percent for by_percent in by_method.values() for percent in by_percent}))
            axes.set_ylim(0, min(axes.get_ylim()[1], WORST))
        row[0].set_ylabel("relative error")
    for axes in panels[-1]:
        axes.set_xlabel("percent of receivers missing")
    figure.legend(
        list(shown.values()), [labels[m] for m in shown], frameon=False, ncols=4, fontsize=9, loc="outside lower center"
    )
    return finish(figure)


def spread_against_error(points: dict[str, dict[int, tuple]], labels: dict[str, str]) -> Figure:
    """Each sample's spread of its ensemble against its error, with the line where both are equal.

    points: method -> percent -> (errors (n,), spreads (n,)), both relative to the norm of the truth.
    """
    figure = Figure(figsize=(3.9 * max(len(points), 2) + 1, 3.7), layout="constrained")
    panels = figure.subplots(1, len(points), squeeze=False, sharey=True, sharex=True)[0]
    percents = sorted({percent for by_percent in points.values() for percent in by_percent})
    colour = dict(zip(percents, colormaps["plasma"](np.linspace(0, 0.85, len(percents))), strict=True))
    shown, top = {}, max(np.max(pair) for by_percent in points.values() for pair in by_percent.values())
    for axes, (method, by_percent) in zip(panels, points.items(), strict=True):
        for percent, (errors, spreads) in sorted(by_percent.items()):
            shown[percent] = axes.scatter(errors, spreads, color=colour[percent], s=16, alpha=0.75, linewidth=0)
        axes.plot([0, top], [0, top], color="0.5", linewidth=1)
        axes.set_title(labels[method], fontsize=10)
        axes.set(xlabel="error of the model", xlim=(0, 1.05 * top), ylim=(0, 1.05 * top))
    panels[0].text(0.97 * top, 0.98 * top, "spread = error", rotation=45, rotation_mode="anchor",
                   transform_rotates_text=True, ha="right", va="bottom", fontsize=8, color="0.4")  # fmt: skip
    panels[0].set_ylabel("spread of the members")
    names = [f"{percent} %" for percent in shown]
    figure.legend(list(shown.values()), names, title="missing", frameon=False, fontsize=9, loc="outside right center")
    return finish(figure)


def latents(divergences: dict[str, list[float]], threshold: float) -> Figure:
    """Mean divergence from the prior of each latent, in nats, from the largest to the least; space -> divergences."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    names = {"x": "latents of models, x", "y": "latents of data, y"}
    for (space, means), colour in zip(divergences.items(), ("#55A868", "#8172B3"), strict=True):
        # a logarithmic axis cannot show zeros: they stand at a hundredth of the threshold
        shown = np.maximum(sorted(means, reverse=True), threshold / 100)
        axes.plot(np.arange(1, 1 + len(shown)), shown, color=colour, label=names[space])
    axes.axhline(threshold, color="0.5", linewidth=1, linestyle=":", label=f"active from {threshold:g} nats")
    axes.set(yscale="log", xlabel="latents, in order", ylabel="divergence from the prior, nats")
    axes.legend(frameon=False, fontsize=8)
    return finish(figure)


def training_terms(history: pd.DataFrame) -> Figure:
    """Every term of the loss against epochs, training dotted; divergences, where there are any, on the right."""
    divergences = "validation_divergence_x" in history
    figure = Figure(figsize=(10 if divergences else 7, 3.7), layout="constrained")
    panels = figure.subplots(1, 1 + divergences, squeeze=False)[0]
    colours = ("#55A868", "#8172B3", "#DD8452", "#4C72B0")
    curves = [(panels[0], term, name, colour) for (term, name), colour in zip(TERMS.items(), colours, strict=True)]
    if divergences:
        spaces = zip("xy", colours, strict=False)
        curves += [(panels[1], f"divergence_{space}", f"latents of {space}", colour) for space, colour in spaces]
        panels[1].set(ylabel="divergence from the prior, nats")
    for axes, term, name, colour in curves:
        axes.plot(history.epoch, history[f"validation_{term}"], color=colour, marker=".", label=name)
        axes.plot(history.epoch, history[f"train_{term}"], color=colour, linestyle=":", linewidth=1)
    panels[0].set_yscale("log")
    plain_numbers(panels[0].yaxis)
    panels[0].set_ylabel("error, relative to the variance\nof the training samples")
    for axes in panels:
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False, fontsize=8, title="validation (dotted: training)", title_fontsize=8)
    return finish(figure)


def regimes(found: dict[str, dict], labels: dict[str, str], colours: dict[str, str]) -> Figure:
    """Error over that of the mean model against the percentage missing, a panel for each regime.

    found: regime -> method -> percent -> (mean, low, high).
    """
    figure = Figure(figsize=(4.7 * len(found), 3.8), layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False, sharey=True)[0]
    shown = {}
    for axes, (regime, by_method) in zip(panels, found.items(), strict=True):
        for method, by_percent in by_method.items():
            mean, low, high = np.array(list(by_percent.values())).T
            shown[method], *_ = axes.plot(list(by_percent), mean, marker="o", markersize=4, **line(method, colours))
            axes.fill_between(list(by_percent), low, high, color=colours[method], alpha=0.2, linewidth=0)
        shown["mean"] = axes.axhline(1, color=colours["mean"], linestyle=":")
        axes.set_title(regime, fontsize=10)
        axes.set(xlabel="percent of receivers missing", ylim=(0, None))
        axes.set_xticks(sorted({percent for by_percent in by_method.values() for percent in by_percent}))
    panels[0].set_ylabel("error over that of the mean model")
    names = [labels[method] for method in shown]
    figure.legend(list(shown.values()), names, frameon=False, ncols=4, fontsize=9, loc="outside lower center")
    return finish(figure)
