"""Observations that spoil data: by as much as they say, for each sample on its own, and only where they make sense."""

from types import SimpleNamespace

import numpy as np
import pytest

from pairlsi import observations, problems
from pairlsi.core.instances import instance
from pairlsi.core.parts import find, kinds
from pairlsi.observations.spoiled import Spoiled, fitting

KINDS = [kind for kind in kinds("observations") if issubclass(find("observations", kind), Spoiled)]
LINEAR = {
    "binned",
    "blur",
    "dead",
    "displaced",
    "gain",
    "late",
    "polarity",
    "resampled",
    "shift",
    "silent",
    "wavelet",
}  # whatever y is
NUMBERS = np.arange(6)


@pytest.fixture(scope="module")
def places():
    """A problem with bins and one with time, each as an experiment, and data for it."""
    found = {}
    for kind in ("ct", "crosswell"):
        problem = problems.create({"kind": kind, **find("problems", kind).small()})
        data = np.random.default_rng(0).standard_normal((6, *problem.y_shape))
        found[kind] = SimpleNamespace(problem=problem), np.abs(data) if kind == "ct" else data
    return found


def made(kind: str, problem, level=None, **said):
    one = instance("observations", "seen", {"kind": kind, "seed": 3, **said}, "observations.seen")
    levels = one.part.levels(one.settings)
    return [observations.made(observations.described(one, each), problem, 0) for each in levels]


def cases():
    waves = ("late", "polarity", "wavelet")
    return [(kind, "crosswell") for kind in KINDS if kind not in ("binned", "blur", "dead", "poisson")] + [
        (kind, "ct") for kind in KINDS if kind not in waves
    ]


def test_those_that_fit_a_problem_are_all_but_those_that_make_no_sense_there(places):
    found = {name: {one.part.kind for one in fitting(experiment)} for name, (experiment, _) in places.items()}
    assert found == {name: {kind for kind, place in cases() if place == name} for name in places}
    assert found["ct"] | found["crosswell"] == set(KINDS)


@pytest.mark.parametrize(("kind", "place"), cases())
def test_more_is_worse_a_sample_is_spoiled_on_its_own_and_inference_is_not_told(places, kind, place):
    experiment, y = places[place]
    off = []
    for seen in made(kind, experiment.problem):
        assert seen.mask.keep.all()
        arrived = seen(y, "test", NUMBERS)
        assert np.array_equal(arrived[2:4], seen(y[2:4], "test", NUMBERS[2:4]))
        assert arrived.dtype == y.dtype and np.isfinite(arrived).all()
        off.append(np.linalg.norm(arrived - y))
    assert off[-1] > 0 and all(a <= b for a, b in zip(off, off[1:], strict=False))


@pytest.mark.parametrize(("kind", "place"), [case for case in cases() if case[0] in LINEAR])
def test_what_should_be_linear_in_the_data_is(places, kind, place):
    experiment, y = places[place]
    seen = made(kind, experiment.problem)[-1]
    other = np.random.default_rng(1).standard_normal(y.shape)
    together = seen(2 * y - 3 * other, "test", NUMBERS)
    apart = 2 * seen(y, "test", NUMBERS) - 3 * seen(other, "test", NUMBERS)
    np.testing.assert_allclose(together, apart, atol=1e-9 * np.abs(y).max() * 10)


def test_noise_has_the_size_that_it_says_and_its_smooth_kind_is_smooth(places):
    experiment, y = places["ct"]
    [seen] = made("noise", experiment.problem, severities=[4.0])
    added = seen(y, "test", NUMBERS) - y
    sizes = np.linalg.norm(added.reshape(6, -1), axis=1) / np.linalg.norm(y.reshape(6, -1), axis=1)
    np.testing.assert_allclose(sizes, np.sqrt(15) * experiment.problem.noise_level, rtol=1e-6)
    [smooth] = made("noise", experiment.problem, severities=[4.0], length=3)
    along = [np.diff(u, axis=-1).std() / u.std() for u in (added, smooth(y, "test", NUMBERS) - y)]
    assert along[1] < 0.5 * along[0]


@pytest.mark.parametrize("place", ["ct", "crosswell"])
def test_rows_that_were_measured_stay_and_others_lie_between_them(places, place):
    problem, y = places[place][0].problem, places[place][1]
    [seen] = made("resampled", problem, severities=[2.0])
    rows, found = (np.moveaxis(u, problem.missing_axis, 1) for u in (y, seen(y, "test", NUMBERS)))
    count = rows.shape[1]
    after = rows[:, :1, ..., ::-1] if place == "ct" else rows[:, -1:]
    for row in range(count):
        if row % 2 == 0:
            np.testing.assert_allclose(found[:, row], rows[:, row], atol=1e-9)
        elif row + 1 < count:
            np.testing.assert_allclose(found[:, row], (rows[:, row - 1] + rows[:, row + 1]) / 2, atol=1e-9)
        elif place == "ct":  # half a turn on, the first view comes again, mirrored
            np.testing.assert_allclose(found[:, row], (rows[:, row - 1] + after[:, 0]) / 2, atol=1e-9)
    slope = np.ones_like(rows) * np.arange(count).reshape(1, -1, 1, 1)
    [third] = made("resampled", problem, severities=[1.5])
    kept = np.moveaxis(third(np.moveaxis(slope, 1, problem.missing_axis), "test", NUMBERS), problem.missing_axis, 1)
    inner = slice(0, int((count - 1) // 1.5 * 1.5) + 1)
    np.testing.assert_allclose(kept[:, inner], slope[:, inner], atol=1e-9)


def test_a_drifting_gain_changes_as_much_as_it_says_and_slowly(places):
    problem, y = places["ct"][0].problem, np.ones((6, *places["ct"][0].problem.y_shape))
    of_each, slow = (made("gain", problem, severities=[3.0], length=length)[0](y, "test", NUMBERS) for length in (0, 4))
    assert (slow == slow[..., :1]).all() and np.square(slow[..., 0] - 1).mean((1, 2)) == pytest.approx(0.03**2)
    steps = [np.diff(u[..., 0], axis=2).std() / (u[..., 0] - 1).std() for u in (of_each, slow)]
    assert steps[1] < 0.5 * steps[0]


def test_bins_read_out_together_have_their_mean_and_keep_the_sum(places):
    problem, y = places["ct"][0].problem, places["ct"][1]
    [binned] = made("binned", problem, severities=[3])
    found = binned(y, "test", NUMBERS)
    assert found.sum(-1) == pytest.approx(y.sum(-1))
    assert found[..., 3:6] == pytest.approx(np.repeat(y[..., 3:6].mean(-1, keepdims=True), 3, -1))
    one = instance("observations", "seen", {"kind": "binned", "severities": [1, 2]}, "observations.seen")
    assert "two bins at least" in one.part.unfit(one.settings, places["ct"][0])


def test_counts_are_what_they_say(places):
    experiment, y = places["ct"]
    [dead] = made("dead", experiment.problem, severities=[2])
    [outliers] = made("outliers", experiment.problem, severities=[10])
    assert ((dead(y, "test", NUMBERS) == 0).sum((1, 2, 3)) == 2 * experiment.problem.missing_count).all()
    changed = (outliers(y, "test", NUMBERS) != y).reshape(6, -1).mean(1)
    np.testing.assert_allclose(changed, 0.1, atol=0.01)
    experiment, y = places["crosswell"]
    [polarity] = made("polarity", experiment.problem, severities=[2])
    turned = (polarity(y, "test", NUMBERS) == -y).all((1, 3))  # by sample and receiver
    assert (turned.sum(1) == 2).all() and len(np.unique(turned, axis=0)) > 1


def test_few_photons_leave_the_moments_of_a_logarithm_of_counts(places):
    """By the delta method log N has the variance 1 / E N; the largest line integral lets e^-3 of a million through."""
    problem = places["ct"][0].problem
    y = np.full((400, *problem.y_shape), 2.0)
    y[:, :, ::2] = 6.0
    [seen] = made("poisson", problem, severities=[100])
    off = seen(y, "test", np.arange(400)) - y
    for rows, depth in ((slice(0, None, 2), 3.0), (slice(1, None, 2), 1.0)):
        wanted = np.exp(depth / 2) / np.sqrt(1e4) * 6 / 3
        assert off[:, :, rows].std() == pytest.approx(wanted, rel=0.02)
        assert abs(off[:, :, rows].mean()) < 0.05 * wanted


def test_a_mask_by_channel_takes_as_many_rows_of_each_and_others(places):
    problem, y = places["crosswell"][0].problem, places["crosswell"][1]
    one = instance("observations", "seen", {"kind": "scattered", "percents": [30, 50]}, "observations.seen")
    for level in (30, 50):
        seen = observations.made(observations.described(one, level), problem, 0)
        missing = (seen(y, "test", NUMBERS) == 0).all((0, 3))
        assert (missing.sum(1) == round(problem.missing_count * level / 100)).all()
        assert len(np.unique(missing, axis=0)) > 1 and np.array_equal(missing, ~seen.mask.keep)
    assert "single channel" in one.part.unfit(one.settings, places["ct"][0])


def test_a_whole_entry_of_shift_and_a_whole_step_beside_are_neighbours(places):
    experiment, y = places["ct"]
    [shift], [displaced] = (made(kind, experiment.problem, severities=[1]) for kind in ("shift", "displaced"))
    assert np.array_equal(shift(y, "test", NUMBERS), np.roll(y, 1, -1))
    beside = displaced(y, "test", NUMBERS)
    assert np.array_equal(beside[:, :, :-1], y[:, :, 1:]) and np.array_equal(beside[:, :, -1], y[:, :, 0, ::-1])


def test_a_lower_wavelet_makes_of_a_ricker_the_other_ricker(places):
    from deepwave.wavelets import ricker

    problem = places["crosswell"][0].problem
    count, step, middle = 400, problem.sample_interval, 200 * problem.sample_interval
    before = ricker(problem.peak_frequency, count, step, middle).double().numpy()
    [seen] = made("wavelet", problem, severities=[20])
    found = seen.spoil(before.reshape(1, 1, 1, -1), [None]).ravel()
    wanted = ricker(0.8 * problem.peak_frequency, count, step, middle).double().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4)  # what the sampling folds back


def test_what_cannot_be_is_refused_with_a_sentence(places):
    for kind, place, said, word in [
        ("noise", "ct", {"severities": [0.5]}, "more than 1"),
        ("outliers", "ct", {"severities": [150]}, "100 %"),
        ("displaced", "ct", {"severities": [2]}, "1 step"),
        ("wavelet", "crosswell", {"severities": [95]}, "less than 90"),
        ("wavelet", "ct", {}, "no source"),
        ("dead", "crosswell", {}, "not bins"),
        ("polarity", "ct", {}, "no waves"),
        ("polarity", "crosswell", {"severities": [100]}, "there are 10 receivers"),
        ("silent", "ct", {"severities": [12]}, "there are 12 angles"),
        ("dead", "ct", {"severities": [900]}, "bins from the middle"),
    ]:
        one = instance("observations", "seen", {"kind": kind, **said}, "observations.seen")
        assert word in one.part.unfit(one.settings, places[place][0])
