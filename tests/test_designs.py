"""Where to measure: expected errors against sampling, designs against all there are, and what a report says of them."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from made import make_network

from pairlsi import problems
from pairlsi.data.statistics import Statistics
from pairlsi.designs import choosing, survey, trial
from pairlsi.evaluation.settings import Evaluation
from pairlsi.methods import closed_form
from pairlsi.networks.linear_fit import fit_samples
from pairlsi.reports import designed
from pairlsi.reports.figures import designs as figures
from pairlsi.reports.sections.where_to_measure import WhereToMeasure

FEW = 300


@pytest.fixture(scope="module")
def problem():
    """36 unknowns, 8 views of 9 bins."""
    lengths = {"correlation_length": 0.3, "ood_correlation_length": 0.15}
    return problems.create({"kind": "linear", "image_size": 6, "angles": 8, "noise_level": 0.05, **lengths})


@pytest.fixture(scope="module")
def fitted(problem):
    """A linear PAIR, statistics of what it was fitted to, and its survey."""
    x, y = problem.draw("train", np.arange(FEW), 3, {})
    network = make_network("linear", {"latent": [30, 40]}, problem)
    for scaling, u in ((network.x_scaling, x), (network.y_scaling, y)):
        scaling.scale.fill_(float(u.std()))
    fit_samples(network, x, y)
    scalars = {"y": {"mean": float(y.mean()), "std": float(y.std())}}
    statistics = Statistics(scalars, {"y": y.mean(0)})
    return network.requires_grad_(False), statistics, survey.of_network(network, problem, statistics)


def test_the_expected_error_is_what_samples_of_the_model_have(problem, fitted):
    network, statistics, found = fitted
    rng, rows, count = np.random.default_rng(0), [1, 4, 5], 4000
    keep = torch.zeros(1, problem.missing_count, 1)
    keep[:, rows] = 1
    noise = np.float32(problem.noise_level * np.sqrt(sum(v**2 for v in statistics.scalars["y"].values())))
    z = torch.from_numpy(rng.standard_normal((count, 40), np.float32)) * network.variances_y.sqrt()
    left = float(network.left_y) * float(network.y_scaling.scale) ** 2
    y = network.decode_y(z)
    y = y + np.sqrt(noise**2 + left) * torch.from_numpy(rng.standard_normal(y.shape, np.float32))
    estimated = closed_form.Posterior(network, keep, 40).mean(y * keep, torch.full((count,), float(noise)))
    off = network.inverse_map(estimated - z).square().sum(1)
    assert abs(float(off.mean()) - found.expected(rows)) < 4 * float(off.std()) / np.sqrt(count)
    assert found.expected(rows) < found.expected(rows[:2]) < found.expected([])


def test_greedy_takes_what_is_best_of_all_at_every_step_and_both_ways_are_determinants_and_traces(fitted):
    found = fitted[2]
    for by in ("trace", "determinant"):
        chosen = choosing.greedy(found, 4, by=by)
        for place in range(4):
            before = chosen[:place]

            def cost(row, before=before, by=by):
                rows = [*before, row]
                if by == "trace":
                    return found.expected(rows)
                return -np.linalg.slogdet(found.precision(np.isin(np.arange(8), rows).astype(float)))[1]

            free = [row for row in range(8) if row not in before]
            assert cost(chosen[place]) == pytest.approx(min(map(cost, free)), rel=1e-9)
    best = min(found.expected(list(rows)) for rows in combinations(range(8), 3))
    for rows in (choosing.greedy(found, 3), choosing.relaxed(found, 3)):
        assert best <= found.expected(rows) + 1e-12 and found.expected(rows) < 1.1 * best


def test_the_gradient_over_weights_is_that_of_differences(fitted):
    found, weights, step = fitted[2], np.linspace(0.1, 0.9, 8), 1e-5
    differences = [
        (found.trace(weights + step * way)[0] - found.trace(weights - step * way)[0]) / (2 * step) for way in np.eye(8)
    ]
    assert found.trace(weights)[1] == pytest.approx(differences, rel=1e-6)


def test_the_measured_error_is_that_of_the_linear_estimate_and_exchange_lowers_it(problem, fitted):
    network, _, found = fitted
    x, y = (torch.from_numpy(u) for u in problem.draw("validation", np.arange(20), 3, {}))
    scaled = network.y_scaling(y).flatten(1).numpy().astype(float)
    truth = network.encode_x(x).numpy().astype(float) @ found.axes
    coordinates = found.coordinates(np.moveaxis(survey.by_row(problem, scaled.T), -1, 0))
    error = choosing.measured_error(found, coordinates, truth)
    rows = [0, 1, 2]
    keep = torch.zeros(1, 8, 1)
    keep[:, rows] = 1
    noise = problem.noise_level * np.sqrt(sum(v**2 for v in fitted[1].scalars["y"].values()))
    z = closed_form.Posterior(network, keep, 40).mean(y * keep, torch.full((20,), noise))
    wanted = np.square(network.inverse_map(z).numpy() @ found.axes - truth).sum(1).mean()
    assert error(rows) == pytest.approx(wanted, rel=1e-2)  # what says less than a thousandth of the noise is left out
    moved = choosing.exchanged(found, rows, error)
    assert error(moved) < error(rows) and len(set(moved)) == 3
    assert set(choosing.exchanged(found, rows, error, among=range(4))) <= set(range(4))


def test_even_rows_are_even_and_all_designs_keep_to_the_rows_allowed(fitted):
    among = np.arange(6)
    assert choosing.even(3, np.arange(60), 0.5) == [10, 30, 50] and choosing.even(3, among, 0.0) == [0, 2, 4]
    found = fitted[2]
    for rows in (choosing.greedy(found, 3, among), choosing.relaxed(found, 3, among)):
        assert set(rows) <= set(among.tolist()) and len(set(rows)) == 3
    assert trial.counts(60) == [4, 8, 15] and trial.counts(32) == [2, 4, 8]


@pytest.fixture(scope="module")
def tried() -> pd.DataFrame:
    """Errors made so that the greedy design gains a fifth with four rows and loses a tenth with two, give or take."""
    noise, rows = 0.01 * np.random.default_rng(0).standard_normal(40), []
    for count, design, draw, error in (
        *((count, "even", draw, 0.5 + 0.1 * (draw - 1)) for count in (2, 4) for draw in range(3)),
        (2, "trace", 0, 0.55),
        (4, "trace", 0, 0.4),
    ):
        said = {"design": design, "reach": "all", "count": count, "draw": draw, "method": "best", "expected": 0.5}
        said |= {"rows": " ".join(map(str, range(count))), "positions": " ".join(f"{30 * i}" for i in range(count))}
        rows += [said | {"sample": sample, "rre": error + own} for sample, own in enumerate(noise)]
    return pd.DataFrame(rows)


def test_gains_are_paired_and_over_the_mean_of_the_phases(tried):
    evaluation = Evaluation(seed=1, confidence=0.95, resamples=300, claims=[])
    found = designed.Designs(tried, evaluation)
    for count, gain in ((2, -0.1), (4, 0.2)):
        mean, low, high = found.gain("best", "all", "trace", count)
        assert mean == pytest.approx(gain, abs=0.002) and low < mean < high and high - low < 0.01
    assert found.chosen("all", "trace", 4) == ([0, 1, 2, 3], [0.0, 30.0, 60.0, 90.0])
    said = designed.in_words(found, str.upper, "angles")
    assert "BEST" in said and "in 1 of 2 designs" in said and "more in 1, " in said and "20.0%" in said
    table = designed.gains(found, str.upper)
    assert len(table) == 4 and list(table["smaller than evenly spread by"] == "") == [True, True, False, False]


@pytest.mark.parametrize("period", [180.0, None])
def test_the_figure_shows_every_design_where_it_lies(tried, period):
    found = designed.Designs(tried, Evaluation(seed=1, confidence=0.95, resamples=300, claims=[]))
    problem = SimpleNamespace(position_period=period, position_unit="m", missing_name="rows")
    left, right = figures.designs(found, "best", problem).axes
    assert [len(line.get_xdata()) for line in left.lines] == [4, 4]
    places = left.lines[1].get_xdata() if period else left.lines[1].get_ydata()
    assert places == pytest.approx(np.array([0, 30, 60, 90]) * (np.pi / 180 if period else 1))
    assert right.lines[1].get_ydata() == pytest.approx([0.55, 0.4], abs=0.01)


def test_the_section_is_there_where_designs_were_tried_and_says_what_they_gain(problem, tried, tmp_path, monkeypatch):
    shown, experiment = [], SimpleNamespace(evaluation=Evaluation(seed=1, confidence=0.95, resamples=300, claims=[]))
    monkeypatch.setattr("IPython.display.display", lambda one: shown.append(one.data))
    results = SimpleNamespace(
        results=tmp_path, figures=tmp_path / "figures", problem=problem, experiment=experiment, label=str.upper
    )
    section = WhereToMeasure(WhereToMeasure.Settings(), results)
    assert section.lacking() == ""
    tried.to_csv(tmp_path / "designs.csv", index=False)
    assert section.lacking() is None
    section.show()
    text = "".join(shown)
    assert "in 1 of 2 designs" in text and "4 angles by least expected error" in text and "evenly spread" in text
    assert (tmp_path / "figures/where-to-measure.png").is_file()
