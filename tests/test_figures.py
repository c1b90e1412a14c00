"""What the figure of validation curves shows, read back from its axes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from pairlsi.reports.figures import common as figures

SEARCH = {"rre": np.array([0.4, 0.2, 0.3]), "misfit": np.array([1.0, 0.5, 0.4]), "chosen": 2, "best": 1}
SOLVER = {"rre": np.array([1.0, 0.5]), "chosen": 1}
LABELS = {"lsi": "PAIR+LSI", "cgls": "CGLS"}


def marks(axes) -> list[tuple[float, float, str]]:
    """Place and filling of every single point."""
    found = [line for line in axes.lines if len(line.get_xdata()) == 1]
    return [(line.get_xdata()[0], line.get_ydata()[0], to_hex(line.get_markerfacecolor())) for line in found]


def test_a_dot_stands_where_a_search_stopped_and_a_ring_where_it_had_better():
    figure = figures.validation_curves({"lsi": {90: SEARCH}}, LABELS, {0: "0 %", 90: "90 %"}, "missing")
    misfit, error = figure.axes
    assert [axes.get_ylabel() for axes in figure.axes] == ["misfit of measured data", "mean RRE, validation"]
    for axes, quantity in ((misfit, "misfit"), (error, "rre")):
        dot, ring = marks(axes)
        assert dot[:2] == (2, SEARCH[quantity][2]) and ring == (1, SEARCH[quantity][1], "#ffffff") != dot
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["90 %"]  # not what nothing is shown of
    best = SEARCH | {"best": 2}
    assert len(marks(figures.validation_curves({"lsi": {90: best}}, LABELS, {90: "90 %"}).axes[0])) == 1


def test_the_misfit_is_shown_where_all_methods_have_it_and_a_case_has_one_colour():
    curves = {"lsi": {"R": SEARCH}, "cgls": {"none": SOLVER, "R": SOLVER}}
    figure = figures.validation_curves(curves, LABELS, {"none": "full data", "R": "mask R"})
    assert [axes.get_title() for axes in figure.axes] == ["PAIR+LSI", "CGLS"]
    of_lsi, of_cgls = ([line for line in axes.lines if len(line.get_xdata()) > 1] for axes in figure.axes)
    assert of_lsi[0].get_ydata() == pytest.approx(SEARCH["rre"])
    assert to_hex(of_lsi[0].get_color()) == to_hex(of_cgls[1].get_color()) != to_hex(of_cgls[0].get_color())
