"""The linear PAIR in closed form, the bounds on latent space inference, and exact expected errors."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made import make_mask, make_method

from pairlsi import problems
from pairlsi.methods import closed_form
from pairlsi.networks import linear_fit, linear_pair, stored
from pairlsi.networks.autoencoders import PairedAutoencoder
from pairlsi.theory import bounds, linear, sweeps, trained

MASKS = ["none-0-0", "random-25-0", "random-25-1", "block-25-0", "random-50-0", "block-50-0"]
MANY = {"iterations": 2000, "history": 50}
# torch.func.jvp loads a module of torch that uses what torch itself has deprecated
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")


@pytest.fixture(scope="module")
def problem():
    """36 unknowns, 12 views of 9 bins."""
    return problems.create(
        {
            "kind": "linear",
            "image_size": 6,
            "angles": 12,
            "noise_level": 0.05,
            "correlation_length": 0.3,
            "ood_correlation_length": 0.15,
        }
    )


@pytest.fixture(scope="module")
def moments(problem):
    return sweeps.Moments(problem.matrix, problem.moment_x, problem.moment_noise)


def make(problem, latent_x: int, latent_y: int) -> linear_pair.LinearPair:
    """The optimal linear PAIR by the exact moments, float64, without scaling."""
    network = (
        linear_pair.LinearPair(problem.x_shape, problem.y_shape, latent_x, latent_y).double().requires_grad_(False)
    )
    moment_xy = problem.moment_x @ problem.matrix.T
    linear_pair.fit_moments(network, problem.moment_x, problem.matrix @ moment_xy + problem.moment_noise, moment_xy)
    return network


def observe(problem, name: str) -> tuple[np.ndarray, torch.Tensor]:
    """P as `keep` (m,) bool and as the weights that inference takes."""
    weights = make_mask(name, problem.missing_count, problem.missing_axis, 7).weights()
    return np.broadcast_to(weights, problem.y_shape).ravel() > 0, torch.from_numpy(weights).double()


@pytest.fixture(scope="module")
def samples(problem):
    x, y = problem.draw("test", range(40), 5, {})
    return torch.from_numpy(x).double(), torch.from_numpy(y).double()


def flat(u: torch.Tensor) -> np.ndarray:
    return u.flatten(1).numpy()


def test_maps_are_those_of_the_method(problem, moments):
    network = make(problem, 20, 30)
    a, u_x, u_y = problem.matrix, network.basis_x.numpy(), network.basis_y.numpy()
    s_x, s_y = (np.linalg.eigvalsh(moment)[::-1] for moment in (moments.moment_x, moments.moment_y))
    assert network.forward_map.weight.numpy() == pytest.approx(u_y.T @ a @ u_x, abs=1e-10)
    inverse = np.diag(s_x[:20]) @ u_x.T @ a.T @ u_y @ np.diag(1 / s_y[:30])
    assert network.inverse_map.weight.numpy() == pytest.approx(inverse, abs=1e-10)
    assert u_y.T @ moments.moment_y @ u_y == pytest.approx(np.diag(s_y[:30]), abs=1e-10)
    assert u_x.T @ u_x == pytest.approx(np.eye(20), abs=1e-12)


def test_complete_data_and_full_rank_give_the_mean_square_estimator_by_9_and_the_inverse_by_8(problem, samples):
    y, network = samples[1], make(problem, 36, 108)
    keep, weights = observe(problem, "none-0-0")
    by_9 = network.decode_x(network.inverse_map(closed_form.solve_y(network, y, weights)))
    best = linear.lmmse(problem.matrix, problem.moment_x, problem.moment_noise, keep)
    assert flat(by_9) == pytest.approx(flat(y) @ best.T, abs=1e-10)
    by_8 = network.decode_x(closed_form.solve_x(network, y, weights))
    assert flat(by_8) == pytest.approx(flat(y) @ np.linalg.pinv(problem.matrix).T, rel=1e-6, abs=1e-6)
    square = make_square(problem)
    assert flat(square.decode_x(closed_form.solve_x(square, y[..., :3], weights))) == pytest.approx(
        flat(y[..., :3]) @ np.linalg.inv(square.matrix).T, abs=1e-8
    )


def make_square(problem) -> linear_pair.LinearPair:
    """A linear PAIR of full rank for an invertible A, 36 data."""
    rng = np.random.default_rng(0)
    a = np.linalg.qr(rng.standard_normal((36, 36)))[0] @ np.diag(np.linspace(1, 0.2, 36))
    network = linear_pair.LinearPair(problem.x_shape, (1, 12, 3), 36, 36).double().requires_grad_(False)
    moment_xy = problem.moment_x @ a.T
    linear_pair.fit_moments(network, problem.moment_x, a @ moment_xy + 0.01 * np.eye(36), moment_xy)
    network.matrix = a
    return network


@pytest.mark.parametrize("mask", ["none-0-0", "random-25-0", "block-50-0"])
@pytest.mark.parametrize("space", ["y", "x"])
def test_closed_form_is_where_the_iterations_end(infer, problem, samples, mask, space):
    network, y = make(problem, 12, 14), samples[1][:6]
    network.y_scaling.scale.fill_(0.01)  # tightens the solver's tolerances
    weights = observe(problem, mask)[1]
    found = infer(network, weights * y, weights, space, **MANY)
    solve, to_data = (
        (closed_form.solve_y, torch.nn.Identity()) if space == "y" else (closed_form.solve_x, network.forward_map)
    )
    z = solve(network, weights * y, weights)
    assert flat(network.decode_y(to_data(z))) == pytest.approx(flat(found.y), abs=1e-5)
    x = network.decode_x(z if space == "x" else network.inverse_map(z))
    assert flat(x) == pytest.approx(flat(found.x), abs=2e-4)


def test_missing_data_have_no_influence_and_the_shift_belongs_to_the_data(problem, samples):
    network, y, weights = make(problem, 12, 14), samples[1], observe(problem, "random-25-0")[1]
    expected = closed_form.solve_y(network, y, weights)
    assert torch.allclose(closed_form.solve_y(network, weights * y, weights), expected, atol=1e-10)
    shift = torch.linspace(-1, 1, 108, dtype=torch.float64).reshape(problem.y_shape)
    network.y_scaling.shift.copy_(shift)
    assert torch.allclose(closed_form.solve_y(network, weights * (y + shift), weights), expected, atol=1e-10)


def scaled_pair(problem, latent_x: int, latent_y: int, x, y) -> linear_pair.LinearPair:
    network = (
        linear_pair.LinearPair(problem.x_shape, problem.y_shape, latent_x, latent_y).double().requires_grad_(False)
    )
    for scaling, u in ((network.x_scaling, x), (network.y_scaling, y)):
        scaling.shift.copy_(torch.from_numpy(u.mean(0)))
        scaling.scale.fill_(float(u.std()))
    return network


@pytest.mark.parametrize("number", [50, 90, 400])  # fewer samples than y has entries, a few and many more
def test_a_fit_to_samples_is_the_fit_to_their_moments(problem, number):
    x, y = (u.astype(float) + 3 for u in problem.draw("train", range(number), 1, {}))
    by_samples, by_moments = (scaled_pair(problem, 20, 25, x, y) for _ in range(2))
    linear_fit.fit_samples(by_samples, x, y)
    of_x, of_y = (
        flat(scaling(torch.from_numpy(u))) for scaling, u in ((by_moments.x_scaling, x), (by_moments.y_scaling, y))
    )
    linear_pair.fit_moments(by_moments, *(a.T @ b / number for a, b in ((of_x, of_x), (of_y, of_y), (of_x, of_y))))
    probe = torch.from_numpy(y[:7])
    assert flat(by_samples.invert(probe)) == pytest.approx(flat(by_moments.invert(probe)), abs=1e-8)
    ahead = torch.from_numpy(x[:7])
    assert flat(by_samples.predict(ahead)) == pytest.approx(flat(by_moments.predict(ahead)), abs=1e-8)
    assert by_samples.basis_y.T @ by_samples.basis_y == pytest.approx(torch.eye(25).numpy(), abs=1e-12)


def test_a_fit_to_samples_converges_to_that_to_the_moments(problem):
    limit, distances = operator_of(make(problem, 6, 6)), []
    for number in (100, 1600, 25600):
        network = linear_pair.LinearPair(problem.x_shape, problem.y_shape, 6, 6).double()
        linear_fit.fit_samples(network, *moderate(problem, number))
        distances.append(np.linalg.norm(operator_of(network) - limit) / np.linalg.norm(limit))
    assert distances[0] > 2.5 * distances[1] > 6 * distances[2]  # 4 times less for 16 times the samples, on average
    assert distances[2] < 0.05


def moderate(problem, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples (N, C, H, W) from the moments of the problem, many at once."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((number, 36)) @ np.linalg.cholesky(problem.moment_x).T
    y = x @ problem.matrix.T + problem.noise_deviation * rng.standard_normal((number, 108))
    return x.reshape(-1, *problem.x_shape), y.reshape(-1, *problem.y_shape)


def operator_of(network) -> np.ndarray:
    """U_x M† U_yᵀ, which no sign or rotation of the bases changes."""
    return (network.basis_x @ network.inverse_map.weight.detach() @ network.basis_y.T).numpy()


@pytest.mark.parametrize("mask", MASKS)
def test_perturbing_the_mean_square_estimator_raises_the_expected_error(problem, moments, mask):
    keep = observe(problem, mask)[0]
    best = linear.lmmse(problem.matrix, problem.moment_x, problem.moment_noise, keep)
    least = sweeps.expected_error(best, moments, keep)
    assert not best[:, ~keep].any()
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = rng.standard_normal(best.shape) * keep
        for size in (1e-3, -1e-3):  # at a minimum a quadratic function rises by its second-order term alone
            rise = sweeps.expected_error(best + size * step, moments, keep) ** 2 - least**2
            expected = size**2 * np.trace(step @ moments.moment_y @ step.T) / np.trace(problem.moment_x)
            assert rise == pytest.approx(expected, rel=1e-6)


def test_the_expected_error_is_the_mean_over_samples(problem, moments):
    x, y = moderate(problem, 20000)
    for mask in ("none-0-0", "random-25-0"):
        keep = observe(problem, mask)[0]
        for estimator in sweeps.pair_estimators(moments, keep, 14).values():
            estimate = y.reshape(-1, 108) @ estimator.T
            sampled = np.sqrt(np.sum((estimate - x.reshape(-1, 36)) ** 2) / np.sum(x**2))
            assert sampled == pytest.approx(sweeps.expected_error(estimator, moments, keep), rel=0.02)


def test_matrices_of_the_sweeps_are_the_networks(problem, moments, samples):
    # 13: a square has pairs of equal eigenvalues, and a rank between two of them leaves the basis open
    network, y = make(problem, 13, 13), samples[1]
    for mask in MASKS:
        keep, weights = observe(problem, mask)
        estimators, observed = sweeps.pair_estimators(moments, keep, 13), weights * y
        by_9 = network.decode_x(network.inverse_map(closed_form.solve_y(network, observed, weights)))
        by_8 = network.decode_x(closed_form.solve_x(network, observed, weights))
        for method, x in (("pair", network.invert(observed)), ("lsi", by_9), ("lsi-zx", by_8)):
            assert flat(x) == pytest.approx(flat(observed) @ estimators[method].T, abs=1e-8)


def test_truncated_svd_by_matrix_and_by_sum(problem, moments):
    for mask in ("none-0-0", "block-50-0"):
        keep = observe(problem, mask)[0]
        errors = sweeps.truncation_errors(moments, keep)
        left, values, right = np.linalg.svd(problem.matrix[keep], full_matrices=False)
        for rank in (1, 10, len(errors)):
            estimator = np.zeros(problem.matrix.T.shape)
            estimator[:, keep] = (right[:rank].T / values[:rank]) @ left[:, :rank].T
            assert sweeps.expected_error(estimator, moments, keep) == pytest.approx(errors[rank - 1], rel=1e-6)
        assert estimator[:, keep] == pytest.approx(np.linalg.pinv(problem.matrix[keep]), abs=1e-6)
        assert len(errors) == np.linalg.matrix_rank(problem.matrix[keep])


def test_sweeps_never_go_below_the_best_estimator(problem, moments):
    keep = observe(problem, "random-25-0")[0]
    masks = [(50, observe(problem, name)[0]) for name in ("random-50-0", "random-50-1")]
    tables = {
        "rank": sweeps.by_rank(moments, keep, [2, 14, 50]),
        "noise_level": sweeps.by_noise(moments, keep, 14, [0.01, 0.1]),
        "percent": sweeps.by_percent(moments, masks, 14),
    }
    for swept, table in tables.items():
        assert set(table.method) == {"pair", "lsi", "lsi-zx", "lmmse", "tsvd"} and swept in table
        for _, group in table.groupby(np.arange(len(table)) // 5 if swept == "percent" else swept):
            assert (group.rre >= group.rre[group.method == "lmmse"].min() - 1e-12).all()
    assert moments.with_noise(0.2).noise_level == pytest.approx(0.2)
    assert moments.noise_level == pytest.approx(0.05)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("latent", [4, 12])
def test_bounds_hold_for_a_linear_pair(problem, samples, mask, latent):
    network, weights = scaled(make(problem, latent, latent)), observe(problem, mask)[1]
    a = torch.from_numpy(problem.matrix)
    constants = bounds.linear_constants(network, a, weights)
    assert 0 < constants.lower <= constants.upper == 1
    for y in (samples[1], apply(problem, samples[0])):  # with noise and without
        z = closed_form.solve_y(network, weights * y, weights)
        found = bounds.bounds(network, lambda x: apply(problem, x), samples[0], y, z, weights, constants)
        for left, right in found.values():
            assert left.shape == (len(y),) and (left <= right * (1 + 1e-9)).all()
    assert (found["Statement 1"].left > 0.1 * found["Statement 1"].right).all()


def scaled(network):
    """The same network with latents in other units: its constants change, what it computes does not."""
    network.x_scaling.scale.fill_(2.0)
    network.y_scaling.scale.fill_(0.5)
    network.inverse_map.weight.mul_(0.25)
    network.forward_map.weight.mul_(4.0)
    return network


def apply(problem, x: torch.Tensor) -> torch.Tensor:
    return (x.flatten(1) @ torch.from_numpy(problem.matrix).T).unflatten(1, problem.y_shape)


def test_bounds_are_nearly_attained_and_broken_by_constants_a_tenth_too_small():
    """One latent each, one unknown, two data of which the second is missing: the worst case, by hand."""
    cosine = 0.3
    network = linear_pair.LinearPair((1, 1, 1), (1, 2, 1), 1, 1).double().requires_grad_(False)
    network.basis_x.fill_(1.0)
    network.basis_y.copy_(torch.tensor([[cosine], [(1 - cosine**2) ** 0.5]]))
    network.inverse_map.weight.fill_(2.0)
    network.forward_map.weight.fill_(0.5)
    off = torch.tensor([(1 - cosine**2) ** 0.5, -cosine], dtype=torch.float64)  # of norm 1, across the basis
    y = (network.basis_y[:, 0] + 0.7 * off).reshape(1, 1, 2, 1)
    x, weights = network.invert(y), torch.tensor([1.0, 0.0], dtype=torch.float64).reshape(1, 2, 1)
    a = y.reshape(2, 1) / x.item()  # y = A x without noise
    z = closed_form.solve_y(network, weights * y, weights)
    constants = bounds.linear_constants(network, a, weights)
    assert constants.lower == pytest.approx(cosine)
    movement = abs(z.item() - network.encode_y(y).item())
    assert movement == pytest.approx(0.7 * (1 - cosine**2) ** 0.5 / cosine)  # the tangent

    def sides(constants, weights=weights, z=z):
        return bounds.bounds(network, lambda x: x.reshape(-1, 1, 1, 1) * a.reshape(2, 1), x, y, z, weights, constants)

    left, right = sides(constants)["Proposition 1"]
    assert left.item() == pytest.approx((1 - cosine**2) ** 0.5 * right.item())
    for name in ("decoder_x", "inverse_map", "encoder_y", "upper"):
        left, right = sides(replace(constants, **{name: 0.9 * getattr(constants, name)}))["Proposition 1"]
        assert left > right, name
    left, right = sides(replace(constants, lower=constants.lower / 0.9))["Proposition 1"]
    assert left > right
    complete = torch.ones(1, 1, 1, dtype=torch.float64)
    left, right = sides(constants, complete, closed_form.solve_y(network, y, complete))["Statement 1"]
    assert left.item() == pytest.approx(right.item())  # with nothing missing both are ε_y
    left, right = sides(constants)["Statement 2"]
    seen = abs(a[0].item()) / constants.operator  # Statement 2 loses what A sends to missing data
    assert left.item() == pytest.approx(seen * (1 - cosine**2) ** 0.5 * right.item())
    left, right = sides(replace(constants, operator=0.9 * seen * constants.operator))["Statement 2"]
    assert left > right


def test_the_units_of_the_latents_do_not_matter(problem, samples):
    masks = [(25, observe(problem, "random-25-0")[1])]
    plain, other = (
        sweeps.bounds_by_percent(network, problem.matrix, *samples, masks)
        for network in (make(problem, 13, 13), scaled(make(problem, 13, 13)))
    )
    for column in ("left", "right", "lower", "movement"):
        assert other[column].to_numpy() == pytest.approx(plain[column].to_numpy(), rel=1e-9)


def test_every_error_enters_its_bound(curved):
    """The right sides term by term, on a network that has all the errors."""
    generator = torch.Generator().manual_seed(2)
    x, y, z = (torch.randn(3, *shape, generator=generator).double() for shape in ((1, 8, 8), (1, 8, 9), (8,)))
    keep, matrix = torch.ones(1, 8, 1).double(), torch.randn(72, 64, generator=generator).double()
    keep[:, 3] = 0

    def forward(x):
        return (x.flatten(1) @ matrix.T).unflatten(1, (1, 8, 9))

    c = bounds.Constants(decoder_x=2.0, inverse_map=3.0, encoder_y=5.0, operator=7.0, lower=0.5, upper=0.9)
    found = bounds.bounds(curved, forward, x, y, z, keep, c)
    error_y = bounds.norms(curved.decode_y(curved.encode_y(y)) - y)
    error_x = bounds.norms(curved.decode_x(curved.encode_x(x)) - x)
    error_map = (curved.inverse_map(curved.encode_y(y)) - curved.encode_x(x)).norm(dim=1)
    error_z = (curved.encode_y(curved.decode_y(z)) - z).norm(dim=1)
    assert min(u.min() for u in (error_x, error_y, error_map, error_z)) > 0.01
    right = error_x + 2 * (error_map + 3 * (error_z + 5 * 0.9 / 0.5 * error_y))
    estimate = curved.decode_x(curved.inverse_map(z))
    expected = {
        "Statement 1": (keep * (curved.decode_y(z) - y), 0.9 * error_y),
        "Proposition 1": (estimate - x, right),
        "Statement 2": (keep * (forward(estimate) - y), 0.9 * 7 * right + bounds.norms(keep * (y - forward(x)))),
    }
    for statement, (difference, bound) in expected.items():
        assert found[statement].left.numpy() == pytest.approx(bounds.norms(difference).numpy())
        assert found[statement].right.numpy() == pytest.approx(bound.numpy())


def test_too_few_data_leave_no_bound(problem, samples):
    network, (keep, weights) = make(problem, 36, 60), observe(problem, "random-50-0")
    assert keep.sum() < 60
    constants = bounds.linear_constants(network, torch.from_numpy(problem.matrix), weights)
    assert constants.lower == 0
    z = closed_form.solve_y(network, weights * samples[1], weights)
    found = bounds.bounds(network, lambda x: apply(problem, x), *samples, z, weights, constants)
    assert torch.isinf(found["Proposition 1"].right).all() and torch.isinf(found["Statement 2"].right).all()
    assert (found["Statement 1"].left <= found["Statement 1"].right).all()


def test_table_of_bounds(problem, samples):
    masks = [(percent, observe(problem, f"random-{percent}-0")[1]) for percent in (25, 50)]
    table = sweeps.bounds_by_percent(make(problem, 12, 12), problem.matrix, *samples, masks)
    assert len(table) == 2 * 3 * 40 and (table.left <= table.right * (1 + 1e-9)).all()
    assert (table.movement <= np.sqrt(1 - table.lower**2) / table.lower * (1 + 1e-9)).all()


def test_power_iteration_finds_the_spectral_norm():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(30, 20, generator=generator, dtype=torch.float64)
    points = torch.randn(5, 20, generator=generator, dtype=torch.float64)
    found = bounds.local_lipschitz(lambda z: z @ matrix.T, points, 200, generator)
    assert found.numpy() == pytest.approx(float(torch.linalg.matrix_norm(matrix, 2)), rel=1e-6)
    few = bounds.local_lipschitz(lambda z: z @ matrix.T, points, 5, torch.Generator().manual_seed(1))
    assert (few <= torch.linalg.matrix_norm(matrix, 2)).all()
    assert not bounds.local_lipschitz(torch.zeros_like, points, 3, generator).any()


@pytest.fixture(scope="module")
def curved():
    torch.manual_seed(0)
    shapes = {"latent": 8, "width": 4, "stem": 1, "strides": [2, 1], "norm": "batch"}
    return PairedAutoencoder((1, 8, 8), (1, 8, 9), shapes, shapes).double().eval().requires_grad_(False)


def test_power_iteration_on_a_network_finds_each_samples_own_constant(curved):
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(3, 8, generator=generator, dtype=torch.float64)
    found = bounds.local_lipschitz(curved.decode_x, points, 100, generator)
    for point, value in zip(points, found, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda z: curved.decode_x(z[None]).flatten(), point)
        assert value.item() == pytest.approx(float(torch.linalg.matrix_norm(jacobian, 2)), rel=1e-4)


def test_local_constants_bound_a_networks_own_differences(curved):
    generator = torch.Generator().manual_seed(1)
    y = torch.randn(4, 1, 8, 9, generator=generator, dtype=torch.float64)
    z = torch.randn(4, 8, generator=generator, dtype=torch.float64)
    keep = torch.ones(1, 8, 1, dtype=torch.float64)
    keep[:, 2:5] = 0
    constants = bounds.local_constants(curved, 3.0, y, z, keep, 30, generator)
    assert 0 < constants.lower < constants.upper <= 1 and constants.operator == 3.0
    difference = curved.decode_y(z) - y
    ratio = bounds.norms(keep * difference) / bounds.norms(difference)
    assert (constants.lower <= ratio * (1 + 1e-12)).all() and (ratio <= constants.upper * (1 + 1e-12)).all()


def test_restricted_constants_are_those_of_all_pairs():
    signals = torch.randn(7, 1, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    keep = torch.tensor([1.0, 0, 1, 1]).reshape(1, 4, 1)
    pairs = [(u, v) for i, u in enumerate(signals) for v in signals[:i]]
    ratios = [float((keep * (u - v)).norm() / (u - v).norm()) for u, v in pairs]
    found = bounds.restricted_constants(torch.cat([signals, signals[:1]]), keep)
    assert found == pytest.approx((min(ratios), max(ratios)))
    with pytest.raises(ValueError, match="2 signals, all equal"):
        bounds.restricted_constants(signals[[0, 0]], keep)


def test_weights_survive_storage_and_serve_inference(problem, samples, tmp_path):
    network = linear_pair.LinearPair(problem.x_shape, problem.y_shape, 10, 12).requires_grad_(False)
    x, y = problem.draw("train", range(200), 2, {})
    for scaling, u in ((network.x_scaling, x), (network.y_scaling, y)):
        scaling.shift.copy_(torch.from_numpy(u.mean(0)))
        scaling.scale.fill_(float(u.std()))
    linear_fit.fit_samples(network, x, y)
    stored.save(network, tmp_path / "weights.safetensors")
    blank = linear_pair.LinearPair(problem.x_shape, problem.y_shape, 10, 12)
    loaded = stored.load(blank, tmp_path / "weights.safetensors")
    assert all(torch.equal(value, loaded.state_dict()[key]) for key, value in network.state_dict().items())
    other = linear_pair.LinearPair(problem.x_shape, problem.y_shape, 10, 11)
    with pytest.raises(stored.WeightsError, match="belong to another network"):
        stored.load(other, tmp_path / "weights.safetensors")
    mask = make_mask("random-25-0", problem.missing_count, problem.missing_axis, 7)
    statistics = {space: {"pixel_std": 1.0} for space in ("x", "y")}, {"x": x.mean(0), "y": y.mean(0)}
    data = samples[1].float().numpy()
    errors = {}
    for name in ("pair", "lsi", "lsi-zx"):
        said = {} if name == "pair" else {"iterations": 40}
        estimates = make_method(name, said, problem, mask, statistics, loaded, batch_size=16)(data, "test")
        errors[name] = np.linalg.norm(estimates.x - samples[0].numpy()) / np.linalg.norm(samples[0])
    assert errors["lsi"] < errors["pair"]


def test_what_cannot_be_is_refused(problem):
    with pytest.raises(ValueError, match="latent_x is 37: a sample of x has 36 entries"):
        linear_pair.LinearPair(problem.x_shape, problem.y_shape, 37, 5)
    network = linear_pair.LinearPair(problem.x_shape, problem.y_shape, 30, 30)
    x, y = problem.draw("train", range(20), 1, {})
    with pytest.raises(ValueError, match="latent_x is 30: the second moment of x has rank 20"):
        linear_fit.fit_samples(network, x, y)
    with pytest.raises(np.linalg.LinAlgError):
        linear.lmmse(problem.matrix, problem.moment_x, np.zeros((108, 108)), np.ones(108, bool))


def test_the_table_for_trained_networks_finds_the_constants_of_a_linear_one_from_below(problem, samples):
    network, (x, y) = make(problem, 8, 12), samples
    keep = torch.from_numpy(make_mask("random-25-0", problem.missing_count, problem.missing_axis, 7).weights())
    solver = SimpleNamespace(iterations=500, history=20)
    masks = [(0, torch.ones_like(keep).double()), (25, keep.double())]
    table = trained.bounds_by_percent(network, problem, x, y, masks, solver, 0)
    exact = sweeps.bounds_by_percent(network, problem.matrix, x, y, masks)
    order = ["draw", "statement", "sample"]
    table, exact = (found.sort_values(order).reset_index(drop=True) for found in (table, exact))
    # what is bounded is the same, but for the float32 of the problem's own forward operator
    assert pytest.approx(exact.left.to_numpy(), rel=1e-3, abs=1e-6) == table.left.to_numpy()
    assert (table.right <= exact.right * (1 + 1e-4)).all(), "local constants never exceed the exact ones"
    assert set(table.lower) != {1.0} and table.lower.between(0, 1).all()
    assert (table.left <= table.right * (1 + 1e-4)).all(), "these bounds hold for the sample's own constants"
    shown = trained.summary(table)
    assert list(shown.index) == ["0 % missing", "25 % missing"] and "held for 100%" in shown["Proposition 1"].iloc[0]
