"""Tables of the reports, on metrics made so that the answers are known."""

import numpy as np
import pandas as pd
import pytest
from made import LABELS, WHERE

from pairlsi.core.instances import instances
from pairlsi.evaluation import by_percent
from pairlsi.evaluation.comparisons import Sweep
from pairlsi.evaluation.settings import Evaluation
from pairlsi.reports import rivals, tables, wording

EVALUATION = Evaluation(percent=50, seed=1, confidence=0.95, resamples=300, claims=[])
ERRORS = {"lsi": 0.3, "pair": 0.4, "mlsi": 0.5, "lsi-refined": 0.2, "mean": 0.65}
FEW = 6  # samples of the methods that simulate
SAMPLES = 20
NOISE = 0.01 * np.random.default_rng(0).standard_normal(SAMPLES)  # of a sample, the same for all methods
DEARER = ("mlsi", "lsi-refined")


def error(method: str, kind: str, percent: int, draw: int, sample: int) -> float:
    return ERRORS[method] * (1 + percent / 100) * (1.5 if kind == "block" else 1) + 0.01 * draw + NOISE[sample]


def metrics() -> pd.DataFrame:
    """Two kinds of masks, two draws; the mean model on full data alone, dear methods on few samples and at random."""
    rows = []
    masks = [("none", 0, 0)] + [(kind, 50, draw) for kind in ("random", "block") for draw in (0, 1)]
    for method in ERRORS:
        for kind, percent, draw in masks[:1] if method == "mean" else masks:
            if kind == "block" and method in DEARER:
                continue
            for split in ("test", "ood"):
                for sample in range(FEW if method in DEARER else SAMPLES):
                    row = {"method": method, "observation": kind, "percent": percent, "draw": draw, "split": split}
                    row |= {"seed": 0, "sample": sample, "rre": error(method, kind, percent, draw, sample), "ssim": 0.5}
                    row["deviation_error"] = row["rre"] / (0.2 + 0.01 * sample)
                    rows.append(row | {"seconds": 2.0 if method == "mlsi" else 0.01, "data_rre": 0.1})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return Sweep(metrics(), EVALUATION, labels=LABELS)


def test_values_are_of_each_draw_and_unknown_for_samples_that_were_not_run(sweep):
    found = by_percent.values(sweep, "test", "mlsi", "random", 50)
    wanted = np.array([[error("mlsi", "random", 50, draw, i) for i in range(FEW)] for draw in (0, 1)])
    assert found.shape == (1, 2, SAMPLES) and np.isnan(found[..., FEW:]).all()
    assert found[0, :, :FEW] == pytest.approx(wanted)
    assert by_percent.values(sweep, "test", "mlsi", "block", 50) is None
    on_full = [error("mean", "none", 0, 0, i) for i in range(SAMPLES)]
    assert by_percent.values(sweep, "test", "mean", "block", 50)[0, 0] == pytest.approx(on_full)


def test_methods_are_compared_on_the_samples_that_all_were_run_on(sweep):
    shared = by_percent.shared_samples(sweep, "test", list(ERRORS))
    assert list(np.flatnonzero(shared)) == list(range(FEW))
    assert by_percent.shared_samples(sweep, "test", ["pair", "mean"]).all()
    found = by_percent.means(sweep, "test", ["pair", "mlsi"], "random", shared)
    assert found["pair"][50][0] == pytest.approx(0.6 + 0.005 + NOISE[:FEW].mean())
    assert found["mlsi"][0][0] == pytest.approx(0.5 + NOISE[:FEW].mean())
    at = by_percent.means_at(sweep, list(ERRORS), "random", 50, shared)
    assert list(at) == ["lsi-refined", "lsi", "pair", "mean", "mlsi"]
    assert list(by_percent.means_at(sweep, ["lsi", "mlsi"], "block", 50, shared)) == ["lsi"]


def test_methods_are_compared_on_the_draws_that_all_were_run_on():
    table = metrics()
    one = Sweep(table[(table.method != "mlsi") | (table.draw == 0)], EVALUATION, labels=LABELS)
    everyone = np.ones(SAMPLES, bool)
    alone, beside = (by_percent.means(one, "test", m, "random", everyone) for m in (["pair"], ["pair", "mlsi", "mean"]))
    assert alone["pair"][50][0] == pytest.approx(0.6 + 0.005 + NOISE.mean())
    assert beside["pair"][50][0] == pytest.approx(0.6 + NOISE.mean()), "draw 0 alone"
    assert list(beside) == ["pair", "mlsi", "mean"] and beside["mean"][50][0] == pytest.approx(0.65 + NOISE.mean())
    shown = tables.on_shared_and_all(one, list(ERRORS), "random", 50, 0.95)
    assert shown.loc["PAIR"].iloc[0].startswith(f"{0.6 + NOISE[:FEW].mean():.3f} (")
    assert shown.loc["PAIR"].iloc[-1].startswith(f"{0.605 + NOISE.mean():.3f} (")


def test_percents_and_methods_are_those_of_the_kind_of_mask(sweep):
    assert by_percent.percents(sweep, "random") == by_percent.percents(sweep, "block") == [0, 50]
    assert by_percent.run_on(sweep, list(ERRORS), "block") == ["lsi", "pair", "mean"]
    assert by_percent.run_on(sweep, list(ERRORS), "random") == list(ERRORS)
    assert by_percent.run_at(sweep, ["lsi", "mlsi", "mean"], "random") == {"lsi": {0, 50}, "mlsi": {0, 50}}
    assert by_percent.run_at(sweep, ["mlsi", "mean"], "block") == {"mlsi": {0}}


def test_deviations_are_over_samples_and_draws(sweep):
    found = by_percent.statistics(sweep, "test", ["pair"], "random", "rre")["pair"]
    mean, deviation = found[50]
    every = [error("pair", "random", 50, draw, i) for draw in (0, 1) for i in range(SAMPLES)]
    assert deviation == pytest.approx(np.std(every, ddof=1)) and mean == pytest.approx(0.605 + NOISE.mean())


def test_a_table_by_percent_has_a_row_a_method_and_leaves_out_what_was_not_run(sweep):
    means = {"pair": {0: np.array([0.4, 0.4]), 50: np.array([0.6, 0.6])}, "mlsi": {50: np.array([0.7, 0.7])}}
    table = by_percent.table(means, lambda values: f"{values[0]:.2f}", LABELS)
    assert list(table.index) == ["PAIR", "M-LSI"] and list(table.columns) == ["0 %", "50 %"]
    assert table.loc["PAIR", "50 %"] == "0.60" and pd.isna(table.loc["M-LSI", "0 %"])


def test_the_ranking_tells_of_all_samples_only_for_methods_that_were_run_on_all(sweep):
    table = tables.on_shared_and_all(sweep, list(ERRORS), "random", 50, 0.95)
    few, everyone = (table[column] for column in (f"the {FEW} samples that all share", f"all {SAMPLES} test samples"))
    assert list(table.index) == [LABELS[m] for m in ("lsi-refined", "lsi", "pair", "mean", "mlsi")]
    assert few["PAIR"].startswith(f"{0.605 + NOISE[:FEW].mean():.3f} (")
    assert everyone["PAIR"].startswith(f"{0.605 + NOISE.mean():.3f} (")
    assert everyone["M-LSI"] == everyone["Refined LSI"] == ""


def test_beside_errors_stand_those_relative_to_the_deviation_from_the_mean(sweep):
    table = tables.on_shared_and_all(sweep, list(ERRORS), "random", 50, 0.95)
    wanted = np.mean([error("pair", "random", 50, d, i) / (0.2 + 0.01 * i) for d in (0, 1) for i in range(FEW)])
    assert table.columns.get_loc(tables.DEVIATION) == 1 and table[tables.DEVIATION]["PAIR"].startswith(
        f"{wanted:.3f} ("
    )
    both = [(kind, draw) for kind in ("random", "block") for draw in (0, 1)]
    wanted = np.mean([error("pair", *m[:1], 50, m[1], i) / (0.2 + 0.01 * i) for m in both for i in range(SAMPLES)])
    assert tables.over_masks(sweep, ["pair", "lsi"], 0.95).loc["PAIR", tables.DEVIATION] == f"{wanted:.3f}"


def test_the_ranking_over_masks_leaves_full_data_out(sweep):
    table = tables.over_masks(sweep, ["pair", "lsi"], 0.95)
    assert list(table.index) == ["PAIR+LSI", "PAIR"]
    kinds = [error("pair", kind, 50, draw, 0) - NOISE[0] for kind in ("random", "block") for draw in (0, 1)]
    assert table.loc["PAIR", "mean RRE"] == f"{np.mean(kinds) + NOISE.mean():.3f}"
    full = Sweep(metrics().query("observation == 'none'"), EVALUATION, labels=LABELS)
    assert tables.over_masks(full, ["pair", "lsi"], 0.95).empty


def test_the_ranking_over_masks_leaves_out_what_takes_no_rows_away(sweep):
    table = metrics()
    noisy = table[table.observation == "none"].assign(observation="noise", percent=4, rre=3.0)
    both = Sweep(pd.concat([table, noisy], ignore_index=True), EVALUATION, labels=LABELS, spoiling=("noise",))
    assert "noise 4" in both.shown and "noise 4" not in both.masked
    wanted = tables.over_masks(sweep, ["pair", "lsi"], 0.95)
    pd.testing.assert_frame_equal(tables.over_masks(both, ["pair", "lsi"], 0.95), wanted)


def test_the_ranking_over_masks_leaves_out_what_was_run_on_full_data_alone(sweep):
    table = metrics()
    robust = table[(table.method == "lsi") & (table.observation == "none")].assign(method="lsi-robust")
    both = Sweep(pd.concat([table, robust], ignore_index=True), EVALUATION, labels=LABELS)
    wanted = tables.over_masks(sweep, ["pair", "lsi"], 0.95)
    pd.testing.assert_frame_equal(tables.over_masks(both, ["pair", "lsi", "lsi-robust"], 0.95), wanted)
    assert tables.over_masks(both, ["lsi-robust"], 0.95).empty


def test_the_claims_that_could_be_judged_are_those_with_a_verdict():
    verdicts = ["held", "not held", "undecided", "not tested: the metrics have no lsi"]
    claims = pd.DataFrame({"claim": range(4), "part": "all", "verdict": verdicts})
    parts = pd.DataFrame({"claim": [0, 1], "part": "1", "verdict": ["held", "held"]})
    whole, judged, held = tables.verdicts(pd.concat([claims, parts]))
    assert list(whole.claim) == [0, 1, 2, 3] and list(judged.claim) == [0, 1, 2] and list(held.claim) == [0]


def test_the_best_of_the_others_is_named_and_only_what_the_whole_interval_says_is_said():
    scatter = 1 + 0.01 * np.random.default_rng(0).standard_normal(2000)  # 1 % standard deviation over resamples

    def held(own, scattered=scatter, **others):
        own = own * np.concatenate([[1], scattered])
        return {name: rivals.Held(own, np.full(2001, mean), 20, 2) for name, mean in others.items()}

    cases = {
        "better": held(0.09, cgls=0.1, pair=0.2),
        "undecided": held(0.0995, cgls=0.1, pair=0.2),
        "worse": held(0.11, cgls=0.2, pair=0.1),
        "alone": {},
    }
    table = rivals.against_best(cases, 0.95, LABELS)
    assert list(table["data"]) == ["better", "undecided", "worse"] == list(table["verdict"])
    assert list(table["best of the others"]) == [LABELS[name] for name in ("cgls", "cgls", "pair")]
    assert table["lower by, %"][0].startswith("10.0 (8.") and table["lower by, %"][2].startswith("-10.0 (-1")
    assert (table["samples"] == 20).all() and (table["masks"] == 2).all()
    # one that is clearly ahead of a rival counts as worse there, though another's mean is nearer to it or further off
    wide = 1 + 0.3 * np.linspace(-1, 1, 2000)
    both = held(0.11, cgls=0.1, lsi=0.109) | {"pair": rivals.Held(np.full(2001, 0.1), 0.09 * np.r_[1, wide], 6, 1)}
    assert list(rivals.against_best({"both": both}, 0.95, LABELS)["verdict"]) == ["worse"]
    many = pd.concat([table[table.verdict == "worse"]] * 7)
    assert "Another is better, by the whole interval, on 7 cases." in rivals.in_words(many, "Ours")
    alone = rivals.against_best({"alone": {}}, 0.95, LABELS)
    assert alone.empty and rivals.in_words(alone, "Ours") == "Ours could not be held against others."
    said = rivals.in_words(table, "Ours")
    assert "better than every other method in 1 of 3 cases" in said
    assert "Another is better, by the whole interval, on worse." in said and "undecided on undecided." in said


def test_what_starts_from_a_method_and_what_it_starts_from_is_its_kin():
    said = {
        "lsi": {"iterations": 2},
        "cgls": {"iterations": 2},
        "refined": {"kind": "cgls", "start": "lsi", "iterations": 2},
        "more": {"kind": "cgls", "start": "refined", "iterations": 2},
    }
    methods = instances("methods", said, "methods")
    assert rivals.kin("lsi", methods) == ["refined", "more"] and rivals.kin("refined", methods) == ["lsi", "more"]
    assert rivals.kin("cgls", methods) == []


def test_each_rival_is_held_against_on_the_samples_and_masks_that_it_shares(sweep):
    cases = rivals.on_percents(sweep, list(ERRORS), ["random", "block"], "lsi-refined", WHERE)
    names = [f"{q} % missing at random, {split}" for split in wording.SPLITS.values() for q in (0, 50)]
    assert list(cases) == names and set(cases[names[1]]) == set(ERRORS) - {"lsi-refined"}
    refined = cases[names[1]]["pair"]
    assert refined.samples == FEW and refined.other[0] == pytest.approx(0.605 + NOISE[:FEW].mean())
    # with a method of both kinds full data are a case of the first kind alone
    cases = rivals.on_percents(sweep, list(ERRORS), ["block", "random"], "lsi", WHERE)
    of_test = [case for case in cases if "in distribution" in case and "out of" not in case]
    assert [case.split(",")[0] for case in of_test] == ["0 % missing in one gap", "50 % missing in one gap"] + [
        "50 % missing at random"
    ]
    held = cases[of_test[2]]
    assert held["lsi-refined"].samples == FEW and held["pair"].samples == SAMPLES > FEW


def test_a_rival_on_one_mask_leaves_the_others_all_of_theirs():
    table = metrics()
    table = table[(table.method != "pair") | (table.draw == 0)]
    other = Evaluation(percent=25, seed=1, confidence=0.95, resamples=300, claims=[])  # so that both draws are R 50 %
    few = Sweep(table, other, labels=LABELS, blind=("mean",))
    by_level = rivals.on_percents(few, ["pair", "mean"], ["random"], "lsi", WHERE)
    by_mask = rivals.on_masks(few, "", "lsi", ["pair", "mean", "unknown"])
    for held in by_level["50 % missing at random, in distribution"], by_mask["mask R 50 %, in distribution"]:
        assert {name: (one.samples, one.draws) for name, one in held.items()} == {
            "pair": (SAMPLES, 1),
            "mean": (SAMPLES, 2),
        }
        lsi = [error("lsi", "random", 50, draw, 0) for draw in (0, 1)]
        difference = held["mean"].own[0] - held["pair"].own[0]
        assert difference == pytest.approx(np.mean(lsi) - lsi[0], abs=1e-6)


def test_fewer_than_five_shared_samples_make_no_case():
    few = metrics()
    few = few[~few.method.isin(DEARER) | (few["sample"] < 4)]
    sweep = Sweep(few, EVALUATION, labels=LABELS)
    cases = rivals.on_percents(sweep, list(ERRORS), ["random"], "lsi-refined", WHERE)
    assert cases and not any(cases.values())


def test_a_difference_says_on_which_side_it_lies_and_orders_its_ends():
    spread = np.linspace(0.9, 1.1, 2001)  # its 95 % interval is 0.905 to 1.095
    others = np.ones(2002)
    lower, higher = (mean * np.concatenate([[1], spread]) for mean in (0.6, 1.4))
    assert wording.difference(lower, others, "PAIR", 0.95) == "40 % below that of PAIR (34 to 46 %)"
    assert wording.difference(higher, others, "PAIR", 0.95) == "40 % above that of PAIR (27 to 53 %)"
    assert wording.with_interval(lower, 0.95) == "0.600 (0.543 to 0.657)"
    assert wording.plus_minus(lower, 0.95) == "0.600 ± 0.057"


def test_it_is_said_over_what_intervals_are_and_over_what_they_are_not():
    assert wording.sources(3, 8) == "over samples and seeds and masks (of methods that were run on three or more)"
    few = wording.sources(1, 2)
    assert few.startswith("over samples; fewer than three masks and trainings ")
    assert "trainings" in wording.sources(1, 8) and "fewer than three masks" not in wording.sources(1, 8)


def test_what_networks_leave_is_that_of_the_epoch_that_was_kept():
    history = pd.DataFrame(
        {"validation_loss": [3, 1, 2], "validation_inverse": [0.9, 0.25, 0.3], "validation_forward": 0.5}
    )
    assert tables.terms_left(history) == {"forward": 0.5, "inverse": 0.25}
