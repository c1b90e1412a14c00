"""Networks with the forward operator in them, and what they rest on: classical inverses, products, fresh masks."""

import numpy as np
import pytest
import torch
import yaml
from made import ROOT

from pairlsi import problems
from pairlsi.config import check
from pairlsi.core.errors import ConfigError
from pairlsi.networks.fresh_masks import FreshMasks, arrived
from pairlsi.networks.known_operator import Postprocessing, PrimalDual
from pairlsi.problems.products import backproject, project

RADIUS, OFFSET = 0.25, (0.1, -0.15)  # of a disc, image widths


def disc_sinogram(angles, bins, size):
    """Line integrals through a disc of value 1, from the formula of a chord."""
    theta = np.arange(angles)[:, None] * np.pi / angles
    s = (np.arange(bins) - (bins - 1) / 2) / size
    distance = s - (OFFSET[0] * np.cos(theta) + OFFSET[1] * np.sin(theta))
    return 2 * np.sqrt(np.clip(RADIUS**2 - distance**2, 0, None)).astype(np.float32)[None, None]


@pytest.mark.parametrize("kind", ["ct", "linear"])
def test_filtered_backprojection_of_the_formula_of_a_disc_is_the_disc(kind):
    said = {
        "ct": {"source": {"kind": "phantoms"}},
        "linear": {"correlation_length": 0.2, "ood_correlation_length": 0.1},
    }
    problem = problems.create({"kind": kind, "image_size": 48, "angles": 90, "noise_level": 0.01, **said[kind]})
    found = problem.approximate_inverse(disc_sinogram(90, problem.y_shape[2], 48))[0, 0]
    centres = (np.arange(48) - 23.5) / 48
    columns, rows = np.meshgrid(centres, centres)
    distances = [np.hypot(columns - OFFSET[0], sign * rows - OFFSET[1]) for sign in (1, -1)]  # rows up or down
    best = min(distances, key=lambda d: np.square(found - (d < RADIUS)).sum())
    inside, outside = best < RADIUS - 2 / 48, (best > RADIUS + 2 / 48) & (np.hypot(columns, rows) < 0.48)
    assert found[inside].mean() == pytest.approx(1, abs=0.02)
    assert abs(found[inside] - 1).max() < 0.25 and abs(found[outside]).max() < 0.25


def test_the_norm_of_the_operator_is_its_largest_singular_value():
    problem = problems.create(LINEAR)
    assert problem.norm == pytest.approx(np.linalg.norm(problem.matrix, 2), rel=1e-4)


LINEAR = {
    "kind": "linear",
    "image_size": 12,
    "angles": 12,
    "noise_level": 0.02,
    "correlation_length": 0.2,
    "ood_correlation_length": 0.1,
}


@pytest.fixture(scope="module")
def linear():
    return problems.create(LINEAR)


def test_gradients_flow_through_products_by_the_transpose(linear):
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.standard_normal((2, *linear.x_shape)), dtype=torch.float32, requires_grad=True)
    y = torch.tensor(rng.standard_normal((2, *linear.y_shape)), dtype=torch.float32, requires_grad=True)
    matrix = torch.tensor(linear.matrix, dtype=torch.float32)
    (project(linear, x) - y).square().sum().backward()
    by_hand = 2 * (x.detach().flatten(1) @ matrix.T - y.detach().flatten(1)) @ matrix
    assert torch.allclose(x.grad.flatten(1), by_hand, rtol=1e-4, atol=1e-4)
    weights, y.grad = torch.randn(2, *linear.x_shape), None
    (weights * backproject(linear, y)).sum().backward()
    assert torch.allclose(y.grad.flatten(1), weights.flatten(1) @ matrix.T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("axis", [2, 3])
def test_fresh_masks_are_of_three_kinds_and_every_amount(axis):
    masks, shape = FreshMasks(axis, 20, 10), [6000, 1, 1, 1]
    shape[axis] = 20
    torch.manual_seed(0)
    lost = masks(torch.ones(6000, 1, 20, 20), True)
    assert list(lost.shape) == shape
    lost = lost.view(6000, 20) == 0
    missing = lost.sum(1)
    runs = (lost[:, 1:] != lost[:, :-1]).sum(1) + lost[:, 0] + lost[:, -1]  # 2 for a single gap
    assert (missing == 0).float().mean() == pytest.approx(1 / 3, abs=0.03)
    counts = torch.bincount(missing, minlength=11)
    assert len(counts) == 11 and (counts[1:] / 6000).numpy() == pytest.approx(1 / 15, abs=0.02)
    assert (runs[missing == 8] <= 2).float().mean() == pytest.approx(1 / 2, abs=0.1)
    rows = lost[missing > 0].float().mean(0)
    assert rows.min() > 0.05 and (lost[(missing > 4) & (runs > 2)].float().mean(0) > 0.3).all()


def test_fresh_masks_are_the_same_outside_training_and_follow_the_state_of_random_numbers_in_it():
    masks, y = FreshMasks(2, 12, 6), torch.ones(8, 1, 12, 3)
    assert torch.equal(masks(y, False), masks(y, False))
    state = torch.get_rng_state()
    first = masks(y, True)
    assert not torch.equal(first, masks(y, True))
    torch.set_rng_state(state)
    assert torch.equal(first, masks(y, True))


def test_what_arrived_is_seen_by_the_rows_that_are_zero(linear):
    y = torch.randn(5, 1, 12, 17)
    keep = FreshMasks(2, 12, 6)(y, True)
    assert torch.equal(arrived(keep * y, 2), keep)
    keep = FreshMasks(3, 17, 6)(y, True)
    assert torch.equal(arrived(keep * y, 3), keep)


def test_masks_leave_one_row_and_take_one_at_least(linear):
    assert FreshMasks.of(linear, 1).most == 1 and FreshMasks.of(linear, 99).most == 11


@pytest.mark.slow
@pytest.mark.parametrize("network", [lambda p: Postprocessing(p, 50, 8), lambda p: PrimalDual(p, 50, 2, 8, 2)])
def test_some_steps_of_training_beat_the_classical_inverse_where_rows_are_missing(ct_problem, network):
    torch.manual_seed(0)
    network, counts = network(ct_problem), {"train": 200, "test": 40}
    x, y = (torch.from_numpy(u) for u in ct_problem.draw("train", np.arange(200), 1, counts))
    test = [torch.from_numpy(u) for u in ct_problem.draw("test", np.arange(40), 1, counts)]
    network.x_scaling.scale.fill_(float(x.std()))
    before = network.eval().loss_terms(*test)["inverse"].mean()
    optimizer = torch.optim.Adam(network.train().parameters(), 3e-3)
    for step in range(60):
        rows = torch.arange(20) + 20 * (step % 10)
        optimizer.zero_grad()
        network.loss_terms(x[rows], y[rows])["inverse"].mean().backward()
        optimizer.step()
    assert network.eval().loss_terms(*test)["inverse"].mean() < 0.7 * before


@pytest.mark.parametrize(
    ("experiment", "network", "said"),
    [
        ("crosswell", {"kind": "primal-dual"}, r"networks\.new\.kind' needs a linear problem"),
        ("crosswell", {"kind": "postprocessing"}, r"networks\.new\.kind' needs a linear problem"),
        ("ct", {"kind": "encoder-decoder", "trained_on": "random-25", "missing": 50}, r"networks\.new\.missing' is 50"),
    ],
)
def test_what_a_network_cannot_be_trained_on_is_named(experiment, network, said):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["experiments"][experiment]["networks"]["new"] = network
    with pytest.raises(ConfigError, match=said):
        check(config)


@pytest.mark.parametrize("made", [lambda problem: Postprocessing(problem, 50, 4), lambda p: PrimalDual(p, 50, 1, 4, 2)])
def test_in_mixed_precision_products_with_the_operator_stay_single(made):
    source = {"source": {"kind": "phantoms"}, "oversampling": 1}
    problem = problems.create({"kind": "ct", "image_size": 16, "angles": 12, "noise_level": 0.01, **source})
    x, y = (torch.from_numpy(u) for u in problem.draw("train", np.arange(4), 1, {"train": 4}))
    torch.manual_seed(0)
    network = made(problem).eval()  # masks are fixed then
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        mixed = network.loss_terms(x, y)["inverse"]
    with torch.no_grad():
        single = network.loss_terms(x, y)["inverse"]
    assert mixed.numpy() == pytest.approx(single.numpy(), rel=0.02)
    products = [project(problem, u)[0, 0] for u in (x, x.bfloat16())]
    assert products[1].dtype == torch.bfloat16 and products[1].float().numpy() == pytest.approx(
        products[0].numpy(), rel=0.05, abs=0.01
    )
