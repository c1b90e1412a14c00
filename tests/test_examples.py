"""Samples that the figures show and what the validation split chose, read from folders written for the test."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import zarr
from made import LABELS, WHERE, stored_of

from pairlsi.reports import choices, examples, members
from pairlsi.reports.scope import Scope

COUNT, FEW, MEMBERS = 7, 3, 4


def write(folder, method: str, mask: str, arrays: dict, chosen: dict | None = None) -> None:
    """mask: {kind}-{percent}; arrays: of its first draw."""
    path = folder / "inference" / method / mask / "seed-0" / "estimates.zarr"
    group = zarr.create_group(path, attributes={"chosen_on_validation": chosen} if chosen else {})
    for name, values in arrays.items():
        group.create_array(name, data=values[None])


@pytest.fixture
def crosswell(tmp_path, make_split):
    """LSI with members on all samples, M-LSI without on few, and the data, on one mask; small arrays."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((COUNT, *shape)).astype(np.float32) for shape in ((1, 4, 4), (2, 6, 8)))
    make_split(tmp_path / "data" / "test.zarr", x, y, shard_size=COUNT)
    factors = np.array([0.5, 1, 1.5, 1.0], np.float32)[None, :, None, None, None]
    members_x, members_y = (u[:, None] * factors for u in (x, y))
    arrays = {"x": members_x.mean(1), "y": members_y.mean(1), "x_members": members_x, "y_members": members_y[:2]}
    write(tmp_path, "lsi", "random-90", {f"test/{name}": values for name, values in arrays.items()})
    write(tmp_path, "mlsi", "random-90", {"test/x": 0.8 * x[:FEW]})
    rows = [
        {"method": "lsi", "observation": "random", "percent": 90, "draw": 0, "split": split, "seed": 0, "sample": i}
        | {"rre": 0.1, "data_rre": error}
        for split in ("test", "ood")
        for i, error in enumerate([0.9, 0.52, 0.5, 0.1, 0.2, 0.3, 0.7])  # the median is sample 2, of few kept 1
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "metrics.csv", index=False)
    return stored_of(tmp_path), x, y


def test_the_median_sample_is_among_those_that_may_be_shown():
    errors = np.array([0.9, 0.1, 0.5, 0.3, 0.7])
    assert examples.median(errors) == 2
    assert examples.median(errors, np.array([True, False, False, True, True])) == 4
    assert examples.easy_to_hard(errors, np.ones(5, bool)) == [1, 2, 0]  # quantiles 0.1, 0.5, 0.9 of ranks 0 to 4
    assert examples.easy_to_hard(errors, np.array([True, False, False, True, True])) == [3, 4, 0]
    assert examples.easy_to_hard(errors, errors == 0.5) == [2]


def test_a_method_that_was_not_run_on_every_sample_shown_is_left_out(crosswell):
    stored, x, _ = crosswell
    found = examples.by_method(stored, ["lsi", "mlsi"], "random-90-0", [0, FEW])
    assert list(found.estimates) == ["PAIR+LSI"]
    found = examples.by_method(stored, ["lsi", "mlsi"], "random-90-0", [1, 2])
    assert found.truths == pytest.approx(x[[1, 2], 0]) and found.estimates["M-LSI"] == pytest.approx(0.8 * x[[1, 2], 0])
    assert found.errors["M-LSI"] == pytest.approx([0.2, 0.2]) and found.errors["PAIR+LSI"] == pytest.approx(0, abs=1e-6)
    assert list(found.deviations) == ["PAIR+LSI"]
    assert found.deviations["PAIR+LSI"] == pytest.approx(np.abs(x[2, 0]) * np.std([0.5, 1, 1.5, 1], ddof=1), rel=1e-5)


def test_completed_data_are_of_a_sample_whose_members_were_kept(crosswell):
    stored, _, y = crosswell
    found = examples.completion(stored, "random", 90, most=3)
    assert found.sample == 1 and found.error == 0.52
    assert found.full == pytest.approx(y[1]) and found.mean == pytest.approx(y[1], abs=1e-6)
    assert found.members == pytest.approx(y[1] * np.array([0.5, 1, 1.5])[:, None, None, None])


def test_outcomes_are_of_the_wanted_samples_that_were_run(crosswell):
    stored, x, _ = crosswell
    wanted = np.arange(COUNT) >= FEW
    zero = np.zeros((1, 4, 4), np.float32)  # as mean model it has an error of 1
    told = members.outcome(stored, "lsi", "random-90-0", wanted, zero)
    assert told["members"] == MEMBERS and told["members successful"] == 1  # of errors 0.5, 0, 0.5, 0
    assert told["median member"] == pytest.approx(0.25) and told["error of their mean"] == pytest.approx(0, abs=1e-6)
    # a mean model with an error of 0.9 on one sample: members with an error of 0.5 have not found that model
    near = members.outcome(stored, "lsi", "random-90-0", np.arange(COUNT) == FEW, 0.1 * x[FEW])
    assert near["members successful"] == 0.5
    assert members.outcome(stored, "mlsi", "random-90-0", wanted, zero) is None
    single = members.outcome(stored, "mlsi", "random-90-0", ~wanted, zero)
    assert single["members"] == 1 and single["best member"] == pytest.approx(0.2)
    assert members.outcome(stored, "fwi", "random-50-0", ~wanted, zero) is None  # nobody asks for it
    table = members.outcomes_by_percent(stored, ["lsi", "mlsi"], "random", [90], ~wanted, zero)
    assert list(table.method) == ["PAIR+LSI", "M-LSI"] and list(table.missing) == ["90 %"] * 2


def test_a_sample_on_masks_has_gaps_where_the_mask_has_and_errors_by_its_own_truth(tmp_path, make_split):
    stored = stored_of(tmp_path, "ct")
    problem, rng = stored.problem, np.random.default_rng(0)
    x = rng.standard_normal((3, 1, 4, 4)).astype(np.float32)
    y = rng.standard_normal((3, 1, problem.missing_count, 5)).astype(np.float32)
    make_split(tmp_path / "data" / "test.zarr", x, y, shard_size=3)
    shown = (
        ("pair", "none", "none-0", 0.5),
        ("pair", "random", "random-25", 0.8),
        ("lsi", "random", "random-25", 1),
    )
    rows = []
    for method, kind, mask, factor in shown:
        write(tmp_path, method, mask, {"test/x": factor * x})
        row = {"method": method, "observation": kind, "percent": 0 if kind == "none" else 25, "draw": 0, "seed": 0}
        rows += [row | {"split": split, "sample": i, "rre": 0.1} for split in ("test", "ood") for i in range(3)]
    pd.DataFrame(rows).to_csv(tmp_path / "metrics.csv", index=False)
    found = examples.on_masks(
        stored, "test", 2, {"a": {"none": "pair", "R": "lsi"}, "b": {"none": "pair", "R": "pair"}}
    )
    assert found.errors["a"] == pytest.approx({"none": 0.5, "R": 0}) and found.errors["b"]["R"] == pytest.approx(0.2)
    assert not np.isnan(found.data["none"]).any()
    gaps = np.isnan(found.data["R"])
    assert gaps.any(1).sum() == round(0.25 * problem.missing_count) and (gaps.any(1) == gaps.all(1)).all()
    assert found.data["R"][~gaps] == pytest.approx(y[2, 0][~gaps])


CHOICE = {
    "iterations": 2,
    "best_iterations": 1,
    "members": 8,
    "sufficient_members": 3,
    "weight": 0.5,
    "validation_rre": [0.5, 0.2, 0.3, 0.4],
    "validation_misfit": [1.0, 0.6, 0.4, 0.3],
    "validation_rre_by_weight": [[0.5, 0.3], [2.0, 0.35]],
}
OF_CGLS = {"iterations": 1, "validation_rre": [1.0, 0.3, 0.4]}


def test_choices_are_read_of_what_was_asked_for_and_told_with_their_curves(tmp_path):
    stored = stored_of(tmp_path, "ct")
    write(tmp_path, "lsi-prior", "random-25", {}, CHOICE)
    write(tmp_path, "cgls", "none-0", {}, OF_CGLS)
    for method, mask in (
        ("lsi-prior", "none-0"),
        ("cgls", "random-25"),
        ("pair", "none-0"),
        ("pair", "random-25"),
    ):
        write(tmp_path, method, mask, {})
    found = choices.on_masks(stored, ["pair", "lsi-prior", "cgls", "fwi"], {"none": "none-0-0", "R": "random-25-0"})
    assert found == {"lsi-prior": {"R": CHOICE}, "cgls": {"none": OF_CGLS}}
    curves = choices.curves(found)
    assert "misfit" not in curves["cgls"]["none"] and curves["cgls"]["none"]["chosen"] == 1
    curve = curves["lsi-prior"]["R"]
    assert curve["best"] == 1 and list(curve["misfit"]) == CHOICE["validation_misfit"]
    sentence = choices.sentence(curve)
    assert "from 1.000 to 0.300 over 3 iterations" in sentence and "0.300 after 2, where it was stopped" in sentence
    weights = choices.weights(found, LABELS)
    assert list(weights.index) == ["PAIR+LSI, prior: weight"] and weights.iloc[0]["R"] == "0.5: 0.3000; 2: 0.3500"


def test_a_choice_at_the_end_of_what_was_tried_says_so():
    assert (
        choices.at_the_edge({"lsi-prior": {"R": CHOICE | {"weight": 1, "validation_rre_by_weight": []}}}, LABELS) == ""
    )
    inside = CHOICE | {"weight": 1, "validation_rre_by_weight": [[0.5, 0.3], [1, 0.2], [2, 0.4]]}
    assert choices.at_the_edge({"lsi-prior": {"R": inside}, "cgls": {"R": OF_CGLS}}, LABELS) == ""
    last, largest = inside | {"best_iterations": 3}, inside | {"weight": 2}
    told = choices.at_the_edge(
        {"lsi-prior": {"R": last, "B": largest}, "cgls": {"R": OF_CGLS | {"iterations": 2}}}, LABELS
    )
    assert told == (
        "More iterations may be better: the number that is best on validation samples is the most allowed, 3 for "
        "PAIR+LSI, prior (R), 2 for CGLS, no network (R). A larger weight may be better: the best on validation "
        "samples is the largest that was tried, 2 for PAIR+LSI, prior (B)."
    )
    # a search stopped after a fixed number, which the curve says is best; and the lengths of the linear estimate
    fixed = inside | {"iterations": 3, "best_iterations": 3}
    assert "the most allowed, 3 for PAIR+LSI, prior (R; B)." in choices.at_the_edge(
        {"lsi-prior": {"R": fixed, "B": fixed, "none": inside}}, LABELS
    )
    assert choices.at_the_edge({"lsi-prior": {"R": fixed | {"best_iterations": 2}}}, LABELS) == ""
    longest = {"length": 8, "validation_rre_by_length": [[4, 0.3], [8, 0.2]]}
    assert choices.at_the_edge({"lsi": {"R": longest}}, LABELS).startswith("More latents may be better")
    assert choices.at_the_edge({"lsi": {"R": longest | {"length": 4}}}, LABELS).startswith(
        "Fewer latents may be better"
    )


def test_a_weight_at_the_end_of_what_was_tried_says_so_where_nothing_iterates():
    tried = {"validation_rre_by_weight": [[0.5, 0.3], [1, 0.2], [2, 0.4]]}
    assert choices.at_the_edge({"tv": {"R": {"weight": 1, **tried}}}, {"tv": "TV"}) == ""
    told = choices.at_the_edge({"tv": {"none": {"weight": 0.5, **tried}, "R": {"weight": 2, **tried}}}, {"tv": "TV"})
    assert "smaller weight may be better" in told and "0.5 for TV (none)." in told
    assert "larger weight may be better" in told and told.endswith("2 for TV (R).")


def test_what_is_in_brackets_differs_from_what_was_used():
    assert choices.describe(CHOICE) == "2 (1) / 8 (3) / 0.5"
    same = CHOICE | {"best_iterations": 2, "sufficient_members": 8, "weight": 0}
    assert choices.describe(same) == "2 / 8"
    found = {"random": {"lsi": {0: same, 90: CHOICE}, "mlsi": {90: same}}, "block": {"lsi": {90: same}}}
    table = choices.ensembles(found, LABELS, WHERE)
    assert list(table.index) == ["PAIR+LSI, at random", "M-LSI, at random", "PAIR+LSI, in one gap"]
    assert list(table["0 %"]) == ["2 / 8", "", ""] and table["90 %"].iloc[0] == "2 (1) / 8 (3) / 0.5"


def test_what_is_run_on_full_data_alone_does_not_say_how_much_is_missing_where_methods_are_shown():
    rows = [
        {"method": method, "observation": "random" if percent else "none", "percent": percent, "split": "test"}
        for method, percents in (("lsi", (0, 50, 90, 97)), ("mlsi", (0, 90)), ("lsi-robust", (0,)))
        for percent in percents
    ]
    table = pd.DataFrame(rows).assign(draw=0, seed=0, sample=0, rre=0.1)

    def heaviest(*methods: str) -> int:
        sweep = SimpleNamespace(table=table, blind=set(), spoiling=(), test=SimpleNamespace(samples=[0]))
        stored = SimpleNamespace(
            sweep=sweep,
            methods=list(methods),
            where={"random": "at random"},
            mask=lambda *_: None,
            masks_of=lambda _: 1,
        )
        said = dict.fromkeys(("experiment", "confidence", "labels", "colours", "searching"))
        return Scope(SimpleNamespace(**said, **vars(stored))).heavy

    assert heaviest("lsi", "mlsi", "lsi-robust") == 90
    assert heaviest("lsi", "lsi-robust") == 97 and heaviest("lsi-robust") == 97
