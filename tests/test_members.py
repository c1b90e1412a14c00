"""What the reports say of members of ensembles, held against samples of a posterior and against counts."""

import numpy as np
import pandas as pd
import pytest
from made import LABELS

from pairlsi.evaluation.comparisons import Sweep
from pairlsi.evaluation.settings import Evaluation
from pairlsi.reports import members


def test_samples_of_a_posterior_err_as_much_as_they_spread_and_others_do_not():
    """x and K members are drawn from the same distribution: the error of their mean is √(1 + 1/K) times the spread."""
    rng, count, size = np.random.default_rng(0), 25, 400
    truth = rng.standard_normal((300, size))
    drawn = rng.standard_normal((300, count, size))
    norms = np.linalg.norm(truth, axis=1)
    errors = np.linalg.norm(drawn.mean(1) - truth, axis=1) / norms
    spreads = np.sqrt(drawn.var(1, ddof=1).sum(1)) / norms
    told = members.calibration(errors, spreads)
    assert told["samples"] == 300 and told["error over spread"] == pytest.approx(np.sqrt(1 + 1 / count), rel=0.01)
    assert members.judged(told["error over spread"]).startswith("about as for a posterior")
    narrow, wide = (members.calibration(errors, factor * spreads)["error over spread"] for factor in (0.5, 2))
    assert "no posterior: it says how much" in members.judged(narrow) and "scatter more" in members.judged(wide)


def test_the_correlation_is_unknown_where_nothing_varies():
    errors = np.array([0.1, 0.2, 0.4])
    assert members.calibration(errors, 2 * errors)["correlation"] == pytest.approx(1)
    assert members.calibration(errors, 1 - errors)["correlation"] == pytest.approx(-1)
    assert np.isnan(members.calibration(errors, np.full(3, 0.25))["correlation"])
    assert np.isnan(members.calibration(errors[:2], errors[:2])["correlation"])


def test_a_member_is_successful_at_half_the_error_of_the_mean_model_of_its_own_sample():
    errors = np.array([[0.1, 0.3, 0.6], [0.1, 0.3, 0.6]])
    told = members.outcomes(errors, averaged=np.array([0.2, 0.4]), mean_model=np.array([0.6, 0.2]))
    assert told["members"] == 3 and told["members successful"] == pytest.approx((2 + 1) / 6)
    assert told["error of their mean"] == pytest.approx(0.3)
    assert told["median member"] == pytest.approx(0.3) and told["best member"] == pytest.approx(0.1)


def test_spreads_are_of_the_samples_that_have_one():
    rows = [
        {"method": method, "observation": kind, "percent": percent, "draw": 0, "split": split, "seed": 0}
        | {"sample": i, "rre": 0.1 * (i + 1), "spread": 0.01 * (i + 1) if method == "mlsi" else np.nan}
        for method, kind, percent in (("mlsi", "random", 90), ("mlsi", "none", 0), ("pair", "random", 90))
        for split in ("test", "ood")
        for i in range(2 if method == "mlsi" and percent else 5)
    ]
    sweep = Sweep(pd.DataFrame(rows), Evaluation(percent=50, seed=1, confidence=0.95, resamples=100, claims=[]))
    found = members.spreads(sweep, ["pair", "mlsi", "lsi"], "random")
    assert list(found) == ["mlsi"] and list(found["mlsi"]) == [0, 90]
    errors, spreads = found["mlsi"][90]
    assert errors == pytest.approx([0.1, 0.2]) and spreads == pytest.approx([0.01, 0.02])
    table = members.calibration_by_percent(found, LABELS)
    assert list(table.samples) == [5, 2] and list(table["error over spread"]) == pytest.approx([10, 10])
    # over both masks: seven samples
    assert "error is 10.0 times the spread, so the ensemble is no posterior" in members.sentence("M-LSI", found["mlsi"])
