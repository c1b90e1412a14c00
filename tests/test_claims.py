"""The claims: detection against Mann-Whitney, verdicts on the numbers of the paper, controls of which none holds."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pairlsi.evaluation import claims, claims_ct, paper
from pairlsi.evaluation.bootstrap import Bootstrap
from pairlsi.evaluation.settings import Evaluation

EVERY_CLAIM = [1, 2, 3, 4, 5, 6, 9]
PERCENT = 25
MASKS = {"none": "none-0-0", "R": "random-25-0", "R′": "random-25-1", "B": "block-25-0", "B′": "block-25-1"}
ENCDEC = {"none": "encdec-none", "R": "encdec-random", "R′": "encdec-random", "B": "encdec-block", "B′": "encdec-block"}
SYMBOL = {name: symbol for symbol, name in MASKS.items()}


@pytest.mark.parametrize("ties", [False, True])
def test_detection_is_the_statistic_of_mann_and_whitney(ties):
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal(40) + 0.5, rng.standard_normal(30)
    if ties:
        a, b = a.round(), b.round()

    def bootstrap(count: int) -> Bootstrap:
        table = pd.DataFrame({"method": "pair", "mask": "none-0-0", "draw": 0, "split": "test", "seed": 0, "rre": 0.0,
                              "sample": range(count)})  # fmt: skip
        return Bootstrap(table, "test", 1, 4000)

    found = claims_ct.detection(bootstrap(40), a, bootstrap(30), b)
    u = stats.mannwhitneyu(a, b).statistic
    assert found[0] == pytest.approx(u / (40 * 30))
    # the deviation of resamples is that of DeLong et al. (1988)
    larger = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    wanted = np.sqrt(larger.mean(1).var(ddof=1) / 40 + larger.mean(0).var(ddof=1) / 30)
    assert found[1:].std() == pytest.approx(wanted, rel=0.15)


def test_thresholds_are_the_numbers_of_table_1_in_favour_of_the_claims():
    assert claims_ct.FAILS == 2.8 < 0.862 / 0.224 - 1
    assert claims_ct.LITTLE == 0.13 > 0.303 / 0.270 - 1
    assert claims_ct.SIMILAR == 0.057 > 1 - 0.286 / 0.303
    assert claims_ct.CLEARLY == 0.32 < 1 - 0.303 / 0.447
    assert claims_ct.ABOUT == 0.021 > 0.303 / 0.297 - 1


SAMPLES = 100
# measured_residual, misfit: median of each cluster of Figure 3
FULL, MASKED, COMPLETED, FAR = (0.05, 0.03), (0.6, 0.5), (0.08, 0.06), (1.1, 1.2)
NEW = 4  # new masks of each kind


def rows_on(method: str, kind: str, percent: int, draw: int, split: str, rre, ssim, residual, misfit) -> pd.DataFrame:
    told = {"method": method, "observation": kind, "percent": percent, "draw": draw, "split": split, "seed": 0}
    columns = {"rre": rre, "ssim": ssim, "measured_residual": residual, "misfit": misfit}
    return pd.DataFrame({**told, "sample": np.arange(SAMPLES), **columns})


def obeying() -> pd.DataFrame:
    """A tidy table of metrics with the means of the paper's Table 1 and the clusters of its Figure 3."""
    rng = np.random.default_rng(6)
    difficulty = rng.standard_normal(SAMPLES)  # of a sample, the same for all methods and masks
    difficulty -= difficulty.mean()
    blocks = []
    for (symbol, split), row in paper.TABLE_1.items():
        kind, percent, draw = MASKS[symbol].split("-")
        numbers = {"pair": row["PAIR"], "lsi": row["PAIR+LSI"], ENCDEC[symbol]: row["Encoder-decoder"]}
        numbers["lsi-zx"] = (1.2 * row["PAIR+LSI"][0], 0.9 * row["PAIR+LSI"][1])
        for method, (rre, ssim) in numbers.items():
            for number in range(1, 1 + NEW) if "′" in symbol else [int(draw)]:
                noise = 0.002 * difficulty + 0.0005 * rng.standard_normal((2, SAMPLES))
                place = (
                    COMPLETED if method.startswith("lsi") and symbol != "none" else MASKED if "B" in symbol else FULL
                )
                points = np.array(place)[:, None] * np.exp(0.1 * rng.standard_normal((2, SAMPLES)))
                values = rre * (1 + noise[0]), ssim * (1 - 0.2 * noise[1]), *points
                blocks.append(rows_on(method, kind, int(percent), number, split, *values))
    return pd.concat(blocks, ignore_index=True)


def nulls(metrics: pd.DataFrame) -> pd.DataFrame:
    """Controls as they come out: without a search LSI is PAIR, other latents give errors of one everywhere."""
    rng = np.random.default_rng(9)
    pair, lsi = (metrics[metrics.method == method] for method in ("pair", "lsi"))
    found = [pair.assign(method="lsi", control="start")]
    for method in (pair, lsi):
        for control in ("another", "random"):
            scatter = np.exp(0.05 * rng.standard_normal((4, len(method))))
            far = {"rre": 1.2 * scatter[0], "ssim": 0.2 * scatter[1]}
            far |= {"measured_residual": FAR[0] * scatter[2], "misfit": FAR[1] * scatter[3]}
            found.append(method.assign(control=control, **far))
    return pd.concat(found, ignore_index=True)


@pytest.fixture
def metrics() -> pd.DataFrame:
    return obeying()


def judge(metrics: pd.DataFrame, numbers=EVERY_CLAIM) -> pd.DataFrame:
    evaluation = Evaluation(seed=1, confidence=0.95, resamples=400, percent=PERCENT, claims=numbers)
    return claims.judge(metrics, nulls(metrics), evaluation)


def verdicts(metrics: pd.DataFrame, numbers=EVERY_CLAIM) -> dict[int, str]:
    judged = judge(metrics, numbers)
    return judged[judged.part == "all"].set_index("claim").verdict.to_dict()


def symbols_of(metrics: pd.DataFrame) -> pd.Series:
    """The paper's name of the mask of each row; all new masks of a kind are one."""
    names = metrics.observation + "-" + metrics.percent.astype(str) + "-" + metrics.draw.clip(upper=1).astype(str)
    return names.map(SYMBOL)


def rows_of(metrics: pd.DataFrame, method: str, *symbols: str, split: str | None = None) -> pd.Series:
    chosen = (metrics.method == method) & symbols_of(metrics).isin(symbols)
    return chosen & (metrics.split == split) if split else chosen


def test_the_numbers_of_the_paper_hold_its_claims(metrics):
    assert verdicts(metrics) == dict.fromkeys(EVERY_CLAIM, "held")


def test_every_claim_has_controls_and_holds_of_none(metrics):
    judged = judge(metrics)
    controls = judged[judged.part == "control"]
    assert set(controls.claim) == set(EVERY_CLAIM)
    assert (controls.groupby("claim").size() == [2, 3, 3, 3, 2, 3, 3]).all()
    assert (controls.verdict == "not held").all(), controls
    assert controls.statement.str.startswith("control: ").all()


@pytest.mark.parametrize("claim", EVERY_CLAIM)
def test_a_claim_that_holds_of_a_control_too_is_undecided(metrics, claim):
    evaluation = Evaluation(seed=1, confidence=0.95, resamples=400, percent=PERCENT, claims=[claim])
    about = metrics[metrics.method.isin(claims.CLAIMS[claim].about)]
    as_good = pd.concat([about.assign(control=control) for control in claims.CONTROLS])
    judged = claims.judge(metrics, as_good, evaluation)
    assert judged.verdict[0] == "undecided" and (judged.verdict[1:] == "held").all()


def test_completed_data_held_against_themselves_would_make_a_control_pass(metrics):
    """What was wrong with claim 6: latents of another sample decode to data in the decoder's range, too."""
    numbers, controls = Evaluation(seed=1, confidence=0.95, resamples=400, percent=PERCENT, claims=[6]), nulls(metrics)
    chosen = (controls.method == "lsi") & (controls.control == "another")
    controls.loc[chosen, "measured_residual"], controls.loc[chosen, "misfit"] = COMPLETED
    judged = claims.judge(metrics, controls, numbers)
    assert judged.verdict[0] == "undecided"
    assert list(judged[judged.part == "control"].verdict) == ["not held", "held", "not held"]


def test_an_effect_of_exactly_nothing_is_not_held(metrics):
    same = metrics[metrics.method == "pair"].assign(method="lsi")
    judged = judge(pd.concat([metrics[metrics.method != "lsi"], same], ignore_index=True), [2])
    beside_pair = judged.statement.str.contains("beats PAIR on")
    assert beside_pair.sum() == 4 and (judged.verdict[beside_pair] == "not held").all()


def test_few_samples_give_no_verdict(metrics):
    judged = judge(metrics[metrics["sample"] < 4])
    parts = judged[~judged.part.isin(["all", "control"])]
    assert (parts.verdict == "undecided").all() and parts.low.isna().all() and parts.effect.notna().all()


def test_the_spread_over_masks_is_taken_before_draws_are_averaged(metrics):
    """One new block on which LSI is as bad as PAIR is not made good by the others."""
    chosen = rows_of(metrics, "lsi", "B′") & (metrics.draw == 2)
    metrics.loc[chosen, "rre"] *= 1.3
    assert verdicts(metrics, [4]) == {4: "not held"}


def test_methods_run_on_fewer_masks_are_compared_on_those_that_both_were_run_on(metrics):
    """Made worse on masks that LSI in Z_x never saw, LSI is no worse beside it."""
    fewer = metrics[(metrics.method != "lsi-zx") | (metrics.draw <= 1)].copy()
    before = judge(fewer, [9])
    fewer.loc[(fewer.method == "lsi") & (fewer.draw > 1), "rre"] *= 3
    after = judge(fewer, [9])
    assert before.verdict[0] == after.verdict[0] == "held"
    parts = ~before.part.isin(["all", "control"])
    pd.testing.assert_frame_equal(after[parts], before[parts])


def test_only_the_claims_asked_for_are_judged(metrics):
    assert list(verdicts(metrics, [9, 2])) == [9, 2]
    assert verdicts(metrics, []) == {}


# claim, method that is made worse, on which masks, split, factors of (RRE, SSIM)
WORSE = [
    (1, "pair", ["none"], None, (1.6, 1)),
    (1, "pair", ["none"], None, (1, 0.9)),
    (2, "lsi", ["R"], None, (1.5, 1)),
    (2, "lsi", ["R′"], None, (1, 0.8)),
    (3, "lsi", ["B′"], None, (2.0, 1)),
    (3, "encdec-block", ["B"], None, (1.5, 1)),
    (3, "pair", ["none"], None, (5.0, 1)),  # then PAIR does not fail on blocks: it is as bad on full data
    (4, "lsi", ["B"], None, (2.0, 1)),
    (5, "lsi", ["none", "R", "R′", "B", "B′"], "ood", (1.8, 1)),
    (9, "lsi", ["R"], None, (1.5, 1)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("claim", "method", "symbols", "split", "factors"), WORSE)
def test_a_claim_does_not_hold_when_its_method_is_worse(metrics, claim, method, symbols, split, factors):
    chosen = rows_of(metrics, method, *symbols, split=split)
    metrics.loc[chosen, "rre"] *= factors[0]
    metrics.loc[chosen, "ssim"] *= factors[1]
    assert verdicts(metrics)[claim] == "not held"


def test_claim_5_does_not_hold_when_the_mixture_is_flagged_and_not_the_mask(metrics):
    masked, ood = rows_of(metrics, "pair", "B", split="test"), rows_of(metrics, "pair", "none", split="ood")
    for surrogate in claims_ct.SURROGATES:
        metrics.loc[masked, surrogate], metrics.loc[ood, surrogate] = (
            metrics.loc[rows_of(metrics, "pair", "none", split="test"), surrogate].to_numpy(),
            metrics.loc[masked, surrogate].to_numpy(),
        )
    assert verdicts(metrics)[5] == "not held"


@pytest.mark.parametrize(("moved", "onto"), [("masked", "full"), ("completed", "full"), ("completed", "masked")])
def test_claim_6_does_not_hold_when_two_clusters_coincide(metrics, moved, onto):
    clusters = {
        "full": rows_of(metrics, "pair", "none", split="test"),
        "masked": rows_of(metrics, "pair", "B", split="test"),
        "completed": rows_of(metrics, "lsi", "B", split="test"),
    }
    for surrogate in claims_ct.SURROGATES:
        metrics.loc[clusters[moved], surrogate] = metrics.loc[clusters[onto], surrogate].to_numpy()[::-1]
    assert verdicts(metrics)[6] == "not held"


def test_a_difference_within_the_noise_is_undecided(metrics):
    chosen, zx = rows_of(metrics, "lsi", *MASKS), rows_of(metrics, "lsi-zx", *MASKS)
    rng = np.random.default_rng(7)
    metrics.loc[chosen, "rre"] = 0.3 + 0.05 * rng.standard_normal(chosen.sum())
    metrics.loc[zx, "rre"] = 0.3 + 0.05 * rng.standard_normal(zx.sum())
    judged = judge(metrics, [9])
    assert judged.verdict[0] == "undecided"
    parts = judged[~judged.part.isin(["all", "control"])]
    between = (parts.low < 0) & (parts.high > 0)
    assert between.any() and (parts.verdict[between] == "undecided").all()


def test_verdicts_agree_with_intervals_and_thresholds(metrics):
    metrics.loc[rows_of(metrics, "lsi", "B′"), "rre"] *= 2
    parts = judge(metrics).query("part not in ('all', 'control')")
    assert ((parts.low <= parts.effect + 1e-9) & (parts.effect <= parts.high + 1e-9)).all()  # up to rounding
    for row in parts.itertuples():
        sign, threshold = row.threshold.split()
        low, high = (row.low, row.high) if sign == ">" else (-row.high, -row.low)
        limit = float(threshold) * (1 if sign == ">" else -1)
        assert row.verdict == ("held" if low > limit else "not held" if high <= limit else "undecided")
    assert {"held", "not held"} <= set(parts.verdict)


NEEDED = {
    1: {"pair", "lsi", "encdec-none"},
    2: {"pair", "lsi", "encdec-random"},
    3: {"pair", "lsi", "encdec-block"},
    4: {"pair", "lsi", "encdec-none", "encdec-random", "encdec-block"},
    5: {"pair", "lsi"},
    6: {"pair", "lsi"},
    9: {"lsi", "lsi-zx"},
}


@pytest.mark.parametrize("method", ["pair", "lsi", "lsi-zx", "encdec-none", "encdec-random", "encdec-block"])
def test_claims_about_a_missing_method_are_not_tested_and_name_it(metrics, method):
    for number, verdict in verdicts(metrics[metrics.method != method]).items():
        if method in NEEDED[number]:
            assert verdict.startswith("not tested: ") and method in verdict
        else:
            assert verdict == "held"


MASKS_OF = {1: "none", 2: "R R′", 3: "none B B′", 5: "none B", 6: "none B"}


@pytest.mark.parametrize(
    "kept", [["none"], ["none", "R", "R′"], ["R", "R′", "B", "B′"], ["none", "R", "B"], ["B"]], ids="+".join
)
def test_claims_about_masks_left_out_are_not_tested_and_name_them(metrics, kept):
    found = verdicts(metrics[symbols_of(metrics).isin(kept)])
    for number, symbols in MASKS_OF.items():
        absent = set(symbols.split()) - set(kept)
        if absent:
            assert found[number].startswith("not tested: ")
            assert any(f"mask {symbol}" in found[number] or MASKS[symbol] in found[number] for symbol in absent)
        else:
            assert found[number] == "held"
    assert found[9].startswith("not tested: ") if kept == ["none"] else found[9] == "held"


@pytest.mark.slow
def test_other_percentages_in_the_sweep_change_no_verdict(metrics):
    other = metrics.assign(percent=metrics.percent * 2, rre=metrics.rre * 10)[metrics.percent > 0]
    judged, with_others = judge(metrics), judge(pd.concat([metrics, other], ignore_index=True))
    pd.testing.assert_frame_equal(judged, with_others)


def test_every_claim_of_the_paper_that_an_experiment_may_ask_for_has_its_statement():
    assert list(claims.CLAIMS) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
