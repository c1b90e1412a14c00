"""Ensembles of searches: what a member depends on, choices against brute force, and noise that makes stopping pay."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made import make_mask, make_method
from torch import nn

from pairlsi.methods.search import SHOWN, Search
from pairlsi.networks.autoencoders import PairedAutoencoder, Scaling
from pairlsi.solvers.latent_search import latent_space_inference

X_SHAPE, Y_SHAPE = (1, 8, 8), (2, 8, 9)
ARCHITECTURE = {"latent": 5, "width": 4, "stem": 1, "strides": [2, 1], "norm": "none"}
MASK = make_mask("random-25-0", 8, 2, 7)
SEED = 7  # of the training: its random starts have their least error between the first and the last iteration
SAID = {"iterations": 4, "history": 10, "members": 3, "stop": "fixed"}


class Columns:
    """A problem whose data are the model's columns, weighted: linear, with as many rows as the mask wants."""

    x_shape = X_SHAPE
    weights = torch.linspace(0.2, 1, 9)
    sample_interval = 0.01

    def simulate(self, x):
        return (x.mean(3, keepdim=True) * self.weights).expand(-1, 2, -1, -1) + x.mean((1, 2, 3), keepdim=True)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = PairedAutoencoder(X_SHAPE, Y_SHAPE, ARCHITECTURE, ARCHITECTURE, divergence=[0.1, 0.1])
    with torch.no_grad():  # maps that undo each other
        network.inverse_map.weight.copy_(torch.linalg.inv(network.forward_map.weight))
        network.inverse_map.bias.copy_(-network.inverse_map.weight @ network.forward_map.bias)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def samples(network):
    """Pairs (x, y) of 6 samples in the range of the decoders, and noise."""
    generator = torch.Generator().manual_seed(1)
    z = 3 * torch.randn(6, 5, generator=generator)
    x, y = network.decode_x(z), network.decode_y(network.forward_map(z))
    y = y + 0.3 * y.std() * torch.randn(y.shape, generator=generator)
    return x.numpy(), y.numpy()


STATISTICS = (
    {"x": {"pixel_std": 1.0, "std": 0.5}, "y": {"pixel_std": 1.0, "std": 0.3}},
    {"x": np.full(X_SHAPE, 0.1, np.float32)},
)


def ensemble(network, name: str = "lsi", problem=None, starts=None, mask=MASK, draw=0, seed=SEED, batch=12, **search):
    problem = problem or SimpleNamespace(x_shape=X_SHAPE)
    said = {"weights": [0.5]} | SAID | search if name == "lsi-prior" else SAID | search
    given = {"starts": starts, "seed": seed, "batch_size": batch}
    return make_method(name, said, problem, mask, STATISTICS, network, draw=draw, **given)


def choose(methods, x, y) -> dict:
    return methods[0].choose(methods, x, y) if methods[0].leaves_open else {}


def estimate(method, y, split: str = "test", first: int = 0):
    return method.estimate(y, split, np.arange(first, first + len(y)))


def members(method, y, split: str = "test", first: int = 0) -> np.ndarray:
    return estimate(method, y, split, first).members


def test_a_member_depends_on_its_sample_and_number_alone(network, samples):
    y = MASK(samples[1])
    whole = members(ensemble(network), y, "test", 0)
    assert whole.shape == (6, 3, *X_SHAPE)
    parts = [members(ensemble(network), y[first : first + 2], "test", first) for first in (0, 2, 4)]
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-4)
    assert members(ensemble(network, members=2), y, "test", 0) == pytest.approx(whole[:, :2], abs=1e-4)
    other = members(ensemble(network), y, "ood", 0)
    moved = members(ensemble(network), y, "test", 1)
    assert (np.abs(other - whole).max((2, 3, 4)) > 0.001).all()
    assert (np.abs(moved - whole).max((2, 3, 4)) > 0.001).all()


def test_members_are_drawn_anew_for_every_training_and_every_mask(network, samples):
    y = MASK(samples[1])
    drawn = [members(ensemble(network, seed=s, draw=d), y) for s, d in ((0, 0), (1, 0), (0, 1), (0, 0))]
    assert np.array_equal(drawn[0], drawn[3])
    for other in drawn[1:3]:
        assert (np.abs(other - drawn[0]).max((2, 3, 4)) > 0.001).all()


def test_one_choice_is_made_for_all_draws_with_the_validation_samples_dealt_to_them(network, samples):
    x, y = samples
    masks = [make_mask(f"random-25-{draw}", 8, 2, 7) for draw in (0, 1)]
    said = {"iterations": 8, "stop": "validation"}
    each = [ensemble(network, mask=mask, draw=draw, **said) for draw, mask in enumerate(masks)]
    chosen = choose(each, x, y)
    wanted = np.zeros(9)
    for one, own in zip(each, (slice(0, None, 2), slice(1, None, 2)), strict=True):
        one.iterations = 8
        found = one.errors(x[own], y[own], np.arange(6)[own], 0.0)[0][:, :, -1]
        wanted += found.sum(1) / 6
    assert chosen["validation_rre"] == pytest.approx(wanted, rel=1e-5)
    assert chosen["iterations"] == 1 + int(np.argmin(wanted[1:]))


def test_the_starts_of_members_are_drawn_from_the_distribution_of_the_latents(network, samples):
    """Before any search: mean and deviation over many members are those of q(z_y|ỹ)."""
    y = torch.from_numpy(MASK(samples[1]))
    many = ensemble(network, members=4000)
    z = many.begin(y, many.noise("test", np.arange(6)), None).unflatten(0, (6, 4000))
    mean, deviation = network.distribution_y(y)
    assert z.mean(1).numpy() == pytest.approx(mean.numpy(), abs=5 * deviation.max().item() / 4000**0.5)
    assert z.std(1).numpy() == pytest.approx(deviation.numpy(), rel=0.06)


@pytest.mark.parametrize("name", ["lsi", "lsi-zx"])
def test_a_single_member_starts_from_the_mean(network, samples, name):
    masked = MASK(samples[1])
    keep, y = torch.from_numpy(MASK.weights()), torch.from_numpy(masked)
    space = "y" if name == "lsi" else "x"
    start = network.encode_y(y) if space == "y" else network.inverse_map(network.encode_y(y))
    z = latent_space_inference(network, y, keep, start, space, 4, 10).points[-1]
    wanted = network.decode_x(network.inverse_map(z) if space == "y" else z)
    found = estimate(ensemble(network, name, members=1), masked)
    assert found.x == pytest.approx(wanted.numpy(), abs=1e-5)
    assert found.members is None and found.data_members is None and found.iterations.shape == (6,)


def test_the_estimate_and_the_data_are_means_over_members(network, samples):
    found = estimate(ensemble(network), MASK(samples[1]))
    assert found.x == pytest.approx(found.members.mean(1), abs=1e-6)
    assert found.members.std(1).max() > 0.01
    data = found.data_members
    assert data.shape == (SHOWN, 3, *Y_SHAPE) and found.y[:SHOWN] == pytest.approx(data.mean(1), abs=1e-6)
    assert found.surrogate_data is found.y


STARTS = {
    "mlsi": lambda network, mean, estimate: network.encode_x(mean),
    "mlsi-lsi": lambda network, mean, estimate: network.encode_x(estimate),
    "fwi": lambda network, mean, estimate: mean.flatten(1) / 0.5,  # units of the global standard deviation
    "fwi-lsi": lambda network, mean, estimate: estimate.flatten(1) / 0.5,
    "lsi-refined": lambda network, mean, estimate: network.encode_x(estimate),
}
PRIOR = {"start": "zeros", "misfit": "squared", "regulariser": "mahalanobis"}


@pytest.mark.parametrize("name", STARTS)
def test_searches_with_the_simulation_start_from_the_mean_model_or_the_estimates_of_another(network, samples, name):
    x, y = samples
    estimates = {"validation/x": -x, "test/x": x + 1}
    own = {"roughness": [0.1]} if "fwi" in name else {}
    estimates = estimates if name not in ("mlsi", "fwi") else None
    found = ensemble(None if own else network, name, Columns(), estimates, members=1, **own)
    choose([found], x, y)
    trajectory = found.search(torch.from_numpy(y[2:5]), "test", np.arange(2, 5), 0.1)
    mean = torch.full((3, *X_SHAPE), 0.1)
    wanted = STARTS[name](network, mean, torch.from_numpy(x[2:5] + 1))
    assert trajectory.points[0].numpy() == pytest.approx(wanted.numpy(), abs=1e-5)
    assert estimate(found, MASK(y)).x.shape == x.shape


def error(found: np.ndarray, truth: np.ndarray) -> float:
    norms = [np.linalg.norm((u - v).ravel()) / np.linalg.norm(v.ravel()) for u, v in zip(found, truth, strict=True)]
    return float(np.mean(norms))


@pytest.mark.parametrize("batch_size", [6, 200])
def test_the_iterations_chosen_are_those_of_the_least_error_tried_one_by_one(network, samples, batch_size):
    x, y = samples
    chooser = ensemble(network, iterations=8, stop="validation", batch=batch_size)
    chosen = choose([chooser], x, y)
    errors = []
    for iterations in range(1, 9):
        single = ensemble(network, iterations=8)
        single.iterations = iterations  # of as many evaluations as eight iterations may take
        errors.append(error(estimate(single, MASK(y), "validation").x, x))
    assert chosen["validation_rre"][1:] == pytest.approx(errors, rel=1e-3)
    assert chosen["iterations"] == chosen["best_iterations"] == 1 + int(np.argmin(errors))
    assert 1 < chosen["iterations"] < 8  # so that the choice means something
    several = members(chooser, MASK(y), "validation")  # what is inferred afterwards is what was chosen
    by_members = [error(several[:, :k].mean(1), x) for k in (1, 2, 3)]
    assert chosen["validation_rre_by_members"] == pytest.approx(by_members, rel=1e-3)
    assert chosen["validation_rre"][chosen["iterations"]] == pytest.approx(by_members[-1], rel=1e-3)
    assert chosen["members"] == 3 and by_members[chosen["sufficient_members"] - 1] <= 1.0101 * by_members[-1]


def test_a_fixed_stop_reports_the_curves_of_a_search_that_chooses_a_weight_and_stays(network, samples):
    fixed = ensemble(network, "lsi-prior", iterations=8, weights=[1e4, 0.0], **PRIOR)
    chosen = choose([fixed], *samples)
    assert fixed.iterations == 8 and fixed.weight == chosen["weight"] == 0
    best = 1 + int(np.argmin(chosen["validation_rre"][1:]))
    assert (chosen["iterations"], chosen["best_iterations"]) == (8, best) and best < 8
    measured = chosen["validation_misfit"]
    assert len(measured) == 9 and (np.diff(measured) < 1e-6).all() and len(chosen["validation_data_rre"]) == 9


def test_what_starts_from_an_estimate_stops_where_validation_says_and_what_starts_from_the_mean_does_not(samples):
    x = samples[0]
    y = Columns().simulate(torch.from_numpy(x)).numpy() + samples[1]  # so much noise that the first iterations are best
    estimates = {"validation/x": x + 0.01 * np.random.default_rng(0).standard_normal(x.shape).astype(np.float32)}
    for name, stops in (("fwi", 8), ("fwi-lsi", 1)):
        begun = estimates if name == "fwi-lsi" else None
        search = ensemble(None, name, Columns(), begun, roughness=[0.0], iterations=8)
        chosen = choose([search], x, y)
        assert chosen["iterations"] == search.iterations == stops and chosen["best_iterations"] < 8


def test_a_fixed_stop_of_a_search_that_simulates_reports_the_curves(samples):
    x = samples[0]
    y = Columns().simulate(torch.from_numpy(x)).numpy() + 0.1 * samples[1]
    fixed = ensemble(None, "fwi", Columns(), roughness=[0.0], iterations=8)
    chosen = choose([fixed], x, y)
    assert (chosen["iterations"], fixed.iterations, chosen["weight"]) == (8, 8, 0)
    assert chosen["best_iterations"] == 1 + int(np.argmin(chosen["validation_rre"][1:]))
    assert (np.diff(chosen["validation_misfit"]) < 1e-6).all() and len(chosen["validation_misfit"]) == 9


def test_the_iterations_over_bands_are_chosen_on_one_way_through_them(samples):
    x = samples[0]
    y = Columns().simulate(torch.from_numpy(x)).numpy() + 0.5 * samples[1]
    said = {"roughness": [0.0, 0.01], "iterations": 8, "bands": [10.0, None]}
    chooser = ensemble(None, "fwi", Columns(), stop="validation", **said)
    chosen = choose([chooser], x, y)
    errors = []
    for iterations in range(1, 9):
        single = ensemble(None, "fwi", Columns(), **said)
        single.iterations, single.weight = iterations, chosen["weight"]
        errors.append(error(estimate(single, MASK(y), "validation").x, x))
    assert chosen["validation_rre"][1:] == pytest.approx(errors, rel=1e-3)
    assert chosen["iterations"] == chooser.iterations == 1 + int(np.argmin(errors))
    at_once = choose([ensemble(None, "fwi", Columns(), **(said | {"bands": [None]}))], x, y)
    assert at_once["validation_rre"][2] != pytest.approx(chosen["validation_rre"][2], rel=1e-4)
    assert [weight for weight, _ in chosen["validation_rre_by_weight"]] == [0.0, 0.01]


@pytest.mark.parametrize(("name", "search"), [("lsi", {}), ("lsi-zx", {}), ("lsi-prior", PRIOR | {"weights": [2.0]})])
def test_a_search_over_latents_that_leaves_nothing_open_chooses_nothing(network, samples, name, search):
    fixed = ensemble(network, name, **search)
    assert choose([fixed], *samples) == {}
    assert (fixed.iterations, fixed.weight) == (4, 2.0 if search else 0.0)


@pytest.mark.parametrize("name", ["fwi", "lsi-prior"])
@pytest.mark.parametrize("stop", ["fixed", "validation"])
def test_the_weight_chosen_is_that_of_the_least_error_where_it_stops(network, stop, samples, name):
    x, y = samples
    simulates = name == "fwi"
    if simulates:
        y = Columns().simulate(torch.from_numpy(x)).numpy() + 0.1 * y
    weights = [0.001, 1.0, 1000.0]

    def chosen_from(*weights):
        search = {"roughness": [*weights]} if simulates else PRIOR | {"weights": [*weights]}
        found = ensemble(None if simulates else network, name, Columns(), stop=stop, **search)
        return choose([found], x, y), found

    least = {}
    for weight in weights:
        single, found = chosen_from(weight)
        if single:
            curve = single["validation_rre"]
            least[weight] = curve[-1] if stop == "fixed" else min(curve[1:])
        else:  # nothing to choose
            least[weight] = error(estimate(found, MASK(y), "validation").x, x)
    chosen, found = chosen_from(*sorted(weights, key=least.get, reverse=True))
    assert chosen["weight"] == found.weight == min(least, key=least.get)
    assert error(estimate(found, MASK(y), "validation").x, x) == pytest.approx(min(least.values()), rel=1e-3)  # is used
    assert len(set(least.values())) == 3
    tried = dict(chosen["validation_rre_by_weight"])
    assert tried == pytest.approx({weight: least[weight] for weight in tried}, rel=1e-4)
    best = weights.index(chosen["weight"])
    assert set(weights[max(0, best - 1) : best + 2]) <= set(tried)  # the chosen one and its neighbours


@pytest.mark.parametrize(("stop", "wanted"), [("fixed", (2, 0.5)), ("validation", (1, 0.1))])
def test_weights_are_compared_after_the_iterations_that_they_would_be_used_for(monkeypatch, samples, stop, wanted):
    rre = {0.1: [1.0, 0.2, 0.5], 0.5: [1.0, 0.4, 0.3]}

    def errors(self, x, y, numbers, weight):
        of_each = np.repeat(np.array(rre[weight])[:, None, None], len(x), axis=1)
        return of_each, np.zeros((3, len(x), 1, math.prod(x.shape[1:])), np.float32)

    monkeypatch.setattr(Search, "errors", errors)
    chosen = choose([ensemble(None, "fwi", Columns(), roughness=[0.1, 0.5], stop=stop, iterations=2)], *samples)
    assert (chosen["iterations"], chosen["weight"]) == wanted


class Blur(nn.Module):
    """A paired autoencoder that is the identity on x, for a problem that blurs: its searches fit noise in the end."""

    def __init__(self):
        super().__init__()
        self.forward_map = nn.Linear(24, 24)
        self.y_scaling = Scaling((1, 1, 24), 0.0, 0.01)
        distance = np.subtract.outer(np.arange(24), np.arange(24)) / 2.5
        self.register_buffer("matrix", torch.from_numpy(np.exp(-(distance**2))).float())

    def distribution_x(self, x):
        return x.flatten(1), torch.zeros(len(x), 24)

    def decode_x(self, z):
        return z.unflatten(1, (1, 1, 24))

    def simulate(self, x):
        return x @ self.matrix


def test_noise_makes_it_best_to_stop_between_the_first_and_the_last_iteration():
    problem = Blur()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((16, 1, 1, 24)).cumsum(3).astype(np.float32)
    clean = problem.simulate(torch.from_numpy(x)).numpy()
    curves = {}
    for level in (0.0, 0.05):
        y = clean + level * clean.std() * rng.standard_normal(clean.shape).astype(np.float32)
        statistics = {"x": {"std": 1.0}, "y": {"std": 1.0}}, {"x": np.zeros((1, 1, 24), np.float32)}
        said = {"iterations": 40, "stop": "validation"}
        full = make_mask("none-0-0", 24, 3, 7)
        chosen = choose([make_method("mlsi", said, problem, full, statistics, problem, batch_size=5)], x, y)
        curves[level] = np.array(chosen["validation_rre"]), chosen["iterations"]
    noisy, stop = curves[0.05]
    assert 1 < stop < 40
    assert noisy[stop] < 0.9 * noisy[1] and noisy[stop] < 0.7 * noisy[-1]
    clean, stop = curves[0.0]
    assert stop > 2 * curves[0.05][1] and clean[stop] < 0.7 * noisy.min()


def test_a_method_works_batch_by_batch_on_the_samples_it_is_given(network, samples):
    y = samples[1]
    method = ensemble(network, samples={"validation": 2, "test": 4, "ood": 3})
    assert method.samples("test") == slice(4) and ensemble(network).samples("ood") == slice(None)
    found = method(y[:5], "test")  # batches of 12 // 3 samples: 4 and 1
    assert found.members.shape == (5, 3, *X_SHAPE) and found.data_members.shape == (SHOWN, 3, *Y_SHAPE)
    assert found.members == pytest.approx(members(ensemble(network), MASK(y[:5]), "test", 0), abs=1e-4)
    mean = make_method("mean", {}, None, MASK, STATISTICS, batch_size=3)(y, "test")
    assert mean.x.shape == (6, *X_SHAPE) and (mean.x == np.float32(0.1)).all() and mean.y is None
