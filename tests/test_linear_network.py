"""The network "linear" as the workflow makes, fits, stores and uses it."""

import csv

import numpy as np
import pytest
import torch
from made import make_mask, make_method, make_network

from pairlsi import problems
from pairlsi.data import store
from pairlsi.data.batches import Batches
from pairlsi.data.statistics import Statistics
from pairlsi.evaluation import metrics
from pairlsi.evaluation.surrogate import surrogate_metrics
from pairlsi.methods import closed_form
from pairlsi.networks import stored as kept
from pairlsi.networks.linear import Linear
from pairlsi.training import closed_form as solving
from pairlsi.training import loop as training
from pairlsi.training.settings import Training

SPEC = {"latent": [12, 14]}
TERMS = ("autoencode_x", "autoencode_y", "forward", "inverse")
MASKS = ["none-0-0", "random-25-0", "block-25-0"]
ARCHITECTURE = {"latent": 6, "width": 2, "stem": 1, "strides": [2], "norm": "none"}


@pytest.fixture(scope="module")
def problem():
    """36 unknowns, 12 views of 9 bins."""
    lengths = {"correlation_length": 0.3, "ood_correlation_length": 0.15}
    return problems.create({"kind": "linear", "image_size": 6, "angles": 12, "noise_level": 0.05, **lengths})


@pytest.fixture(scope="module")
def data(problem, make_split, tmp_path_factory):
    """Train of 200 samples, not a whole number of batches of 16, and validation of 30."""
    folder = tmp_path_factory.mktemp("linear")
    for split, count in {"train": 200, "validation": 30}.items():
        x, y = problem.draw(split, np.arange(count), 3, {})
        make_split(folder / f"{split}.zarr", x + 2, y - 1, shard_size=100)  # means that are not zero
    return folder


def batches(data, split: str, size: int, incomplete: bool) -> Batches:
    return Batches(data / f"{split}.zarr", size, 1000, seed=0, incomplete=incomplete)


def make(problem, data, centre="pixel"):
    network = make_network("linear", SPEC, problem)
    kept.fit_scaling(network, Statistics(*store.statistics(data / "train.zarr")), centre)
    return network


@pytest.fixture(scope="module")
def fitted(problem, data):
    network = make(problem, data)
    # all samples in 25 batches
    history = solving.solved(Linear, network, batches(data, "train", 8, False), batches(data, "validation", 7, True))
    return network.eval().requires_grad_(False), history


def read(data, split: str) -> tuple[np.ndarray, np.ndarray]:
    return tuple(store.read(data / f"{split}.zarr", name) for name in store.ARRAYS)


def test_it_is_made_with_the_lengths_of_the_config_for_the_shapes_of_the_problem(problem):
    network = make_network("linear", SPEC, problem)
    assert (network.basis_x.shape, network.basis_y.shape) == ((36, 12), (108, 14))
    assert network.inverse_map.weight.shape == (12, 14) and network.forward_map.weight.shape == (14, 12)


def test_its_bases_are_the_principal_components_of_the_scaled_training_data(data, fitted):
    network = fitted[0]
    for space, u in zip("xy", read(data, "train"), strict=True):
        centred = (u - u.mean(0)).reshape(200, -1).astype(float)
        components = np.linalg.svd(centred, full_matrices=False)[2]
        basis = getattr(network, f"basis_{space}").double().numpy()
        leading = components[: basis.shape[1]]
        assert basis @ basis.T == pytest.approx(leading.T @ leading, abs=1e-3)


def direct(network, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """The four terms of (4) of each sample by NumPy, with the maps as regressions of the training latents."""
    u_x, u_y = (getattr(network, f"basis_{space}").double().numpy() for space in "xy")
    forward, inverse = (getattr(network, f"{way}_map").weight.double().numpy() for way in ("forward", "inverse"))
    scaled = [
        ((u - scaling.shift.numpy()) / scaling.scale.item()).reshape(len(u), -1).astype(float)
        for u, scaling in ((x, network.x_scaling), (y, network.y_scaling))
    ]
    z_x, z_y = scaled[0] @ u_x, scaled[1] @ u_y
    misfits = {
        "autoencode_x": z_x @ u_x.T - scaled[0],
        "autoencode_y": z_y @ u_y.T - scaled[1],
        "forward": z_x @ forward.T @ u_y.T - scaled[1],
        "inverse": z_y @ inverse.T @ u_x.T - scaled[0],
    }
    return {name: np.square(misfit).mean(1) for name, misfit in misfits.items()}


def test_the_terms_of_the_loss_are_mean_squares_of_the_scaled_misfits(data, fitted):
    x, y = read(data, "validation")
    with torch.no_grad():
        found = fitted[0].loss_terms(torch.from_numpy(x), torch.from_numpy(y))
    wanted = direct(fitted[0], x, y)
    assert tuple(found) == TERMS
    for name, term in found.items():
        assert term.numpy() == pytest.approx(wanted[name], rel=1e-3)


def test_its_history_has_one_row_with_the_columns_of_a_trained_network(problem, data, fitted, tmp_path):
    network, history = fitted
    pair = make_network("pair", {"x": ARCHITECTURE, "y": ARCHITECTURE, "weights": [1, 1, 1, 1]}, problem)
    kept.fit_scaling(pair, Statistics(*store.statistics(data / "train.zarr")), "pixel")
    said = {"seeds": [0], "epochs": 1, "batch_size": 50, "learning_rate": 0.01, "warmup": 0.1, "buffer_samples": 1000}
    settings = Training(**said, device="cpu", precision="32-true")
    of_pair = training.train(
        pair, batches(data, "train", 50, False), batches(data, "validation", 50, True), settings, tmp_path / "c.pt", ""
    )[1]
    assert len(history) == 1 and list(history[0]) == list(of_pair[0])
    row = history[0]
    assert row["epoch"] == 1 and row["learning_rate"] == 0 and row["seconds"] > 0
    for split in ("train", "validation"):
        wanted = direct(network, *read(data, split))
        assert [row[f"{split}_{name}"] for name in TERMS] == pytest.approx([wanted[n].mean() for n in TERMS], rel=1e-3)
        assert row[f"{split}_loss"] == pytest.approx(sum(row[f"{split}_{name}"] for name in TERMS))
    training.write_history(history, tmp_path / "history.csv")
    with open(tmp_path / "history.csv", encoding="utf-8", newline="") as file:
        assert [float(value) for value in next(csv.DictReader(file)).values()] == pytest.approx([*row.values()])


@pytest.mark.parametrize("centre", ["pixel", "global"])
def test_it_inverts_validation_data_far_better_than_zero_and_the_mean(problem, data, centre):
    network = make(problem, data, centre)
    history = solving.solved(Linear, network, batches(data, "train", 16, False), batches(data, "validation", 16, True))
    x, y = read(data, "validation")
    with torch.no_grad():
        estimate = network.invert(torch.from_numpy(y)).numpy()
    mean = np.broadcast_to(read(data, "train")[0].mean(0), x.shape)
    found, by_mean = (metrics.relative_error(u, x).mean() for u in (estimate, mean))
    assert found < 0.5 * by_mean < 0.5  # of zero the error is 1
    assert history[0]["validation_inverse"] < 0.25  # in units of the variance


@pytest.mark.parametrize("way", ["forward", "inverse"])
def test_no_other_map_between_its_latents_does_better_on_the_training_data(data, fitted, way):
    network = fitted[0]
    x, y = (torch.from_numpy(u) for u in read(data, "train"))
    weight, least = getattr(network, f"{way}_map").weight, network.loss_terms(x, y)[way].mean().item()
    before, generator = weight.clone(), torch.Generator().manual_seed(0)
    try:
        for _ in range(10):
            weight.copy_(before + 0.1 * before.std() * torch.randn(before.shape, generator=generator))
            assert network.loss_terms(x, y)[way].mean().item() > least
    finally:
        weight.copy_(before)


def test_stored_weights_come_back_bit_for_bit_with_their_scaling(problem, fitted, tmp_path):
    kept.save(fitted[0], tmp_path / "weights.safetensors")
    loaded = kept.load(make_network("linear", SPEC, problem), tmp_path / "weights.safetensors")
    stored = fitted[0].state_dict()
    assert loaded.state_dict().keys() == stored.keys() and "y_scaling.shift" in stored
    assert all(torch.equal(value, stored[key]) for key, value in loaded.state_dict().items())
    assert not loaded.training and not any(parameter.requires_grad for parameter in loaded.parameters())


def infer(problem, network, name: str, mask: str, y: np.ndarray):
    observed = make_mask(mask, problem.missing_count, problem.missing_axis, 7)
    method = make_method("pair" if name == "linear" else name, {}, problem, observed, ({}, {}), network, batch_size=11)
    assert not method.leaves_open
    return observed, method(y, "test")


@pytest.mark.parametrize("mask", MASKS)
def test_lsi_on_the_linear_network_is_least_squares_over_its_latents(problem, data, fitted, mask):
    network, (_, y) = fitted[0], read(data, "validation")
    observed, found = infer(problem, network, "linear-lsi", mask, y)
    z = closed_form.solve_y(network, torch.from_numpy(y), torch.from_numpy(observed.weights()))
    assert found.x == pytest.approx(network.decode_x(network.inverse_map(z)).numpy(), abs=1e-4)
    keep = np.repeat(observed.keep, problem.y_shape[2])
    u_x, u_y, inverse = (u.double().numpy() for u in (network.basis_x, network.basis_y, network.inverse_map.weight))
    scaled = network.y_scaling(torch.from_numpy(y)).double().flatten(1).numpy()
    z = np.linalg.lstsq(u_y[keep], scaled[:, keep].T, rcond=None)[0]
    x = (u_x @ inverse @ z).T.reshape(-1, *problem.x_shape) * network.x_scaling.scale.item()
    assert found.x == pytest.approx(x + network.x_scaling.shift.numpy(), abs=1e-3)
    completed = (u_y @ z).T.reshape(-1, *problem.y_shape) * network.y_scaling.scale.item()
    assert found.y == pytest.approx(completed + network.y_scaling.shift.numpy(), abs=1e-3)
    assert found.surrogate_data is not None and not found.iterations.any()
    dirty = infer(problem, network, "linear-lsi", mask, y + 100 * (1 - observed.weights()))[1]
    assert np.array_equal(dirty.x, found.x)


@pytest.mark.parametrize("mask", MASKS)
def test_the_linear_network_inverts_zero_filled_data_by_5_and_lsi_does_better_where_rows_are_missing(
    problem, data, fitted, mask
):
    network, (x, y) = fitted[0], read(data, "validation")
    observed, found = infer(problem, network, "linear", mask, y)
    masked = torch.from_numpy(observed(y))
    assert found.x == pytest.approx(network.invert(masked).numpy(), abs=1e-5)
    assert found.y == pytest.approx(network.decode_y(network.encode_y(masked)).numpy(), abs=1e-5)
    assert np.array_equal(found.surrogate_data, observed(y))
    searched = infer(problem, network, "linear-lsi", mask, y)[1]
    errors = [metrics.relative_error(each.x, x).mean() for each in (found, searched)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-3) if mask == "none-0-0" else errors[1] < 0.8 * errors[0]
    given = torch.from_numpy(found.surrogate_data), torch.from_numpy(found.x), masked
    quality = surrogate_metrics(network, *given, torch.from_numpy(observed.weights()))
    assert all(torch.isfinite(values).all() for values in quality.values())


@pytest.mark.parametrize("mask", MASKS)
def test_the_best_linear_estimate_is_the_conditional_mean_of_its_gaussian_model(problem, data, fitted, mask):
    """E[z | ỹ] for z ~ N(0, S) and ỹ = P (U z + noise), by the gain of a Kalman filter, in the space of the data."""
    network, (_, y) = fitted[0], read(data, "validation")
    latents = network.basis_y.shape[1] - 3
    observed = make_mask(mask, problem.missing_count, problem.missing_axis, 7)
    method = make_method("linear-estimate", {"lengths": [latents]}, problem, observed, ({}, {}), network, batch_size=11)
    assert not method.leaves_open
    found = method(y, "test")

    keep = np.repeat(observed.keep, problem.y_shape[2])
    u_x, u_y, inverse = (u.double().numpy() for u in (network.basis_x, network.basis_y, network.inverse_map.weight))
    scaled = network.y_scaling(torch.from_numpy(y)).double().flatten(1).numpy()
    train = network.y_scaling(torch.from_numpy(read(data, "train")[1])).double().flatten(1).numpy()
    moment, u = train.T @ train / len(train), u_y[:, :latents]
    square_x = network.x_scaling(torch.from_numpy(read(data, "train")[0])).double().flatten(1).square().mean(0).numpy()
    prior = np.diag(u.T @ moment @ u)
    left = (np.trace(moment) - prior.sum()) / len(u)
    scale = network.y_scaling.scale.item()
    for i, row in enumerate(scaled):
        noise = (problem.noise_level * np.linalg.norm(y[i].ravel()[keep]) / np.sqrt(keep.sum()) / scale) ** 2
        covariance = u[keep] * prior @ u[keep].T + (noise + left) * np.eye(keep.sum())
        z = prior * (u[keep].T @ np.linalg.solve(covariance, row[keep]))
        x = (u_x @ inverse[:, :latents] @ z).reshape(problem.x_shape) * network.x_scaling.scale.item()
        assert found.x[i] == pytest.approx(x + network.x_scaling.shift.numpy(), abs=2e-3 * np.abs(x).max())
        completed = (u @ z).reshape(problem.y_shape) * scale + network.y_scaling.shift.numpy()
        assert found.y[i] == pytest.approx(completed, abs=2e-3 * np.abs(completed).max())
        # what is left of the variance of x: Cov(x, ỹ) Cov(ỹ)⁻¹ Cov(ỹ, x) is explained
        told = (u_x @ inverse[:, :latents] * prior) @ u[keep].T
        variance = square_x - np.einsum("nm,mn->n", told, np.linalg.solve(covariance, told.T))
        stated = np.sqrt(variance).reshape(problem.x_shape) * network.x_scaling.scale.item()
        assert found.stated[i] == pytest.approx(stated, rel=2e-3)


def test_the_best_linear_estimate_takes_the_length_that_is_best_on_its_validation_samples(problem, data, fitted):
    network, (x, y) = fitted[0], read(data, "validation")
    most = network.basis_y.shape[1]
    observed = [make_mask("random-25-0", problem.missing_count, problem.missing_axis, seed) for seed in (7, 8)]
    said = {"lengths": [2, most, 5]}
    methods = [make_method("linear-estimate", said, problem, o, ({}, {}), network, batch_size=11) for o in observed]
    choice = type(methods[0]).choose(methods, x, y)
    errors = {}
    for length in said["lengths"]:
        made = [make_method("linear-estimate", {"lengths": [length]}, problem, o, ({}, {}), network) for o in observed]
        found = [metrics.relative_error(m(y, "test").x, x)[draw::2] for draw, m in enumerate(made)]
        errors[length] = np.concatenate(found).mean()
    tried = dict(choice["validation_rre_by_length"])
    assert tried == pytest.approx({length: errors[length] for length in tried}, rel=1e-4)
    assert choice["length"] == min(errors, key=errors.get) == methods[0].length == methods[1].length


def test_a_sample_that_is_no_data_is_named_before_anything_is_solved(problem, data):
    """Finite, so that no reader minds it, and so large that it would be all that second moments see."""
    whole = batches(data, "train", 8, False)
    x, y = whole.all()
    y = y.copy()
    y[3, 0, 1, 2] = np.finfo(np.float32).max
    whole.all = lambda: (x, y)
    with pytest.raises(training.TrainingError, match=r"y of sample 3 of the training split is .* make its shard again"):
        solving.solve(Linear, make(problem, data), whole)
