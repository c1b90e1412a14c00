"""Total variation against scikit-image's denoising, a step in closed form, and duals of an independent method."""

from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest
import zarr
from made import make_mask, make_method

from pairlsi import problems
from pairlsi.observations.mask import Mask
from pairlsi.problems.operator_norm import norms
from pairlsi.solvers.total_variation import total_variation

NAMES = ["none-0-0", "random-25-0", "block-50-0"]


class Identity:
    """A = scale I on images."""

    linear, noise_level = True, 0.1

    def __init__(self, shape: tuple, scale: float = 1.0):
        self.x_shape = self.y_shape = shape
        self.missing_count, self.missing_axis, self.scale = shape[1], 2, scale

    def forward(self, x):
        return np.float32(self.scale) * x

    adjoint = forward


def everything(problem) -> Mask:
    return Mask("none", problem.missing_axis, np.ones(problem.missing_count, bool))


def last(problem, y, mask, weights, iterations: int, start=None) -> np.ndarray:
    weights = np.broadcast_to(np.asarray(weights, np.float32), len(y))
    iterates = total_variation(problem, y, mask, weights, iterations, norms(problem, mask)[0], start)
    return deque(iterates, maxlen=1).pop()


def gradient(x: np.ndarray) -> np.ndarray:
    """Forward differences (2, N, C, H, W)."""
    down, across = np.diff(x, axis=2, append=x[:, :, -1:]), np.diff(x, axis=3, append=x[..., -1:])
    return np.stack([down, across])


def objective(problem, x, y, mask, weight: float) -> np.ndarray:
    """(N,) float64."""
    residual = mask(problem.forward(x) - y).astype(float)
    return (residual**2).sum((1, 2, 3)) / 2 + weight * np.sqrt((gradient(x.astype(float)) ** 2).sum(0)).sum((1, 2, 3))


@pytest.fixture(scope="module")
def ct():
    return problems.create(
        {"kind": "ct", "image_size": 16, "angles": 24, "noise_level": 0.05, "source": {"kind": "phantoms"}}
    )


@pytest.fixture(scope="module")
def data(ct):
    return ct.draw("test", np.arange(3), 1, {"test": 3})


@pytest.mark.parametrize("weight", [0.05, 0.3])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_where_a_is_the_identity_it_is_scikit_images_denoising(weight, scale):
    restoration = pytest.importorskip("skimage.restoration")
    rng = np.random.default_rng(0)
    image = np.zeros((12, 17))
    image[3:8, 4:11] = 1
    noisy = (image + 0.2 * rng.standard_normal(image.shape)).astype(np.float32)
    wanted = restoration.denoise_tv_chambolle(noisy.astype(float), weight, eps=1e-12, max_num_iter=20000)
    problem = Identity((1, *image.shape), scale)
    y = scale * noisy[None, None]  # min ½ scale² ‖x - noisy‖² + scale² weight TV(x)
    found = last(problem, y, everything(problem), scale**2 * weight, 200)
    assert found[0, 0] == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize("shape", [(1, 9, 10), (1, 1, 10), (1, 10, 1)])
def test_a_step_shrinks_by_what_its_sides_have_of_the_weight(shape):
    """Between 4 and 6 rows of pixels each edge pulls its side by weight / width towards the other, until they meet."""
    problem, axis = Identity(shape), 2 if shape[2] > 1 else 1
    step = np.where(np.arange(10) < 4, 0.0, 1.0).astype(np.float32)
    y = np.broadcast_to(step if axis == 2 else step[:, None], (2, *shape))
    found = last(problem, y, everything(problem), [0.6, 10.0], 400)
    shrunken = np.where(step > 0.5, 1 - 0.6 / 6, 0.6 / 4)
    wanted = np.broadcast_to(shrunken if axis == 2 else shrunken[:, None], shape)
    assert found[0] == pytest.approx(wanted, abs=2e-3)
    assert found[1] == pytest.approx(np.full(shape, 0.6), abs=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weight", [1e-4, 3e-3])
def test_no_x_has_a_much_lower_objective(ct, data, name, weight):
    """A dual, found by another method in double precision and made feasible, bounds the objective from below."""
    mask = make_mask(name, ct.missing_count)
    x = last(ct, data[1], mask, weight, 400)
    found = objective(ct, x, data[1], mask, weight)
    eye = np.eye(16 * 16, dtype=np.float32).reshape(-1, *ct.x_shape)
    a = mask(ct.forward(eye)).reshape(256, -1).T.astype(float)
    nabla = gradient(eye.astype(float)).transpose(0, 2, 3, 4, 1).reshape(2 * 256, 256)
    for i in range(2):
        y = mask(data[1])[i].ravel().astype(float)
        bound = lower_bound(a, nabla, y, weight, x[i].ravel().astype(float))
        assert bound <= found[i] * (1 + 1e-6) and found[i] - bound < 2e-3 * found[i]


def lower_bound(a: np.ndarray, nabla: np.ndarray, y: np.ndarray, weight: float, x: np.ndarray) -> float:
    """Chambolle & Pock's primal-dual method with all in its dual (p, q), from x; its best dual value.

    The dual is max -½‖p‖² - ⟨p, y⟩ over Aᵀp + ∇ᵀq = 0, |q_ij| ≤ weight. For a q the best p has -A⁺ᵀ∇ᵀq in the range of
    A, and -y beyond. A of full column rank leaves nothing, one with a kernel a rest, for which at most ‖rest‖ times a
    bound of the norm of a minimiser is taken off.
    """
    every = np.concatenate([a, nabla])
    norm = np.linalg.norm(every, 2)
    tau, sigma = 5 / norm, 0.2 / norm
    p, q, ahead = a @ x - y, np.zeros(len(nabla)), x
    inverse = np.linalg.pinv(a, rcond=1e-6)
    beyond = y - a @ (inverse @ y)
    best = -np.inf
    for k in range(3000):
        p = (p + sigma * (a @ ahead - y)) / (1 + sigma)
        q = (q + sigma * (nabla @ ahead)).reshape(2, -1)
        q = (q / np.maximum(1, np.sqrt((q**2).sum(0)) / weight)).ravel()
        moved = x - tau * (a.T @ p + nabla.T @ q)
        ahead, x = 2 * moved - x, moved
        if k % 500 == 499:
            right = -inverse.T @ (nabla.T @ q) - beyond
            rest = np.linalg.norm(a.T @ right + nabla.T @ q)
            best = max(best, -(right @ right) / 2 - right @ y - 2 * rest * np.linalg.norm(x))
    return best


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_starts_do_not_change_the_minimiser(ct, data, name):
    mask = make_mask(name, ct.missing_count)
    rng = np.random.default_rng(0)
    found = [last(ct, data[1], mask, 3e-3, 600, start) for start in (None, data[0], 0 * data[0] + rng.random())]
    for x in found[1:]:
        assert np.linalg.norm(x - found[0]) < 0.01 * np.linalg.norm(found[0])
    first, *_ = total_variation(ct, data[1], mask, np.ones(3), 1, 1.0, data[0])
    assert np.array_equal(first, data[0])


def test_next_to_no_weight_leaves_least_squares(ct, data):
    mask = make_mask("none-0-0", ct.missing_count)
    x = last(ct, data[1], mask, 1e-8, 300)
    residual = mask(ct.forward(x) - data[1])
    assert np.linalg.norm(ct.adjoint(residual)) < 0.01 * np.linalg.norm(ct.adjoint(data[1]))


def test_samples_and_channels_do_not_mix_and_missing_rows_do_not_count(ct, data):
    mask = make_mask("random-25-0", ct.missing_count)
    weights = np.array([1e-3, 1e-2, 1e-1])
    together = last(ct, data[1], mask, weights, 30)
    dirty = data[1] + 100 * (1 - mask.weights())
    assert np.array_equal(last(ct, dirty, mask, weights, 30), together)
    for i in range(3):
        alone = last(ct, data[1][i : i + 1], mask, weights[i], 30)
        assert alone[0] == pytest.approx(together[i], abs=1e-4)
    rng = np.random.default_rng(0)
    y = rng.standard_normal((2, 3, 6, 7)).astype(np.float32)
    of_three, of_one = Identity((3, 6, 7)), Identity((1, 6, 7))
    found = last(of_three, y, everything(of_three), 0.5, 300)
    for channel in range(3):
        alone = last(of_one, y[:, channel : channel + 1], everything(of_one), 0.5, 300)
        assert alone[:, 0] == pytest.approx(found[:, channel], abs=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_norms_are_those_of_the_matrix(ct, name):
    mask = make_mask(name, ct.missing_count)
    eye = np.eye(256, dtype=np.float32).reshape(-1, *ct.x_shape)
    a = mask(ct.forward(eye)).reshape(256, -1)
    steepest, column = norms(ct, mask)
    assert steepest == pytest.approx(np.linalg.norm(a, 2) ** 2, rel=0.02)
    assert column == pytest.approx((a**2).sum(1).mean(), rel=0.15)


def method(ct, name="random-25-0", iterations=60, **said):
    statistics = {}, {"x": np.full(ct.x_shape, 0.3, np.float32)}
    starts = said.pop("starts", None)
    said = {"iterations": iterations, "weights": [0.1, 1.0, 30.0], **said}
    return make_method("tv", said, ct, make_mask(name, ct.missing_count), statistics, starts=starts)


def test_the_weight_is_chosen_on_the_samples_that_each_draw_gets(ct):
    x, y = ct.draw("validation", np.arange(8), 1, {"validation": 8})
    methods = [method(ct, f"random-25-{draw}") for draw in range(3)]
    assert methods[0].leaves_open and not method(ct, weights=[2.0]).leaves_open
    chosen = methods[0].choose(methods, x, y)
    tried = dict(chosen["validation_rre_by_weight"])
    assert list(tried) == [0.1, 1.0, 30.0] and chosen["weight"] == min(tried, key=tried.get) == 1.0
    assert {each.weight for each in methods} == {1.0}
    errors = []
    for draw, each in enumerate(methods):
        errors += [
            np.linalg.norm(each(y[i : i + 1], "validation").x - x[i]) / np.linalg.norm(x[i]) for i in range(draw, 8, 3)
        ]
    assert tried[1.0] == pytest.approx(np.mean(errors), rel=1e-3)


def test_weights_are_relative_to_noise_data_and_operator(ct, data):
    """Data and operator in other units: the same image, in its units."""
    x = method(ct)(data[1], "test").x
    assert method(ct)(10 * data[1], "test").x == pytest.approx(10 * x, abs=1e-3)
    scaled = SimpleNamespace(x_shape=ct.x_shape, y_shape=ct.y_shape, noise_level=ct.noise_level)
    scaled.missing_count, scaled.missing_axis = ct.missing_count, ct.missing_axis
    scaled.forward, scaled.adjoint = lambda u: 7 * ct.forward(u), lambda v: 7 * ct.adjoint(v)
    assert method(scaled)(7 * data[1], "test").x == pytest.approx(x, abs=1e-3)


def test_it_starts_from_zero_the_mean_or_another_methods_estimates(ct, data):
    group = zarr.group(zarr.storage.MemoryStore())
    group.create_array("test/x", data=np.ascontiguousarray(data[0]))
    with_start = method(ct, start="pair", starts=group)
    assert type(with_start).starts_from(with_start.settings) == "pair"
    assert type(with_start).title(with_start.settings, {"pair": "PAIR"}) == "Total variation from PAIR"
    for start in ("zero", "mean"):
        assert type(with_start).starts_from(method(ct, start=start).settings) is None
    begun = [
        method(ct, iterations=1, start=start, starts=group)(data[1], "test").x for start in ("zero", "mean", "pair")
    ]
    assert all(np.abs(u - v).max() > 1e-3 for u, v in zip(begun, begun[1:], strict=False))
    found = with_start(data[1], "test")
    assert found.y == pytest.approx(ct.forward(found.x)) and (found.iterations == 60).all()
