"""The deep image prior against plain modules of torch fitted one by one, the noise in the data, and the mean image."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made import make_mask, make_method
from torch import nn

from pairlsi import problems
from pairlsi.methods.choosing import deal
from pairlsi.networks.deep_prior import Generators
from pairlsi.reports import choices

STATISTICS = {"x": {"mean": 0.2, "std": 0.25}}, {}  # no pixel-wise mean: it is not asked for


class Dense:
    """A random matrix, and what may follow it."""

    def __init__(self, x_shape, y_shape, after=lambda y: y):
        self.x_shape, self.y_shape, self.after = x_shape, y_shape, after
        self.missing_count, self.missing_axis, self.noise_level = y_shape[1], 2, 0.05
        size = int(np.prod(y_shape)), int(np.prod(x_shape))
        matrix = np.random.default_rng(0).standard_normal(size).astype(np.float32)
        self.matrix = torch.from_numpy(matrix / np.float32(size[1]) ** 0.5)

    def simulate(self, x):
        return self.after((x.flatten(1) @ self.matrix.T).unflatten(1, self.y_shape))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """What is computed here is too little for more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def ct():
    said = {"image_size": 16, "angles": 24, "noise_level": 0.05, "source": {"kind": "phantoms"}}
    return problems.create({"kind": "ct", **said})


@pytest.fixture(scope="module")
def data(ct):
    return ct.draw("test", np.arange(5), 1, {"test": 5})


def method(problem, mask="random-25-0", iterations=6, draw=0, seed=0, **said):
    rows, axis = problem.missing_count, problem.missing_axis
    said = {"iterations": iterations, "width": 8, **said}
    return make_method("dip", said, problem, make_mask(mask, rows, axis), STATISTICS, draw=draw, seed=seed)


def estimated(method, y, split="test", numbers=None):
    numbers = np.arange(len(y)) if numbers is None else np.array(numbers)
    return method.estimate(method.observation(y, split, numbers), split, numbers)


def relative(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(N,)"""
    return np.linalg.norm((found - wanted).reshape(len(found), -1), axis=1) / np.linalg.norm(
        wanted.reshape(len(found), -1), axis=1
    )


def plain(generators: Generators, sample: int) -> nn.Sequential:
    """One sample's network of torch's own modules, with its weights."""
    modules, before = [], None
    for kernel, size in zip(generators.kernels, [*generators.sizes, None], strict=True):
        convolution = nn.Conv2d(*kernel.shape[2:0:-1], 3, padding=1, bias=size is None)
        convolution.weight.data = kernel.data[sample].clone()
        if size is None:
            convolution.bias.data.zero_()
            return nn.Sequential(*modules, convolution)
        if before not in (None, size):
            modules.append(nn.Upsample(size, mode="bilinear"))
        modules += [convolution, nn.InstanceNorm2d(kernel.shape[1], affine=True), nn.ReLU()]
        before = size


@pytest.mark.parametrize("shape", [(1, 16, 16), (2, 11, 13), (1, 1, 24)])
def test_samples_are_fitted_as_networks_of_torchs_own_modules_one_by_one(shape):
    rng = np.random.default_rng(0)
    problem = Dense(shape, (1, 6, 5))
    dip = method(problem, "random-50-0", iterations=4, width=3)
    y = rng.standard_normal((3, *problem.y_shape)).astype(np.float32)
    found, keep = estimated(dip, y, numbers=[4, 0, 7]), torch.from_numpy(dip.given.keep)
    generators = Generators(shape, 3, dip.random("test", np.array([4, 0, 7])))
    z = generators.z.unflatten(1, (3, -1))[0]
    for i in range(3):
        network, seen = plain(generators, i), keep * torch.from_numpy(y[i])
        adam = torch.optim.Adam(network.parameters(), lr=0.005)
        for _ in range(4):
            misfit = (keep * problem.simulate(0.2 + 0.25 * network(z[i : i + 1])) - seen).square().sum()
            adam.zero_grad()
            (misfit / seen.square().sum()).backward()
            adam.step()
        with torch.no_grad():
            wanted = 0.2 + 0.25 * network(z[i : i + 1])
        assert found.x[i] == pytest.approx(wanted[0].numpy(), abs=1e-3)
        assert found.y[i] == pytest.approx(problem.simulate(wanted)[0].numpy(), abs=1e-2)
    assert found.iterations == 4


def test_networks_begin_at_about_unit_deviation():
    rngs = [np.random.default_rng(i) for i in range(40)]
    with torch.no_grad():
        first = Generators((1, 16, 20), 8, rngs)()
    assert first.shape == (40, 1, 16, 20)
    assert 0.5 < float(first.std()) < 2 and abs(float(first.mean())) < 0.5


def smooth(count: int) -> np.ndarray:
    """Bumps (count, 1, 16, 16), each somewhere else."""
    down, across = np.meshgrid(*2 * [np.linspace(-1, 1, 16)], indexing="ij")
    middle = np.linspace(-0.4, 0.4, count)[:, None, None, None]
    return np.exp(-4 * ((down - middle) ** 2 + (across + 0.1) ** 2)).astype(np.float32)


def noisy(problem, x: np.ndarray, level: float) -> np.ndarray:
    y = problem.simulate(torch.from_numpy(x)).numpy()
    noise = np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)
    return y + level * np.linalg.norm(y) / np.linalg.norm(noise) * noise


@pytest.mark.parametrize("mask", ["none-0-0", "random-25-0"])
def test_the_image_comes_first_and_the_noise_last(mask):
    """The misfit falls far below that of the truth, but by then the error has long risen."""
    problem, x = Dense((1, 16, 16), (1, 16, 12)), smooth(2)
    y = noisy(problem, x, 0.4)
    dip = method(problem, mask, iterations=100, learning_rate=0.01)
    seen = dip.observation.mask
    path = [u.numpy() for u in dip.iterates(torch.from_numpy(seen(y)), "test", np.arange(2), 100)]
    of_truth, *misfits = (
        relative(seen(problem.simulate(torch.from_numpy(u)).numpy()), seen(y)).mean() for u in (x, *path)
    )
    errors = [relative(u, x).mean() for u in path]
    best = np.argmin(errors)
    assert misfits[-1] < 0.75 * of_truth < 0.75 * misfits[0] and misfits[best] > 0.8 * of_truth
    assert 0 < best < 60 and errors[best] < min(0.3 * errors[0], 0.7 * errors[-1])
    assert estimated(dip, y).x == pytest.approx(path[-1])


def test_a_smooth_image_comes_out_of_fewer_data_than_pixels():
    """Where least squares knows nothing of what is not measured."""
    problem, x = Dense((1, 16, 16), (1, 16, 6)), smooth(2)
    y = noisy(problem, x, 0.05)
    found = estimated(method(problem, "none-0-0", iterations=80, learning_rate=0.01), y).x
    least = (y.reshape(2, -1) @ np.linalg.pinv(problem.matrix.numpy()).T).reshape(x.shape)
    mean = np.full_like(x, x.mean())
    assert (relative(found, x) < 0.3 * np.minimum(relative(mean, x), relative(least, x))).all()


def test_an_estimate_is_the_same_to_the_last_bit_whatever_lies_beside_it(ct, data):
    dip, y = method(ct), data[1]
    together = estimated(dip, y).x
    for numbers in ([2], [4, 2], [2, 0, 1]):
        place = numbers.index(2)
        assert np.array_equal(estimated(dip, y[numbers], numbers=numbers).x[place], together[2])


def test_random_numbers_are_a_samples_own_and_change_with_seed_draw_and_split(ct, data):
    y = np.repeat(data[1][:1], 2, axis=0)
    first = estimated(method(ct, iterations=1), y).x
    assert np.abs(first[0] - first[1]).max() > 0.1  # the same data, samples 0 and 1
    for others in (
        estimated(method(ct, iterations=1, seed=1), y),
        estimated(method(ct, iterations=1, draw=1), y),
        estimated(method(ct, iterations=1), y, "ood"),
    ):
        assert np.abs(others.x - first).max() > 0.1
    assert np.array_equal(estimated(method(ct, iterations=1), y).x, first)


def test_units_of_the_data_do_not_matter(ct, data):
    """Operator and data in other units: the same image."""
    scaled = SimpleNamespace(x_shape=ct.x_shape, y_shape=ct.y_shape, noise_level=0.05)
    scaled.missing_count, scaled.missing_axis = ct.missing_count, ct.missing_axis
    scaled.simulate = lambda u: 100 * ct.simulate(u)
    wanted = estimated(method(ct), data[1]).x
    assert estimated(method(scaled), 100 * data[1]).x == pytest.approx(wanted, abs=1e-3)
    assert np.isfinite(estimated(method(ct), 0 * data[1]).x).all()


def test_iterations_are_chosen_on_the_samples_that_each_draw_gets(ct):
    x, y = ct.draw("validation", np.arange(5), 1, {"validation": 5})
    methods = [method(ct, f"random-25-{draw}", iterations=30, draw=draw, learning_rate=0.05) for draw in range(2)]
    assert methods[0].leaves_open
    chosen = methods[0].choose(methods, x, y)
    curve = chosen["validation_rre"]
    assert len(curve) == 31 and chosen["iterations"] == np.argmin(curve) > 10 and min(curve) < 0.6 * curve[0]
    assert {each.iterations for each in methods} == {chosen["iterations"]}
    errors = [
        relative(estimated(each, y[own], "validation", own).x, x[own])
        for each, own in zip(methods, deal(5, 2), strict=True)
    ]
    assert min(curve) == pytest.approx(np.concatenate(errors).mean(), rel=1e-4)
    ended = chosen | {"iterations": 30, "validation_rre": [*range(31, 0, -1)]}
    assert choices.iterates(chosen) and "30 for DIP (R)" in choices.at_the_edge({"dip": {"R": ended}}, {"dip": "DIP"})


def test_an_operator_that_is_not_linear_is_inverted_too():
    problem = Dense((1, 8, 8), (1, 8, 6), torch.sinh)
    y = problem.simulate(torch.from_numpy(np.random.default_rng(0).random((2, 1, 8, 8)).astype(np.float32))).numpy()
    found = estimated(method(problem, "none-0-0", iterations=100, learning_rate=0.02), y)
    assert (relative(found.y, y) < 0.1).all()
