"""Networks on principal components: they start as the best linear ones, behind a mask too, and learn from there."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made import make_mask, make_method
from test_settings import shipped

from pairlsi import problems
from pairlsi.config import Experiment, check
from pairlsi.core import parts
from pairlsi.methods.closed_form import Posterior
from pairlsi.networks import latent_prior
from pairlsi.networks.autoencoders import EncoderDecoder, PairedAutoencoder
from pairlsi.networks.fresh_masks import FreshMasks
from pairlsi.networks.linear_fit import DRAWS, fit_samples
from pairlsi.networks.linear_pair import LinearPair
from pairlsi.networks.principal_start import set_closed_forms
from pairlsi.networks.unet import UNet
from pairlsi.solvers.coordinates import LinearPosterior
from pairlsi.solvers.latent_search import latent_space_inference
from pairlsi.solvers.objectives import Objective

LATENTS = 20, 24


def said(latent: int, width: int, encoder_width: int = 0) -> dict:
    return {"kind": "principal", "latent": latent, "encoder_width": encoder_width, "width": width}


@pytest.fixture(scope="module")
def problem():
    scan = {"image_size": 12, "angles": 8, "detector_bins": 18, "noise_level": 0.02}
    return problems.create({"kind": "ct", **scan, "source": {"kind": "phantoms"}})


@pytest.fixture(scope="module")
def data(problem):
    return problem.draw("train", np.arange(300), 1, {"train": 300})


def scaled(network, data):
    for module, u in ((network.x_scaling, data[0]), (network.y_scaling, data[1])):
        module.shift.copy_(torch.from_numpy(u.mean(0)))
        module.scale.fill_(float(u.std()))
    return network


@pytest.fixture(scope="module")
def linear(problem, data):
    network = scaled(LinearPair(problem.x_shape, problem.y_shape, *LATENTS).requires_grad_(False), data)
    fit_samples(network, *data, problem.symmetries)
    return network


def paired(problem, data, widths=(4, 4), encoder_width=0):
    torch.manual_seed(0)
    parts = (said(n, width, encoder_width) for n, width in zip(LATENTS, widths, strict=True))
    network = scaled(PairedAutoencoder(problem.x_shape, problem.y_shape, *parts), data)
    set_closed_forms(network, *data, problem.symmetries)
    return network


def tensors(data, count: int = 20):
    return tuple(torch.from_numpy(u[:count]) for u in data)


@pytest.mark.parametrize("encoder_width", [0, 4])
def test_a_pair_starts_as_the_best_linear_one(problem, data, linear, encoder_width):
    network, given = paired(problem, data, encoder_width=encoder_width), tensors(data)
    with torch.no_grad():
        found, wanted = network.loss_terms(*given), linear.loss_terms(*given)
    for name, term in found.items():  # the first half of a batch is autoencoded, the other decoded through the maps
        rows = slice(10) if name.startswith("autoencode") else slice(10, 20)
        assert torch.allclose(term, wanted[name][rows], rtol=1e-3, atol=1e-5), name
    assert torch.allclose(network.invert(given[1]), linear.invert(given[1]), atol=1e-4)
    assert torch.allclose(network.y_encoder.variances, linear.variances_y)


def test_errors_of_data_on_principal_components_are_those_of_decoded_latents(problem, data):
    network, (x, y) = paired(problem, data, widths=(4, 0)), tensors(data)
    with torch.no_grad():
        terms, half = network.loss_terms(x, y), len(x) // 2
        z_x, z_y = network.encode_x(x), network.encode_y(y)
        decoded = {"autoencode_y": network.decode_y(z_y), "forward": network.decode_y(network.forward_map(z_x))}
    for (name, estimate), part in zip(decoded.items(), (slice(half), slice(half, None)), strict=True):
        wanted = ((estimate - y) / network.y_scaling.scale).square().flatten(1).mean(1)[part]
        torch.testing.assert_close(terms[name], wanted, rtol=1e-4, atol=1e-6)
    x = x.requires_grad_()
    network.loss_terms(x, y)["forward"].sum().backward()  # the surrogate learns by it
    found, x.grad = x.grad.clone(), None
    errors = (network.predict(x) - y) / network.y_scaling.scale
    errors.square().flatten(1).mean(1)[half:].sum().backward()
    torch.testing.assert_close(found, x.grad, rtol=1e-4, atol=1e-7)


def test_an_encoder_decoder_starts_as_the_best_linear_one_behind_its_mask(problem, data):
    keep = np.ones((1, 8, 1), np.float32)
    keep[:, [1, 4, 5]] = 0
    network = scaled(EncoderDecoder(problem.x_shape, problem.y_shape, said(20, 4), said(24, 4), keep), data)
    set_closed_forms(network, *data, None, network.keep.numpy())
    x, y = data
    kept = np.broadcast_to(keep, y.shape[1:]).ravel() > 0
    rows = ((y - network.y_scaling.shift.numpy()) / network.y_scaling.scale.item()).reshape(len(y), -1)[:, kept]
    _, _, components = np.linalg.svd(rows, full_matrices=False)
    z = rows @ components[:24].T
    image = ((x - network.x_scaling.shift.numpy()) / network.x_scaling.scale.item()).reshape(len(x), -1)
    leading = np.linalg.svd(image, full_matrices=False)[2][:20]
    wanted = z @ np.linalg.lstsq(z, image @ leading.T, rcond=None)[0] @ leading
    with torch.no_grad():
        found = network.invert(torch.from_numpy(y * keep)).numpy()
        term = network.loss_terms(*(torch.from_numpy(u) for u in data))["inverse"].mean().item()
    back = wanted.reshape(x.shape) * network.x_scaling.scale.item() + network.x_scaling.shift.numpy()
    assert found == pytest.approx(back, abs=2e-3 * float(np.abs(x).max()))
    assert term == pytest.approx(np.square(wanted - image).mean(), rel=1e-3)


def test_one_that_is_trained_on_fresh_masks_starts_as_the_best_linear_one_behind_such(problem, data):
    masks = FreshMasks.of(problem, 50)
    network = EncoderDecoder(problem.x_shape, problem.y_shape, said(20, 4), said(24, 4), masks=masks)
    network = scaled(network, data)
    parts.find("networks", "encoder-decoder").solve(network, *data, None)
    x, y = (np.concatenate([u] * DRAWS) for u in data)
    y = y * masks.always(len(y)).numpy()
    rows = ((y - network.y_scaling.shift.numpy()) / network.y_scaling.scale.item()).reshape(len(y), -1)
    image = ((x - network.x_scaling.shift.numpy()) / network.x_scaling.scale.item()).reshape(len(x), -1)
    z, leading = (u @ np.linalg.svd(u, full_matrices=False)[2][:n].T for u, n in ((rows, 24), (image, 20)))
    left = leading - z @ np.linalg.lstsq(z, leading, rcond=None)[0]
    wanted = (np.square(left).sum() + np.square(image).sum() - np.square(leading).sum()) / image.size
    with torch.no_grad():
        found = network.invert(torch.from_numpy(y)).numpy()
    assert np.square((found - x) / network.x_scaling.scale.item()).mean() == pytest.approx(wanted, rel=1e-3)


def test_what_a_linear_network_has_computed_already_is_taken(problem, data, linear):
    network, again = (paired(problem, data) for _ in range(2))
    for module in (again.x_encoder, again.x_decoder, again.y_encoder, again.y_decoder):
        module.basis.zero_()
    parts.find("networks", "paired").solve(again, *data, problem.symmetries, start=linear)
    for name, tensor in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_a_network_begins_as_a_linear_one_of_its_lengths_if_it_sees_the_same_data():
    def begins(change=None):
        config = shipped()
        for path, value in (change or {}).items():
            *keys, last = path.split(".")
            functools.reduce(dict.__getitem__, keys, config["experiments"])[last] = value
        found = {}
        for name, said in check(config)["experiments"].items():
            made = Experiment(said)
            for network, one in made.networks.items():
                found[f"{name}.{network}"] = one.part.begins_as(one.settings, made.networks)
        return {network: start for network, start in found.items() if start}

    of_ct = {"ct.pair": "linear-long", "ct.encdec-none": "linear-long"}  # others are trained behind masks
    assert begins() == of_ct | {"crosswell.pair": "linear-long"}
    assert begins({"ct.networks.linear-long.latent": [1500, 2000]}) == {"crosswell.pair": "linear-long"}
    assert begins({"crosswell.networks.linear-long.latent": [1020, 1024]})["crosswell.pair"] == "linear-long"


def test_outside_training_an_encoder_steps_towards_what_its_decoder_turns_into_the_data(problem, data):
    network = paired(problem, data)
    x, basis = network.x_scaling(tensors(data)[0]), network.x_encoder.basis
    torch.manual_seed(0)
    for weight in network.x_decoder.correction.parameters():  # of a decoder that errs
        weight.data += 0.06 * torch.randn_like(weight)
    network.x_decoder.gate.bias.data.fill_(5)  # all of it
    plain = x.flatten(1) @ basis
    with torch.no_grad():
        network.train()
        assert torch.equal(network.x_encoder(x), plain)
        network.eval()
        codes = plain, network.x_encoder(x)
        before, found = ((network.x_decoder(z) - x).square().sum() for z in codes)
    best = (x.flatten(1) - plain @ basis.T).square().sum()
    assert before > 1.03 * best and found - best < 0.5 * (before - best)
    assert not any("decoder" in name for name in network.x_encoder.state_dict())


def test_the_gate_of_a_pair_goes_by_the_energy_of_bands_of_latents(problem, data):
    network = paired(problem, data)
    decoder, variances = network.x_decoder, network.x_encoder.variances.numpy()
    torch.manual_seed(0)
    for weight in decoder.gate.parameters():
        weight.data = torch.randn_like(weight)
    z = torch.randn(7, len(variances))
    z[1] = 0
    z[2, 3:] *= 0.1
    means = [b.mean(1) for b in np.array_split(z.numpy() ** 2 / variances, decoder.gate.in_features, axis=1)]
    score = np.log(np.maximum(means, 1e-4)).T @ decoder.gate.weight.detach().numpy()[0] + decoder.gate.bias.item()
    gate = decoder.share(z.requires_grad_())
    assert gate.flatten().tolist() == pytest.approx((1 / (1 + np.exp(-3 * score))).tolist(), abs=1e-5)
    torch.nn.init.normal_(decoder.correction.output.weight)
    u = (z @ decoder.basis.T).unflatten(1, problem.x_shape)
    assert torch.allclose(decoder(z), u + gate * decoder.correction(u), atol=1e-5)
    assert torch.autograd.grad(decoder(z).sum(), z)[0].isfinite().all()


def test_where_latents_are_of_one_kind_there_is_no_gate(problem, data):
    assert EncoderDecoder(problem.x_shape, problem.y_shape, said(20, 4), said(24, 4)).x_decoder.gate is None
    assert paired(problem, data, widths=(0, 0)).x_decoder.gate is None


@pytest.mark.parametrize("turned", [False, True])
def test_estimates_that_are_averaged_over_symmetries_turn_with_the_data(problem, data, turned):
    network = paired(problem, data, widths=(4, 0)).requires_grad_(False).eval()
    torch.nn.init.normal_(network.x_decoder.correction.output.weight, std=0.3)  # which knows of no symmetry
    latent_prior.fit(network, SimpleNamespace(epoch=lambda number: [(None, tensors(data, 300)[1])]))
    none = SimpleNamespace(mask=make_mask("none-0-0", 8, 2, 0), name="none-0", draw=0)
    none.keep, none.weights = none.mask.keep, lambda *_: none.mask.weights()
    said = {"misfit": "weighted", "weights": [1.0], "iterations": 1, "stop": "fixed", "turned": turned, "history": 5}
    method = make_method("lsi-prior", said, problem, none, ({}, {}), network)
    y, numbers = data[1][:6], np.arange(6)
    plain = method.estimate(y, "test", numbers).x.reshape(6, -1)
    off = []
    for to_x, to_y in problem.symmetries:
        other = method.estimate(y.reshape(6, -1)[:, to_y].reshape(y.shape), "test", numbers).x.reshape(6, -1)
        off.append(np.abs(other - plain[:, to_x]).max() / np.abs(plain).max())
    assert len(off) == 8 and (max(off) < 0.01 if turned else max(off) > 0.1)


@pytest.mark.slow
def test_training_leaves_what_is_known_in_closed_form_and_betters_what_it_starts_from(problem, data):
    network = paired(problem, data, widths=(8, 8))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=5e-3)
    whole = tensors(data, 300)

    def loss_of_all() -> float:
        with torch.no_grad():
            return sum(term.mean() for term in network.loss_terms(*whole).values()).item()

    first = loss_of_all()
    for step in range(300):
        rows = torch.randint(300, (16,), generator=torch.Generator().manual_seed(step))
        loss = sum(term.mean() for term in network.loss_terms(*(torch.from_numpy(u)[rows] for u in data)).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss_of_all() < 0.93 * first
    after = network.state_dict()
    closed = ("basis", "variances", "map.weight", "map.bias")
    assert all(torch.equal(before[name], after[name]) for name in before if name.endswith(closed))
    assert any(not torch.equal(before[name], after[name]) for name in before if "correction" in name)


RESIDUAL = {"kind": "residual", "latent": 12, "width": 4, "stem": 1, "strides": [2, 1], "norm": "none"}


def test_an_inverse_by_way_of_the_data_sees_what_the_components_say_of_them_and_stores_them_once(problem, data):
    torch.manual_seed(0)
    x, y = RESIDUAL, said(LATENTS[1], 0)
    network = scaled(PairedAutoencoder(problem.x_shape, problem.y_shape, x, y, inverse=RESIDUAL), data)
    set_closed_forms(network, *data, problem.symmetries)
    linear = scaled(LinearPair(problem.x_shape, problem.y_shape, *LATENTS).requires_grad_(False), data)
    fit_samples(linear, *data, problem.symmetries)
    _, given = tensors(data)
    projected = linear.decode_y(linear.encode_y(given))
    with torch.no_grad():
        assert torch.allclose(network.decode_y(network.encode_y(given)), projected, atol=1e-4)
        inverse = network.inverse_map
        by_hand = network.decode_x(inverse.map(inverse.encoder(network.y_scaling(projected))))
        assert torch.allclose(network.invert(given), by_hand, atol=1e-4)
    names = [name for name, value in network.state_dict().items() if torch.equal(value, linear.basis_y)]
    assert names == ["y_encoder.basis", "y_decoder.basis"]
    terms = network.loss_terms(*tensors(data))
    sum(term.mean() for term in terms.values()).backward()
    for part in (network.forward_map, network.inverse_map, network.x_encoder, network.x_decoder):
        assert all(parameter.grad is not None for parameter in part.parameters())


@pytest.mark.parametrize("shape", [(1, 12, 12), (2, 7, 9), (3, 1, 10)])
def test_a_u_net_keeps_any_shape_and_is_zero_before_training(shape):
    network, u = UNet(shape[0], 4), torch.randn(2, *shape)
    assert torch.equal(network(u), torch.zeros_like(u))
    torch.nn.init.ones_(network.output.weight)
    assert network(u).shape == u.shape and network(u).abs().sum() > 0


KEEP = np.array([1, 1, 0, 1, 0, 0, 1, 1], np.float32)[None, :, None]


def stated(network, data):
    """The network with what is known of its latents, ready for inference."""
    y = torch.from_numpy(data[1])
    batches = SimpleNamespace(epoch=lambda number: [(None, part) for part in y.split(50)])
    latent_prior.fit(network, batches)
    return network.eval().requires_grad_(False)


def coordinates(network, y, noise, weight):
    kept = torch.from_numpy(KEEP > 0).expand(y.shape[1:]).flatten()
    root = torch.linalg.inv(network.latent_whitening.double())
    posterior = LinearPosterior(network.y_decoder.basis[kept], network.latent_mean, root)
    return posterior.coordinates(network.y_scaling(y).flatten(1)[:, kept], noise, weight)


def test_without_u_nets_the_prior_is_exact_and_the_search_begins_at_the_best_linear_estimate(problem, data, linear):
    network = stated(paired(problem, data, widths=(0, 0)), data)
    assert torch.equal(network.latent_mean, torch.zeros(24))
    assert torch.allclose(network.latent_whitening, torch.diag(linear.variances_y.rsqrt()), rtol=1e-4)
    y = torch.from_numpy(data[1][:6]) * torch.from_numpy(KEEP)
    deviation = 0.02 * y.flatten(1).norm(dim=1) / np.sqrt(KEEP.sum() * 18)
    noise = (deviation / network.y_scaling.scale).square()
    found = coordinates(network, y, noise + linear.left_y, 1.0)
    wanted = Posterior(linear, torch.from_numpy(KEEP), 24).mean(y, deviation)
    assert torch.allclose(found.centre, wanted, rtol=1e-3, atol=1e-3 * wanted.abs().max())
    assert network.left_y.item() == pytest.approx(linear.left_y.item(), rel=0.1)


def test_in_the_coordinates_of_the_posterior_a_linear_decoder_needs_no_iterations_and_its_spread_is_right(
    problem, data
):
    network = stated(paired(problem, data, widths=(0, 0)), data)
    y, noise = torch.from_numpy(data[1][:4]) * torch.from_numpy(KEEP), torch.tensor([0.01, 0.02, 0.05, 0.1])
    found = coordinates(network, y, noise, 0.5)
    prior = network.latent_mean, network.latent_whitening
    objective = Objective("weighted", "mahalanobis", 0.5, noise.sqrt(), prior)
    keep = torch.from_numpy(KEEP)
    z = found.centre.double().requires_grad_(True)
    double = network.double()
    residual = keep * (double.decode_y(z) - y) / double.y_scaling.scale
    prior = tuple(u.double() for u in prior)
    loss = Objective("weighted", "mahalanobis", 0.5, noise.double().sqrt(), prior)(z, residual, torch.arange(4))
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    size = (2 * torch.autograd.functional.hessian(lambda u: u.square().sum(), z[0].detach()).diag()).norm()
    assert gradient.abs().max() < 1e-2 * size * network.latent_whitening.max() ** 2 + 1e-2
    assert objective.weight == 0.5
    # z = centre + S v with S S' the inverse of half the objective's Hessian
    for row in range(4):
        one = Objective("weighted", "mahalanobis", 0.5, noise[row : row + 1].double().sqrt(), prior)

        def of_row(u, one=one, row=row):
            residual = keep * (double.decode_y(u[None]) - y[row : row + 1]) / double.y_scaling.scale
            return one(u[None], residual, torch.zeros(1).long()).sum()

        hessian = torch.autograd.functional.hessian(of_row, found.centre[row].double()) / 2
        spread = (found.scale[row][:, None] * found.turn).double()
        assert torch.allclose(spread.T @ spread @ hessian, torch.eye(24).double(), atol=2e-2)
    network.float()


def test_the_search_through_the_posterior_ends_where_the_plain_one_does_and_sooner(problem, data):
    network = paired(problem, data, widths=(0, 6))
    torch.nn.init.normal_(network.y_decoder.correction.output.weight, std=0.02)
    network = stated(network, data)
    y, keep = torch.from_numpy(data[1][:5]) * torch.from_numpy(KEEP), torch.from_numpy(KEEP)
    noise = torch.full((5,), 0.02) + network.left_y
    objective = Objective("weighted", "mahalanobis", 1.0, noise.sqrt(), (network.latent_mean, network.latent_whitening))

    def values(points):
        residual = keep * (network.decode_y(points) - y) / network.y_scaling.scale
        return objective(points, residual, torch.arange(5))

    start = torch.zeros(5, 24)
    through = coordinates(network, y, noise, 1.0)
    by_posterior = latent_space_inference(network, y, keep, start, "y", 6, 10, None, objective, through).points
    plain = latent_space_inference(network, y, keep, start, "y", 300, 50, None, objective).points
    assert torch.allclose(values(by_posterior[-1]), values(plain[-1]), rtol=5e-3)
    assert (values(by_posterior[2]) < values(plain[6])).all()


ERRORS, WEIGHTS = (3.0, 1.0, 1.0, 1.0), (2e-3, 5e-3)  # of the terms of the loss (4), and of the divergences


@pytest.fixture(scope="module")
def variational(problem, data):
    torch.manual_seed(0)
    parts = (said(n, width) for n, width in zip(LATENTS, (4, 0), strict=True))
    network = scaled(PairedAutoencoder(problem.x_shape, problem.y_shape, *parts, ERRORS, WEIGHTS), data)
    set_closed_forms(network, *data, problem.symmetries)
    return network


def test_a_variational_pair_starts_as_the_best_linear_one(data, linear, variational):
    given = tensors(data)
    variational.eval()
    with torch.no_grad():
        found, wanted = variational.loss_terms(*given), linear.loss_terms(*given)
    for name, term in wanted.items():
        rows = slice(10) if name.startswith("autoencode") else slice(10, 20)
        assert torch.allclose(found[name], term[rows], rtol=1e-3, atol=1e-5), name
    assert torch.allclose(variational.invert(given[1]), linear.invert(given[1]), atol=1e-4)


@pytest.mark.parametrize("space", ["x", "y"])
def test_deviations_of_latents_balance_their_divergence_and_the_error_that_they_make(data, variational, space):
    u = tensors(data)["xy".index(space)]
    mean, deviation = getattr(variational, f"distribution_{space}")(u)
    variances, entries = getattr(variational, f"{space}_encoder").variances, u[0].numel()
    prior = torch.distributions.Normal(0.0, variances.sqrt())

    def cost(factor: float):
        own = torch.distributions.Normal(mean, factor * deviation)
        error, weight = ((ERRORS, WEIGHTS)[i]["xy".index(space)] for i in range(2))
        divergence = torch.distributions.kl_divergence(own, prior)
        return error * (factor * deviation).square() / entries + weight * divergence

    least = cost(1.0)
    assert all((cost(factor) > least).all() for factor in (0.8, 0.95, 1.05, 1.25))
    terms = variational.loss_terms(*tensors(data))[f"divergence_{space}"]
    own = torch.distributions.Normal(mean, deviation)
    assert torch.allclose(terms, torch.distributions.kl_divergence(own, prior).sum(1), rtol=1e-4)


def test_errors_of_sampled_latents_are_those_of_what_they_decode_into(data, variational):
    x, y = tensors(data)
    variational.train()
    torch.manual_seed(3)
    found = variational.loss_terms(x, y)["autoencode_y"]
    torch.manual_seed(3)
    variational.eval()
    (mean_x, _), (mean, deviation) = variational.distribution_x(x), variational.distribution_y(y)
    torch.randn_like(mean_x)
    decoded = variational.decode_y(mean + deviation * torch.randn_like(mean))
    wanted = ((decoded - y) / variational.y_scaling.scale).square().flatten(1).mean(1)
    assert torch.allclose(found, wanted[:10], rtol=1e-4)
    assert not torch.allclose(variational.loss_terms(x, y)["autoencode_y"], found, rtol=1e-2)
