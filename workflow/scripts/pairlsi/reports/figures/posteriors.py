"""Figure of how much the bands hold that methods state themselves."""

from matplotlib import colormaps
from matplotlib.figure import Figure

from pairlsi.evaluation.metrics import STATED

MANY = 11  # cases, whose names take all of a panel's height


def coverage(found: dict, labels: dict[str, str]) -> Figure:
    """A panel a method: of each case, the part of all entries (levels,) within the bands of `STATED` percent.

    found: method -> case -> parts.
    """
    figure = Figure(figsize=(4.2 * max(2, len(found)), 4), layout="constrained")
    for axes, (method, by_case) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
        colours = colormaps["viridis"].resampled(len(by_case) + 1)
        for number, (case, parts) in enumerate(by_case.items()):
            levels = [level / 100 for level in STATED]
            axes.plot(levels, parts, marker="o", markersize=3.5, color=colours(number), label=case)
        axes.set(title=labels[method], xlabel="level of the bands", xlim=(0, 1), ylim=(0, 1))
        axes.set_ylabel("part of the entries within")
        axes.set_aspect("equal")
        axes.legend(fontsize=8 if len(by_case) < MANY else 5.5, frameon=False)
    return figure
