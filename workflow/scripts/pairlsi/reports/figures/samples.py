"""One sample of any problem: images where it has two dimensions, lines where it has one."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from pairlsi.reports.figures.common import STYLE, finish

COLUMNS = 5
DATA = colormaps["viridis"].with_extremes(bad="#c8c8c8")


def one(truth, seen, estimates: dict, problem) -> Figure:
    """Truth, data and estimates.

    truth (H, W); seen (H', W'), NaN where nothing arrived; estimates: name -> ((H, W), RRE).
    """
    flat = min(truth.shape) == 1
    count = 2 + len(estimates)
    rows = -(-count // COLUMNS)
    figure = Figure(figsize=(2.5 * min(count, COLUMNS), (2.1 if flat else 2.7) * rows), layout="constrained")
    panels = figure.subplots(rows, min(count, COLUMNS), squeeze=False).ravel()
    _draw(panels[0], truth, (truth.min(), truth.max()), "gray")
    panels[0].set_title(f"truth, {problem.x_unit}", **STYLE)
    _draw(panels[1], seen, (np.nanmin(seen), np.nanmax(seen)), DATA, dots=True)
    panels[1].set_title("measured", **STYLE)
    best = min((error for _, error in estimates.values()), default=None)
    for axes, (name, (image, error)) in zip(panels[2:], estimates.items(), strict=False):
        if flat:
            axes.plot(truth.ravel(), color="0.7", linewidth=1)
        _draw(axes, image, (truth.min(), truth.max()), "gray")
        axes.set_title(name.replace(", ", ",\n"), **STYLE)
        axes.set_xlabel(f"RRE {error:.3f}", fontweight="bold" if error == best else "normal", **STYLE)
    for axes in panels[count:]:
        axes.set_axis_off()
    return finish(figure) if flat else figure


def _draw(axes, values, limits, cmap, dots: bool = False) -> None:
    if min(values.shape) == 1:
        values = values.ravel()
        axes.plot(values, "." if dots else "-", color="#4C72B0", markersize=3, linewidth=1.2)
        axes.set_xlim(0, len(values) - 1)
        axes.tick_params(labelsize=7)
        return
    axes.imshow(values, cmap=cmap, vmin=limits[0], vmax=limits[1], aspect="auto" if dots else "equal")
    axes.set(xticks=[], yticks=[])
