"""What methods state of their own errors, and what the report says of it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pairlsi.evaluation import metrics
from pairlsi.reports import posteriors
from pairlsi.reports.figures.posteriors import coverage


def drawn(factor: float, count: int = 40):
    """Estimates off by normal numbers of known deviations, their truth, and deviations that are off by a factor."""
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((count, 2, 15, 20))
    deviation = rng.uniform(0.1, 2, truth.shape)
    return truth + deviation * rng.standard_normal(truth.shape), factor * deviation, truth


def test_bands_hold_what_they_should_where_errors_are_normal_and_as_large_as_stated():
    estimate, deviation, truth = drawn(1.0)
    found = metrics.stated(estimate, deviation, truth)
    for level in metrics.STATED:
        assert found[f"inside_{level}"].mean() == pytest.approx(level / 100, abs=0.01)
    error = metrics.relative_error(estimate, truth)
    assert np.sqrt(np.square(error).mean() / np.square(found["stated"]).mean()) == pytest.approx(1, abs=0.02)


def test_a_method_that_states_nothing_has_no_numbers():
    found = metrics.stated(np.ones((3, 1, 2, 2)), None, np.ones((3, 1, 2, 2)))
    assert list(found) == ["stated", *(f"inside_{level}" for level in metrics.STATED)]
    assert all(np.isnan(value) for value in found.values())


@pytest.mark.parametrize(
    ("factor", "words"), [(1.0, "about as far off as it says"), (0.5, "2.0 times as far"), (2.0, "closer than it says")]
)
def test_the_report_says_whether_what_they_state_is_true(factor, words):
    estimate, deviation, truth = drawn(factor)
    columns = {"rre": metrics.relative_error(estimate, truth), **metrics.stated(estimate, deviation, truth)}
    told = {"split": "test", "method": "a", "observation": "block", "percent": 25, "draw": 0}
    table = pd.concat([pd.DataFrame(columns).assign(**told), pd.DataFrame([{**told, "method": "b", "rre": 1.0}])])
    found = posteriors.rows(SimpleNamespace(table=table, spoiling=("outliers",)), str.upper)
    assert set(found.method) == {"a"} and set(found.case) == {"BLOCK-25"}
    (sentence,) = posteriors.sentences(found, {"a": "Ours"})
    assert words in sentence and "Ours" in sentence
    assert float(posteriors.told(found, {"a": "Ours"})["error over stated"][0]) == pytest.approx(1 / factor, rel=0.03)
    (axes,) = coverage(posteriors.coverage(found), {"a": "Ours"}).axes
    held = axes.lines[1].get_ydata()
    assert (np.diff(held) > 0).all() and held[2] == pytest.approx({0.5: 0.27, 1.0: 0.5, 2.0: 0.82}[factor], abs=0.02)
