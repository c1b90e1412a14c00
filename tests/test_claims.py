"""The bootstrap against normal theory, detection against Mann-Whitney, and verdicts on the numbers of the paper."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pairlsi.evaluation import claims, claims_ct, paper
from pairlsi.evaluation.bootstrap import Bootstrap, interval
from pairlsi.settings import Evaluation

EVERY_CLAIM = [1, 2, 3, 4, 5, 6, 9]
PERCENT = 25
MASKS = {"none": "none-0-0", "R": "random-25-0", "R′": "random-25-1", "B": "block-25-0", "B′": "block-25-1"}
ENCDEC = {"none": "encdec-none", "R": "encdec-random", "R′": "encdec-random", "B": "encdec-block", "B′": "encdec-block"}


def table_of(values: dict[str, np.ndarray], split: str = "test") -> pd.DataFrame:
    """Metrics of methods on full data; values: method -> (seeds, samples)."""
    rows = [
        {"method": method, "mask": "none-0-0", "split": split, "seed": seed, "sample": sample, "rre": value}
        for method, by_seed in values.items()
        for (seed, sample), value in np.ndenumerate(by_seed)
    ]
    return pd.DataFrame(rows)


def mean_of(values: np.ndarray, resamples: int = 4000, seed: int = 1) -> np.ndarray:
    return Bootstrap(table_of({"pair": values}), "test", seed, resamples).mean("pair", "none-0-0", "rre")


@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_the_interval_of_a_mean_is_that_of_normal_theory(confidence):
    sample = np.random.default_rng(0).gamma(4, size=300)
    estimate, low, high = interval(mean_of(sample[None]), confidence)
    half = stats.norm.ppf((1 + confidence) / 2) * sample.std(ddof=1) / np.sqrt(300)
    assert estimate == pytest.approx(sample.mean())
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)
    assert (high + low) / 2 == pytest.approx(sample.mean(), abs=0.2 * half)


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    repeats, samples = 300, 60
    covered = 0
    for repeat in range(repeats):
        _, low, high = interval(mean_of(rng.exponential(size=(1, samples)), 300, repeat), 0.9)
        covered += low < 1 < high
    assert covered / repeats == pytest.approx(0.9, abs=0.06)  # three standard deviations of the count


def test_resamples_are_the_same_for_the_same_seed_alone():
    sample = np.random.default_rng(2).standard_normal((1, 50))
    assert np.array_equal(mean_of(sample), mean_of(sample))
    assert not np.array_equal(mean_of(sample), mean_of(sample, seed=2))


def width(values: np.ndarray) -> float:
    _, low, high = interval(values, 0.95)
    return high - low


def test_paired_effects_have_narrower_intervals_than_unpaired_ones():
    rng = np.random.default_rng(3)
    common = rng.gamma(4, size=200)
    a, b = (common + 0.1 * rng.standard_normal((2, 200)))[:, None]
    both = Bootstrap(table_of({"a": a, "b": b}), "test", 1, 1000)
    paired = width(both.mean("a", "none-0-0", "rre") - both.mean("b", "none-0-0", "rre"))
    unpaired = width(mean_of(a, 1000, seed=1) - mean_of(b, 1000, seed=2))
    assert paired < unpaired / 5
    assert paired == pytest.approx(2 * 1.96 * (a - b).std(ddof=1) / np.sqrt(200), rel=0.15)


@pytest.mark.parametrize(("seeds", "spread"), [(2, False), (3, True), (5, True)])
def test_the_spread_of_seeds_counts_from_three_seeds_on(seeds, spread):
    rng = np.random.default_rng(4)
    values = np.linspace(0, 10, seeds)[:, None] + rng.standard_normal((seeds, 100))
    samples_alone = mean_of(values.mean(0, keepdims=True))
    means = mean_of(values)
    assert means[0] == pytest.approx(values.mean())
    wanted = np.hypot(width(samples_alone), 2 * 1.96 * values.mean(1).std() / np.sqrt(seeds))
    assert width(means) == pytest.approx(wanted if spread else width(samples_alone), rel=0.2)


def partly(values: dict[str, np.ndarray]) -> Bootstrap:
    """A bootstrap of methods of which each was run on the first samples alone, as many as it has values."""
    return Bootstrap(table_of({method: v[None] for method, v in values.items()}), "test", 1, 2000)


def test_a_method_run_on_some_samples_has_the_bootstrap_of_those():
    sample = np.random.default_rng(8).gamma(4, size=60)
    both = partly({"all": sample, "few": sample[:25]})
    assert np.isnan(both.values("few", "none-0-0", "rre")[0]).tolist() == [False] * 25 + [True] * 35
    found = both.mean("few", "none-0-0", "rre")
    assert found[0] == pytest.approx(sample[:25].mean())
    weights = both.sample_weights[:, :25]
    assert found == pytest.approx((weights @ sample[:25]) / weights.sum(1))
    alone = mean_of(sample[None, :25], 2000)
    assert width(found) == pytest.approx(width(alone), rel=0.1)
    assert np.array_equal(both.mean("all", "none-0-0", "rre"), mean_of(sample[None], 2000))  # unmoved by the others


def test_a_resample_without_any_of_few_samples_takes_the_mean_of_all_of_them():
    sample = np.arange(1.0, 41.0)
    both = partly({"all": sample, "few": sample[:2]})
    found = both.mean("few", "none-0-0", "rre")
    missed = both.sample_weights[:, :2].sum(1) == 0
    assert missed.sum() > 100 and (found[missed] == 1.5).all() and np.isfinite(found).all()
    assert set(found[~missed].round(6)) >= {1.0, 1.5, 2.0}


@pytest.mark.parametrize("ties", [False, True])
def test_detection_is_the_statistic_of_mann_and_whitney(ties):
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal(40) + 0.5, rng.standard_normal(30)
    if ties:
        a, b = a.round(), b.round()
    drawn = [rng.multinomial(len(u), np.full(len(u), 1 / len(u)), size=3) for u in (a, b)]
    found = claims_ct.detection(a, drawn[0] / 40, b, drawn[1] / 30)
    for value, times_a, times_b in zip(found, *drawn, strict=True):
        u = stats.mannwhitneyu(np.repeat(a, times_a), np.repeat(b, times_b)).statistic
        assert value == pytest.approx(u / (40 * 30))


SAMPLES = 40
# residual_estimate, autoencoded_difference: median of each cluster of Figure 3
FULL, MASKED, COMPLETED = (0.05, 0.03), (0.6, 0.5), (0.08, 0.01)


def obeying() -> pd.DataFrame:
    """A tidy table of metrics with the means of the paper's Table 1 and the clusters of its Figure 3."""
    rng = np.random.default_rng(6)
    blocks = []
    for (symbol, split), row in paper.TABLE_1.items():
        kind, percent, draw = MASKS[symbol].split("-")
        difficulty = rng.standard_normal(SAMPLES)  # of a sample, the same for all methods
        numbers = {"pair": row["PAIR"], "lsi": row["PAIR+LSI"], ENCDEC[symbol]: row["Encoder-decoder"]}
        numbers["lsi-zx"] = (1.2 * row["PAIR+LSI"][0], 0.9 * row["PAIR+LSI"][1])
        for method, (rre, ssim) in numbers.items():
            noise = 0.02 * difficulty + 0.004 * rng.standard_normal((2, SAMPLES))
            masked = MASKED if symbol in ("B", "B′") else FULL
            residual, autoencoded = COMPLETED if method.startswith("lsi") else masked
            blocks.append(
                pd.DataFrame(
                    {
                        "method": method,
                        "mask_kind": kind,
                        "percent": int(percent),
                        "draw": int(draw),
                        "split": split,
                        "seed": 0,
                        "sample": np.arange(SAMPLES),
                        "rre": rre * (1 + noise[0]),
                        "ssim": ssim * (1 - 0.2 * noise[1]),
                        "residual_estimate": residual * np.exp(0.1 * rng.standard_normal(SAMPLES)),
                        "autoencoded_difference": autoencoded * np.exp(0.1 * rng.standard_normal(SAMPLES)),
                    }
                )
            )
    return pd.concat(blocks, ignore_index=True)


@pytest.fixture
def metrics() -> pd.DataFrame:
    return obeying()


def judge(metrics: pd.DataFrame, numbers=EVERY_CLAIM) -> pd.DataFrame:
    evaluation = Evaluation(seed=1, confidence=0.95, resamples=400, claims=numbers)
    return claims.judge(metrics, PERCENT, evaluation)


def verdicts(metrics: pd.DataFrame, numbers=EVERY_CLAIM) -> dict[int, str]:
    judged = judge(metrics, numbers)
    return judged[judged.part == "all"].set_index("claim").verdict.to_dict()


def rows_of(metrics: pd.DataFrame, method: str, *symbols: str, split: str | None = None) -> pd.Series:
    names = metrics.mask_kind + "-" + metrics.percent.astype(str) + "-" + metrics.draw.astype(str)
    chosen = (metrics.method == method) & names.isin([MASKS[symbol] for symbol in symbols])
    return chosen & (metrics.split == split) if split else chosen


def test_the_numbers_of_the_paper_hold_its_claims(metrics):
    assert verdicts(metrics) == dict.fromkeys(EVERY_CLAIM, "held")


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
    parts = judged[judged.part != "all"]
    between = (parts.low < 0) & (parts.high > 0)
    assert between.any() and (parts.verdict[between] == "undecided").all()


def test_verdicts_agree_with_intervals_and_thresholds(metrics):
    metrics.loc[rows_of(metrics, "lsi", "B′"), "rre"] *= 2
    parts = judge(metrics).query("part != 'all'")
    assert ((parts.low <= parts.effect) & (parts.effect <= parts.high)).all()
    for row in parts.itertuples():
        sign, threshold = row.threshold.split()
        low, high = (row.low, row.high) if sign == ">" else (-row.high, -row.low)
        limit = float(threshold) * (1 if sign == ">" else -1)
        assert row.verdict == ("held" if low > limit else "not held" if high < limit else "undecided")
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
    names = metrics.mask_kind + "-" + metrics.percent.astype(str) + "-" + metrics.draw.astype(str)
    found = verdicts(metrics[names.isin([MASKS[symbol] for symbol in kept])])
    for number, symbols in MASKS_OF.items():
        absent = set(symbols.split()) - set(kept)
        if absent:
            assert found[number].startswith("not tested: ")
            assert any(f"mask {symbol}" in found[number] or MASKS[symbol] in found[number] for symbol in absent)
        else:
            assert found[number] == "held"
    assert found[9].startswith("not tested: ") if kept == ["none"] else found[9] == "held"


def test_other_percentages_in_the_sweep_change_no_verdict(metrics):
    other = metrics.assign(percent=metrics.percent * 2, rre=metrics.rre * 10)[metrics.percent > 0]
    judged, with_others = judge(metrics), judge(pd.concat([metrics, other], ignore_index=True))
    pd.testing.assert_frame_equal(judged, with_others)


def test_every_claim_of_the_paper_that_an_experiment_may_ask_for_has_its_statement():
    assert list(claims.CLAIMS) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
