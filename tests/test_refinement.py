"""Methods that start from the estimates of another, and CGLS from the mean: what they read and where they end."""

from collections import deque

import numpy as np
import pytest
import torch
import zarr
from made import make_mask, make_method

from pairlsi.data import store
from pairlsi.evaluation import metrics
from pairlsi.solvers.cgls import cgls

NAMES = ["none-0-0", "random-25-0", "block-50-0"]
LIMIT = 12


@pytest.fixture(scope="module")
def pairs(ct_data):
    return tuple(store.read(ct_data / "validation.zarr", name) for name in store.ARRAYS)


def stored(**splits) -> zarr.Group:
    """Estimates as `evaluation.sweep` stores them: a group a split with x and y."""
    group = zarr.group(zarr.storage.MemoryStore())
    for split, arrays in splits.items():
        for name, values in arrays.items():
            group.create_array(f"{split}/{name}", data=np.ascontiguousarray(values))
    return group


@pytest.fixture(scope="module")
def starts(pairs):
    """Estimates of another method: rough ones of x, and data complete but for noise."""
    rng = np.random.default_rng(5)
    x, y = (0.6 * u + 0.1 * u.std() * rng.standard_normal(u.shape).astype(np.float32) for u in pairs)
    return stored(validation={"x": x, "y": y}, test={"x": x[::-1], "y": y[::-1]})


def method(ct_problem, name: str, mask: str = "random-25-0", starts=None, limit=LIMIT, batch_size=200):
    observed = make_mask(mask, ct_problem.missing_count, ct_problem.missing_axis, 7)
    statistics = {}, {"x": np.full(ct_problem.x_shape, 0.3, np.float32)}
    name = "cgls-refined" if name == "lsi-refined" else name
    said = {"iterations": limit}
    return make_method(name, said, ct_problem, observed, statistics, starts=starts, batch_size=batch_size)


def choose(methods, pairs) -> dict:
    return methods[0].choose(methods, *pairs)


def last(iterates) -> np.ndarray:
    return deque(iterates, maxlen=1).pop()


def errors(x: np.ndarray, truth: np.ndarray) -> float:
    return metrics.relative_error(x, truth).mean()


@pytest.mark.parametrize("mask", NAMES)
def test_a_refined_estimate_is_never_worse_than_its_start_on_the_validation_pairs(ct_problem, pairs, starts, mask):
    refined = method(ct_problem, "lsi-refined", mask, starts)
    chosen = choose([refined], pairs)
    before = errors(starts["validation/x"][:], pairs[0])
    found = refined(pairs[1], "validation")
    assert chosen["validation_rre"][0] == pytest.approx(before, rel=1e-5)
    assert len(chosen["validation_rre"]) == LIMIT + 1
    assert errors(found.x, pairs[0]) == pytest.approx(min(chosen["validation_rre"]), rel=1e-4)
    assert errors(found.x, pairs[0]) <= before * (1 + 1e-6)
    assert (found.iterations == chosen["iterations"]).all() and found.surrogate_data is None
    assert found.y == pytest.approx(ct_problem.forward(found.x))
    if mask == "none-0-0":
        assert chosen["iterations"] > 0 and errors(found.x, pairs[0]) < 0.8 * before


def test_a_start_at_the_truth_is_refined_by_no_iterations(ct_problem, pairs):
    refined = method(ct_problem, "lsi-refined", starts=stored(validation={"x": pairs[0]}, test={"x": pairs[0][::-1]}))
    assert choose([refined], pairs)["iterations"] == 0
    assert np.array_equal(refined(pairs[1][::-1], "test").x, pairs[0][::-1])


@pytest.mark.parametrize("name", ["lsi-refined", "cgls-completed"])
def test_samples_keep_their_own_start_in_every_split_and_batch(ct_problem, pairs, starts, name):
    y = pairs[1][::-1]
    whole = method(ct_problem, name, starts=starts)(y, "test")
    parts = method(ct_problem, name, starts=starts, batch_size=5)(y, "test")
    assert parts.x == pytest.approx(whole.x, rel=1e-4, abs=1e-5)
    mirrored = method(ct_problem, name, starts=starts)(pairs[1], "validation")
    assert mirrored.x[::-1] == pytest.approx(whole.x, rel=1e-4, abs=1e-5)  # starts of the test split are turned too


def test_the_time_of_an_estimate_has_that_of_the_estimate_it_started_from_in_it(ct_problem, pairs, starts):
    told = {name: starts[name] for name in ("test/x", "validation/x")} | {"test/seconds": 1000.0}
    assert 1000 < method(ct_problem, "lsi-refined", starts=told)(pairs[1], "test").seconds < 1100
    assert method(ct_problem, "cgls")(pairs[1], "test").seconds < 100


@pytest.mark.parametrize("mask", NAMES)
def test_a_refined_estimate_is_cgls_on_the_measured_rows_from_the_start(ct_problem, pairs, starts, mask):
    observed = make_mask(mask, ct_problem.missing_count, ct_problem.missing_axis, 7)
    found = method(ct_problem, "lsi-refined", mask, starts, limit=4)(pairs[1], "validation").x
    start = starts["validation/x"][:]
    step = last(cgls(ct_problem, pairs[1] - ct_problem.forward(start), observed, 4))
    assert found == pytest.approx(start + step, abs=1e-4)
    dirty = pairs[1] + 100 * (1 - observed.weights())
    assert np.array_equal(method(ct_problem, "lsi-refined", mask, starts, limit=4)(dirty, "validation").x, found)


@pytest.mark.parametrize("mask", NAMES)
def test_completed_data_keep_the_measured_rows_as_measured(ct_problem, pairs, mask):
    """Right in the missing rows and absurd in the measured ones: the completion makes the full data."""
    observed = make_mask(mask, ct_problem.missing_count, ct_problem.missing_axis, 7)
    completed = pairs[1] + 100 * observed.weights()
    starts = stored(validation={"x": pairs[0], "y": completed}, test={"x": pairs[0], "y": completed})
    full, found = method(ct_problem, "cgls", "none-0-0"), method(ct_problem, "cgls-completed", mask, starts)
    choices = [choose([each], pairs) for each in (full, found)]
    assert choices[0]["iterations"] == choices[1]["iterations"]
    assert choices[1]["validation_rre"] == pytest.approx(choices[0]["validation_rre"], rel=1e-4)
    x = found(pairs[1], "test").x
    assert x == pytest.approx(full(pairs[1], "test").x, rel=1e-4, abs=1e-5)
    if mask != "none-0-0":  # what stands in the missing rows matters, and it is that of the other method
        alone = method(ct_problem, "cgls", mask)(pairs[1], "test").x
        assert np.abs(x - alone).max() > 0.01
        other = stored(test={"x": pairs[0], "y": completed + 1 - observed.weights()})
        assert np.abs(method(ct_problem, "cgls-completed", mask, other)(pairs[1], "test").x - x).max() > 0.01


def test_cgls_starts_from_zero_or_from_the_mean(ct_problem, pairs):
    observed = make_mask("random-25-0", ct_problem.missing_count, ct_problem.missing_axis, 7)
    mean = np.full_like(pairs[0], 0.3)
    for name, start in (("cgls", None), ("cgls-mean", mean)):
        found = method(ct_problem, name, limit=3)(pairs[1], "test")
        assert found.x == pytest.approx(last(cgls(ct_problem, pairs[1], observed, 3, start)), abs=1e-6)
        assert (found.iterations == 3).all()
    chosen = choose([method(ct_problem, "cgls-mean")], pairs)
    assert chosen["validation_rre"][0] == pytest.approx(errors(mean, pairs[0]), rel=1e-5)
    chosen = choose([method(ct_problem, "cgls")], pairs)
    assert chosen["validation_rre"][0] == pytest.approx(1)


ROWS, X_SHAPE, Y_SHAPE = 8, (1, 4, 5), (1, 8, 3)
STATISTICS = {"x": {"std": 2.0}, "y": {"std": 0.5}}, {"x": np.zeros(X_SHAPE, np.float32)}
SEARCH = {"iterations": 300, "history": 30, "members": 3}


class Simulated:
    """A problem that can be differentiated: a matrix, and a saturation that makes it nonlinear."""

    def __init__(self, saturation: float):
        self.saturation = saturation
        self.matrix = (np.random.default_rng(0).standard_normal((24, 20)) / 5).astype(np.float32)

    def simulate(self, x):
        y = (x.flatten(1) @ torch.from_numpy(self.matrix.T)).unflatten(1, Y_SHAPE)
        return torch.sinh(self.saturation * y) / self.saturation if self.saturation else y


class Turned(torch.nn.Module):
    """An autoencoder of x that loses nothing: x = 2 Q z with Q orthogonal."""

    def __init__(self):
        super().__init__()
        turn = np.linalg.qr(np.random.default_rng(1).standard_normal((20, 20)))[0].astype(np.float32)
        self.turn = torch.nn.Parameter(torch.from_numpy(turn), requires_grad=False)
        self.forward_map = torch.nn.Linear(20, 9)
        self.y_scaling = torch.nn.Module()
        self.y_scaling.scale = torch.tensor(0.5)

    def decode_x(self, z):
        return (2 * z @ self.turn.T).unflatten(1, X_SHAPE)

    def distribution_x(self, x):
        z = x.flatten(1) @ self.turn / 2
        return z, torch.zeros_like(z)


def simulated(problem, mask: str) -> tuple:
    """The refinement, its starts and data that no x explains."""
    rng = np.random.default_rng(2)
    x, y = (rng.standard_normal((6, *shape)).astype(np.float32) for shape in (X_SHAPE, Y_SHAPE))
    observed = make_mask(mask, ROWS, 2, 7)
    starts = stored(test={"x": x}, validation={"x": x[::-1]})
    return make_method("lsi-refined", SEARCH, problem, observed, STATISTICS, Turned(), starts=starts), x, y


@pytest.mark.parametrize("mask", ["none-0-0", "random-50-0"])
def test_a_differentiable_problem_is_inverted_from_the_start_without_regularisation(mask):
    problem = Simulated(0)
    refined, x, y = simulated(problem, mask)
    assert refined.members == 1 and refined.weights == [0.0]
    observed = make_mask(mask, ROWS, 2, 7)
    found = refined.estimate(observed(y[2:5]), "test", np.arange(2, 5)).x.reshape(3, -1)
    seen = problem.matrix[np.repeat(observed.keep, 3)].astype(float)
    start, data = x[2:5].reshape(3, -1), y[2:5].reshape(3, -1)[:, np.repeat(observed.keep, 3)]
    wanted = start + (data - start @ seen.T) @ np.linalg.pinv(seen).T
    assert found == pytest.approx(wanted, abs=0.01 * np.abs(wanted).max())
    assert np.abs(found - start).max() > 0.1


def test_a_nonlinear_problem_is_refined_from_the_start_towards_the_data():
    problem = Simulated(0.5)
    refined, x, _ = simulated(problem, "random-25-0")
    observed = make_mask("random-25-0", ROWS, 2, 7)
    truth = torch.from_numpy(x[::-1] + 0.3)
    y = problem.simulate(truth).numpy()
    trajectory = refined.search(torch.from_numpy(y), "validation", np.arange(6), refined.weight)
    starts = refined.decoded(trajectory.points[0]).numpy()
    assert starts == pytest.approx(x[::-1], abs=1e-5)
    found = refined.estimate(observed(y), "validation", np.arange(6))
    estimate, completed = found.x, found.y
    misfits = [np.linalg.norm(observed(u - y)) for u in (problem.simulate(truth - 0.3).numpy(), completed)]
    assert misfits[1] < 0.01 * misfits[0]
    assert completed == pytest.approx(problem.simulate(torch.from_numpy(estimate)).numpy(), abs=1e-5)
    chosen = choose([refined], (truth.numpy(), y))
    assert (chosen["weight"], chosen["members"]) == (0, 1)
    curve = chosen["validation_rre"]  # whatever the config's key `stop` says
    assert chosen["iterations"] == chosen["best_iterations"] == 1 + np.argmin(curve[1:])
    assert chosen["validation_rre"][0] == pytest.approx(errors(truth.numpy() - 0.3, truth.numpy()), rel=1e-4)
