"""Intervals against Student's t, crossed random effects and Clopper and Pearson, over many repetitions."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pairlsi.evaluation.bootstrap import Bootstrap, interval


def table_of(values: dict[str, np.ndarray], split: str = "test") -> pd.DataFrame:
    """Metrics of methods on random masks; values: method -> (seeds, draws, samples)."""
    rows = [
        {"method": method, "mask": f"random-25-{draw}", "draw": draw, "split": split, "seed": seed, "sample": sample}
        | {"rre": value}
        for method, by_seed in values.items()
        for (seed, draw, sample), value in np.ndenumerate(by_seed)
    ]
    return pd.DataFrame(rows)


def mean_of(values: np.ndarray, resamples: int = 4000, seed: int = 1) -> np.ndarray:
    """values (seeds, draws, samples)."""
    bootstrap = Bootstrap(table_of({"pair": values}), "test", seed, resamples)
    masks = [f"random-25-{draw}" for draw in range(values.shape[1])]
    return bootstrap.mean_of(bootstrap.measured("pair", masks, "rre"))


@pytest.mark.parametrize("confidence", [0.5, 0.95])
@pytest.mark.parametrize(("seeds", "samples"), [(1, 5), (1, 300), (3, 10), (10, 10)])
def test_the_interval_of_a_mean_is_students(confidence, seeds, samples):
    """Where one source alone varies, samples or seeds."""
    rng = np.random.default_rng(0)
    levels = rng.gamma(4, size=samples if seeds == 1 else seeds)
    values = np.broadcast_to(levels if seeds == 1 else levels[:, None], (seeds, samples))[:, None]
    estimate, low, high = interval(mean_of(values, 40000), confidence)
    half = stats.t.ppf((1 + confidence) / 2, len(levels) - 1) * levels.std(ddof=1) / np.sqrt(len(levels))
    assert estimate == pytest.approx(levels.mean())
    assert (high - low) / 2 == pytest.approx(half, rel=0.04)
    assert (high + low) / 2 == pytest.approx(levels.mean(), abs=0.04 * half)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("samples", [5, 20, 200])
def test_intervals_cover_the_truth_as_often_as_they_say(seeds, samples):
    """Crossed effects of seeds, masks and samples, about alike, and what is left; a truth of 0, nominally .95."""
    rng = np.random.default_rng([seeds, samples])
    repeats, draws, covered = 400, 8, 0
    masks = [f"random-25-{draw}" for draw in range(draws)]
    bootstrap = Bootstrap(table_of({"pair": np.zeros((seeds, draws, samples))}), "test", 1, 2000)
    template = bootstrap.measured("pair", masks, "rre")
    for _ in range(repeats):
        effects = [rng.standard_normal(n) * scale for n, scale in ((seeds, 0.6), (draws, 1), (samples, 1))]
        values = effects[0][:, None, None] + effects[1][:, None] + effects[2]
        values = values + 0.5 * rng.standard_normal((seeds, draws, samples))
        _, low, high = interval(bootstrap.mean_of(type(template)(values, "random", template.draws)), 0.95)
        covered += low < 0 < high
    assert covered / repeats >= 0.92


def test_skewed_errors_of_few_samples_are_covered_too():
    """Relative errors are skewed: log-normal ones with a deviation of a third."""
    rng = np.random.default_rng(1)
    bootstrap = Bootstrap(table_of({"pair": np.zeros((1, 1, 20))}), "test", 1, 2000)
    template, covered = bootstrap.measured("pair", ["random-25-0"], "rre"), 0
    for _ in range(500):
        values = np.exp(0.33 * rng.standard_normal((1, 1, 20)))
        _, low, high = interval(bootstrap.mean_of(type(template)(values, "random", [0])), 0.95)
        covered += low < np.exp(0.33**2 / 2) < high
    assert covered / 500 >= 0.92


def test_resamples_are_the_same_for_the_same_seed_alone():
    sample = np.random.default_rng(2).standard_normal((1, 1, 50))
    assert np.array_equal(mean_of(sample), mean_of(sample))
    assert not np.array_equal(mean_of(sample), mean_of(sample, seed=2))


def width(values: np.ndarray) -> float:
    _, low, high = interval(values, 0.95)
    return high - low


def test_paired_effects_have_narrower_intervals_than_unpaired_ones():
    rng = np.random.default_rng(3)
    common = rng.gamma(4, size=200)
    a, b = (common + 0.1 * rng.standard_normal((2, 200)))[:, None, None]
    both = Bootstrap(table_of({"a": a, "b": b}), "test", 1, 1000)
    paired = width(both.mean("a", "random-25-0", "rre") - both.mean("b", "random-25-0", "rre"))
    unpaired = width(mean_of(a, 1000, seed=1) - mean_of(b, 1000, seed=2))
    assert paired < unpaired / 5
    assert paired == pytest.approx(2 * 1.97 * (a - b).std(ddof=1) / np.sqrt(200), rel=0.15)


@pytest.mark.parametrize("axis", [0, 1], ids=["seeds", "masks"])
@pytest.mark.parametrize(("count", "counts"), [(2, False), (3, True), (8, True)])
def test_the_spread_of_seeds_and_masks_counts_from_three_on(axis, count, counts):
    rng = np.random.default_rng(4)
    values = np.expand_dims(np.linspace(0, 10, count)[:, None] + rng.standard_normal((count, 100)), 1 - axis)
    samples_alone = mean_of(values.mean((0, 1), keepdims=True))
    means = mean_of(values)
    assert means[0] == pytest.approx(values.mean())
    of_levels = values.mean((1 - axis, 2)).std(ddof=1) / np.sqrt(count)
    wanted = 2 * stats.t.ppf(0.975, count - 1) * of_levels if counts else width(samples_alone)
    assert width(means) == pytest.approx(wanted, rel=0.15)


def test_fewer_than_five_samples_have_a_mean_and_no_interval():
    for count in (1, 4):
        found = mean_of(np.arange(1.0, 1 + count)[None, None])
        assert found[0] == pytest.approx((1 + count) / 2) and np.isnan(found[1:]).all()
    assert np.isfinite(mean_of(np.arange(5.0)[None, None])).all()


def test_a_method_run_on_some_samples_and_masks_has_the_intervals_of_those():
    rng = np.random.default_rng(8)
    values = rng.gamma(4, size=(1, 6, 60))
    few = np.where(np.arange(60) < 25, values, np.nan)[:, :4]
    both = Bootstrap(table_of({"all": values, "few": few}), "test", 1, 4000)
    masks = [f"random-25-{draw}" for draw in range(6)]
    everything, some = both.measured("all", masks, "rre"), both.measured("few", masks, "rre")
    assert some.draws == [0, 1, 2, 3, 4, 5] or np.isnan(some.values[:, 4:]).all()
    shared = everything.where(some)
    assert both.mean_of(shared)[0] == pytest.approx(values[:, :4, :25].mean())
    alone = mean_of(values[:, :4, :25])
    assert width(both.mean_of(shared)) == pytest.approx(width(alone), rel=0.15)
    assert both.mean_of(shared) == pytest.approx(both.mean_of(some))  # the same weights, so comparisons are paired
    assert np.array_equal(both.mean_of(everything), mean_of(values))  # unmoved by the others


@pytest.mark.parametrize(("count", "holds"), [(5, 5), (12, 12), (12, 0), (200, 200), (40, 30)])
def test_a_share_has_the_interval_of_clopper_and_pearson(count, holds):
    bootstrap = Bootstrap(table_of({"pair": np.zeros((1, 1, count))}), "test", 1, 40000)
    share, low, high = interval(bootstrap.share(np.arange(count) < holds), 0.95)
    wanted = stats.binomtest(holds, count).proportion_ci(0.95, method="exact")
    assert share == holds / count
    assert (low, high) == pytest.approx((wanted.low, wanted.high), abs=0.02)


def test_a_share_of_fewer_than_five_samples_has_no_interval():
    bootstrap = Bootstrap(table_of({"pair": np.zeros((1, 1, 4))}), "test", 1, 300)
    assert np.isnan(interval(bootstrap.share(np.ones(4, bool)), 0.95)[1])
