"""The claims about cross-well seismics on made-up metrics that satisfy them, and on some that do not."""

import numpy as np
import pandas as pd
import pytest

from pairlsi.evaluation import claims
from pairlsi.evaluation.settings import Evaluation

SAMPLES, FEW = 40, 8
PERCENTS = [0, 10, 30, 50, 70, 90]
NOISE_LEVEL = 0.01
DATA = dict(
    zip(PERCENTS, [0.10, 0.10, 0.101, 0.104, 0.13, 0.25], strict=True)
)  # flat, then rising; a floor above noise
LSI = dict(zip(PERCENTS, [0.20, 0.20, 0.21, 0.22, 0.26, 0.35], strict=True))
PAIR = dict(zip(PERCENTS, [0.20, 0.20, 0.21, 0.23, 0.33, 0.60], strict=True))
MLSI = {0: 0.5, 50: 0.52, 90: 0.7}  # on some percents and the first samples alone


def obeying() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    difficulty = rng.standard_normal(SAMPLES)  # of a sample, the same for all methods
    difficulty[:FEW] -= 1  # the samples that M-LSI is run on are easier than the others
    rows = []
    for method, errors in (("lsi", LSI), ("pair", PAIR), ("mlsi", MLSI)):
        for percent, error in errors.items():
            for kind in ("random", "block") if percent else ("none",):
                for split in ("test", "ood"):
                    for sample in range(FEW if method == "mlsi" else SAMPLES):
                        noise = 0.03 * difficulty[sample] + 0.004 * rng.standard_normal(2)
                        factor = 3 if kind == "block" else 1  # the claims are about random receivers missing
                        rows.append(
                            {
                                "method": method,
                                "observation": kind,
                                "percent": percent,
                                "draw": 0,
                                "split": split,
                                "seed": 0,
                                "sample": sample,
                                "rre": factor * error * (1 + noise[0]),
                                "ssim": 0.5,
                                "data_rre": factor * DATA[percent] * (1 + noise[1]),
                            }
                        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    return obeying()


@pytest.fixture
def metrics(made) -> pd.DataFrame:
    return made.copy()


def judge(metrics: pd.DataFrame) -> pd.DataFrame:
    evaluation = Evaluation(seed=1, confidence=0.95, resamples=400, percent=50, claims=[7, 8])
    return claims.judge(metrics, nulls(metrics), evaluation, NOISE_LEVEL)


def nulls(metrics: pd.DataFrame) -> pd.DataFrame:
    """Controls as they come out: without a search LSI is PAIR and its data get worse at once; else all is far off."""
    pair, lsi = (metrics[metrics.method == method] for method in ("pair", "lsi"))
    chance = 1 + 0.05 * np.random.default_rng(3).standard_normal(len(pair))  # its ensemble is drawn around that of PAIR
    start = pair.assign(method="lsi", control="start", data_rre=pair.data_rre * (1 + pair.percent / 50))
    start["rre"] *= chance
    far = [lsi.assign(control=control, rre=1.2 + 0.01 * lsi.rre, data_rre=1.1) for control in ("another", "random")]
    return pd.concat([start, *far], ignore_index=True)


def verdicts(metrics: pd.DataFrame) -> dict[int, str]:
    judged = judge(metrics)
    return judged[judged.part == "all"].set_index("claim").verdict.to_dict()


def test_metrics_as_the_paper_tells_of_hold_both_claims(metrics):
    judged = judge(metrics)
    assert verdicts(metrics) == {7: "held", 8: "held"}
    # a floor, three moderate percentages, growth; three alike, two better at heavy loss, three of M-LSI
    assert (judged[~judged.part.isin(["all", "control"])].groupby("claim").size() == [5, 8]).all()
    controls = judged[judged.part == "control"]
    assert (controls.groupby("claim").size() == 3).all() and (controls.verdict == "not held").all()


def test_a_floor_that_noise_alone_explains_is_none(metrics):
    metrics.loc[metrics.method == "lsi", "data_rre"] *= 1.3 * NOISE_LEVEL / DATA[0]
    judged = judge(metrics)
    floor = judged.statement == "error of the completed data with nothing missing"
    assert list(judged.verdict[floor]) == ["not held"]


# claim, column, method, percents, factor
WORSE = [
    (7, "data_rre", "lsi", PERCENTS, 0.1),  # no floor
    (7, "data_rre", "lsi", [30], 1.3),  # not flat
    (7, "data_rre", "lsi", [50], 0.7),  # not flat either
    (7, "data_rre", "lsi", [90], 0.4),  # no rise
    (8, "rre", "pair", [50], 1.5),
    (8, "rre", "pair", [10], 0.5),  # not alike, though the other way round
    (8, "rre", "pair", [70], 0.5),
    (8, "rre", "lsi", [90], 2.0),
    (8, "rre", "mlsi", [50], 0.43),
    (8, "rre", "mlsi", [0], 0.3),
]


@pytest.mark.parametrize(("claim", "column", "method", "percents", "factor"), WORSE)
def test_a_claim_does_not_hold_on_metrics_that_say_otherwise(metrics, claim, column, method, percents, factor):
    chosen = (metrics.method == method) & metrics.percent.isin(percents)
    metrics.loc[chosen, column] *= factor
    found = verdicts(metrics)
    assert found.pop(claim) == "not held"
    assert list(found.values()) == ["held"]  # of the other claim


def test_blocks_change_nothing(metrics):
    pd.testing.assert_frame_equal(judge(metrics), judge(metrics[metrics.observation != "block"]))


def test_methods_are_compared_on_the_samples_that_both_were_run_on(metrics):
    """Made worse on the samples that M-LSI never saw, LSI is no worse beside it."""
    chosen = (metrics.method == "lsi") & (metrics["sample"] >= FEW)
    before = judge(metrics)
    metrics.loc[chosen, "rre"] *= 3
    after = judge(metrics)
    beside = before.statement.str.contains("M-LSI clearly")
    assert beside.sum() == 3
    pd.testing.assert_frame_equal(after[beside], before[beside])
    assert verdicts(metrics)[8] == "not held"  # beside PAIR it is


@pytest.mark.parametrize(
    ("left_out", "untested", "fragment"),
    [
        ({"method": ["pair"]}, [8], "pair"),
        ({"method": ["mlsi"]}, [8], "mlsi"),
        ({"method": ["lsi"]}, [7, 8], "lsi"),
        ({"percent": [0]}, [7, 8], "full data"),
        ({"percent": [10, 30, 50]}, [7, 8], "up to 50"),
        ({"percent": [70, 90]}, [7, 8], "from 70"),
    ],
    ids=str,
)
def test_claims_that_lack_something_are_not_tested_and_name_it(metrics, left_out, untested, fragment):
    for column, values in left_out.items():
        metrics = metrics[~metrics[column].isin(values)]
    for number, verdict in verdicts(metrics).items():
        if number in untested:
            assert verdict.startswith("not tested: ") and fragment in verdict
        else:
            assert verdict == "held"
