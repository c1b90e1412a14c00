"""Latent space inference against its closed forms on a linear PAIR, and its promises on a real one."""

import numpy as np
import pytest
import torch
from made import make_mask

from pairlsi.networks.autoencoders import PairedAutoencoder

N_X, ROWS, BINS = 6, 8, 3  # x has 6 unknowns, y 8 rows of 3
MANY = {"iterations": 1000, "history": 50}
FEW = {"iterations": 10, "history": 10}
ARCHITECTURE = {"latent": 8, "width": 4, "stem": 1, "strides": [2, 1], "norm": "none"}


def spectrum(rng, size: int, smallest: float) -> np.ndarray:
    """A symmetric positive matrix with eigenvalues from 1 down to `smallest`."""
    vectors = np.linalg.qr(rng.standard_normal((size, size)))[0]
    return vectors @ np.diag(np.geomspace(1, smallest, size)) @ vectors.T


@pytest.fixture(scope="module")
def pair(linear_pair):
    """Latents shorter than x and y, and an encoder of y that is no good, so that the solver has to work."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((ROWS * BINS, N_X)) / 5
    noise = spectrum(rng, ROWS * BINS, 0.1) / 10
    return linear_pair(a, spectrum(rng, N_X, 0.2), noise, 4, 9, (1, ROWS, BINS), encoder_gain=0.3)


@pytest.fixture(scope="module")
def y():
    return torch.from_numpy(np.random.default_rng(1).standard_normal((5, 1, ROWS, BINS)))


def observe(name: str) -> tuple[np.ndarray, torch.Tensor]:
    """P as a (24, 24) matrix and as the weights that inference takes."""
    weights = make_mask(name, ROWS, 2, 7).weights()
    return np.diag(np.broadcast_to(weights, (1, ROWS, BINS)).ravel()).astype(float), torch.from_numpy(weights).double()


@pytest.mark.parametrize("mask", ["none-0-0", "random-25-0", "block-25-0", "random-50-1"])
@pytest.mark.parametrize("space", ["y", "x"])
def test_inference_on_a_linear_pair_ends_at_the_closed_form(infer, pair, y, mask, space):
    p, keep = observe(mask)
    observed = keep * y
    found = infer(pair, observed, keep, space, **MANY)
    to_data = pair.u_y if space == "y" else pair.u_y @ pair.m
    z = np.linalg.pinv(p @ to_data) @ observed.flatten(1).numpy().T  # (P U_y)⁺ ỹ, (P U_y M)⁺ ỹ
    x = pair.u_x @ (pair.m_inverse @ z if space == "y" else z)
    assert pytest.approx(to_data @ z, abs=1e-4) == found.y.flatten(1).numpy().T
    assert pytest.approx(x, abs=1e-4) == found.x.flatten(1).numpy().T


@pytest.fixture(scope="module")
def full_pair(linear_pair):
    """All of x and y in the latents, x as long as y and A invertible."""
    rng = np.random.default_rng(2)
    a = np.linalg.qr(rng.standard_normal((N_X, N_X)))[0] @ np.diag(np.linspace(1, 0.5, N_X))
    moment_x, noise = spectrum(rng, N_X, 0.2), 0.1 * spectrum(rng, N_X, 0.5)
    pair = linear_pair(a, moment_x, noise, N_X, N_X, (1, 2, 3), encoder_gain=0.3)
    return pair, a, moment_x


@pytest.mark.parametrize("space", ["y", "x"])
def test_full_data_give_the_mean_square_estimator_in_the_data_space_and_the_inverse_in_the_other(
    infer, full_pair, space
):
    pair, a, moment_x = full_pair
    y = np.random.default_rng(3).standard_normal((4, N_X))
    found = infer(
        pair, torch.from_numpy(y).reshape(4, 1, 2, 3), torch.ones(1, 1, 1, dtype=torch.float64), space, **MANY
    )
    estimator = moment_x @ a.T @ np.linalg.inv(pair.moment_y) if space == "y" else np.linalg.inv(a)
    assert found.x.flatten(1).numpy() == pytest.approx(y @ estimator.T, abs=1e-4)


@pytest.mark.parametrize("space", ["y", "x"])
def test_a_start_at_the_solution_takes_no_iteration(infer, linear_pair, full_pair, space):
    _, a, moment_x = full_pair
    pair = linear_pair(a, moment_x, 1e-12 * np.eye(N_X), N_X, N_X, (1, 2, 3))  # no noise: both start at the solution
    y = torch.from_numpy(np.random.default_rng(3).standard_normal((4, 1, 2, 3)))
    keep = torch.ones(1, 1, 1, dtype=torch.float64)
    assert infer(pair, y, keep, space, **FEW).iterations.max() <= 1


@pytest.fixture(scope="module")
def real_pair():
    torch.manual_seed(0)
    network = PairedAutoencoder((1, 8, 8), (1, ROWS, 9), ARCHITECTURE, ARCHITECTURE)
    network.y_scaling.scale.fill_(0.3)
    return network.double()


@pytest.fixture(scope="module")
def real_y():
    return torch.rand(6, 1, ROWS, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("space", ["y", "x"])
def test_samples_do_not_influence_each_other(infer, real_pair, real_y, space):
    keep = observe("random-25-0")[1]
    together = infer(real_pair, keep * real_y, keep, space, **FEW)
    for i in (0, 3):
        alone = infer(real_pair, keep * real_y[i : i + 1], keep, space, **FEW)
        assert alone.x[0].detach().numpy() == pytest.approx(together.x[i].numpy(), rel=1e-6, abs=1e-8)
        assert alone.iterations[0] == together.iterations[i]
    others = real_y.clone()
    others[1:] *= 1000
    beside = infer(real_pair, keep * others, keep, space, **FEW)
    assert beside.x[0].numpy() == pytest.approx(together.x[0].numpy(), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("mask", ["none-0-0", "block-25-0"])
@pytest.mark.parametrize("space", ["y", "x"])
@torch.no_grad()
def test_the_misfit_of_the_measured_rows_falls_with_every_iteration_allowed(infer, real_pair, real_y, space, mask):
    keep = observe(mask)[1]
    observed = keep * real_y
    z = real_pair.encode_y(observed)
    start = real_pair.decode_y(z if space == "y" else real_pair.forward_map(real_pair.inverse_map(z)))
    misfits = [(keep * (start - observed)).square().sum((1, 2, 3))]
    for iterations in (1, 3, 10):
        found = infer(real_pair, observed, keep, space, iterations, 10)
        misfits.append((keep * (found.y - observed)).square().sum((1, 2, 3)))
        assert found.iterations.max() <= iterations
    misfits = torch.stack(misfits)
    assert (misfits.diff(dim=0) <= 0).all()
    assert (misfits[-1] < misfits[0]).all()


def test_inference_leaves_parameters_and_data_without_gradients(infer, real_pair, real_y):
    keep = observe("random-25-0")[1]
    observed = (keep * real_y).requires_grad_(True)
    before = {key: value.clone() for key, value in real_pair.state_dict().items()}
    found = infer(real_pair, observed, keep, "y", **FEW)
    assert observed.grad is None and all(parameter.grad is None for parameter in real_pair.parameters())
    assert all(torch.equal(value, before[key]) for key, value in real_pair.state_dict().items())
    assert not found.x.requires_grad and not found.y.requires_grad


@pytest.mark.parametrize("space", ["y", "x"])
def test_missing_rows_have_no_influence_beyond_the_start(infer, pair, real_pair, y, real_y, space):
    keep = observe("random-25-0")[1]
    # a linear PAIR forgets its start
    clean, dirty = (infer(pair, keep * y + fill * (1 - keep), keep, space, **MANY) for fill in (0, 9))
    assert dirty.x.numpy() == pytest.approx(clean.x.numpy(), abs=1e-4)
    # a real one that starts from what it should gives the same to the last bit
    encode = real_pair.distribution_y
    real_pair.distribution_y = lambda values: encode(keep * values)
    try:
        clean, dirty = (infer(real_pair, keep * real_y + fill * (1 - keep), keep, space, **FEW) for fill in (0, 9))
    finally:
        del real_pair.distribution_y
    assert torch.equal(dirty.x, clean.x) and torch.equal(dirty.y, clean.y)


@pytest.mark.parametrize("space", ["y", "x"])
def test_the_estimate_and_the_completed_data_come_from_one_latent_vector(infer, pair, y, space):
    keep = observe("random-25-0")[1]
    found = infer(pair, keep * y, keep, space, **FEW)
    x, completed = found.x.flatten(1).numpy(), found.y.flatten(1).numpy()
    if space == "y":
        assert x == pytest.approx(completed @ pair.u_y @ pair.m_inverse.T @ pair.u_x.T, abs=1e-12)
    else:
        assert completed == pytest.approx(x @ pair.u_x @ pair.m.T @ pair.u_y.T, abs=1e-12)
