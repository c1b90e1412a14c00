"""Figure of where to measure: the rows of each design, and errors against their number."""

import numpy as np
from matplotlib.figure import Figure

from pairlsi.evaluation.bootstrap import interval
from pairlsi.reports.designed import LABELS
from pairlsi.reports.figures.common import finish, legend


def designs(found, method: str, problem) -> Figure:
    """found: `reports.designed.Designs`; method: whose errors, of designs of all rows.

    Angles, rows that come again after a period, are a fan of half a turn, a ring a design; others lie along a line.
    """
    names = [design for one, reach, design in found.each() if (one, reach) == (method, "all")]
    sizes = found.counts(method, "all", names[0])
    middle, fan = sizes[len(sizes) // 2], problem.position_period is not None
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left = figure.add_subplot(1, 2, 1, projection="polar" if fan else None)
    right, shown = figure.add_subplot(1, 2, 2), {}
    for level, design in enumerate(names, 1):
        at, colour = np.array(found.chosen("all", design, middle)[1]), f"C{level - 1}"
        where = (
            (at * np.pi / problem.position_period, np.full(len(at), level)) if fan else (np.full(len(at), level), at)
        )
        left.plot(*where, "o", color=colour, markersize=4)
        numbers = found.counts(method, "all", design)
        errors = [interval(found.errors(method, "all", design, count), found.confidence) for count in numbers]
        mean, low, high = np.array(errors).T
        shown[LABELS[design]], *_ = right.plot(numbers, mean, color=colour, marker=".")
        right.fill_between(numbers, low, high, color=colour, alpha=0.12, linewidth=0)
    left.set(yticks=[] if fan else left.get_yticks())
    if fan:
        left.set(thetamin=0, thetamax=180, ylim=(0, len(names) + 0.5))
        ticks = np.linspace(0, np.pi, 7)
        left.set_xticks(ticks, [f"{tick * problem.position_period / np.pi:g}" for tick in ticks])
    else:
        left.set(xticks=[], ylabel=f"position, {problem.position_unit}" if problem.position_unit else "row")
        left.invert_yaxis()
    left.set_title(f"{middle} {problem.missing_name} of each design", fontsize=10)
    right.set(xlabel=f"{problem.missing_name} measured", ylabel="mean RRE", xticks=sizes)
    legend(figure, shown)
    if not fan:
        return finish(figure)
    right.spines[["top", "right"]].set_visible(False)
    return figure
