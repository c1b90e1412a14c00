"""Variational paired autoencoders against torch's distributions, exact expectations, and latents made to collapse."""

import logging

import numpy as np
import pytest
import torch
from made import make_network
from torch import nn
from torch.distributions import Normal, kl_divergence

from pairlsi.data.batches import Batches
from pairlsi.networks import latents
from pairlsi.networks.autoencoders import LOG_VARIANCE, PairedAutoencoder, divergence, moments

SHAPES = (1, 16, 16), (1, 12, 23)
X = {"latent": 6, "width": 2, "stem": 2, "strides": [2, 1], "norm": "none"}
Y = {"latent": 5, "width": 2, "stem": 1, "strides": [2, 1, 2], "norm": "none"}
PYRAMID = {"kind": "pyramid", "latent": 2, "width": 2, "stem": 2, "strides": [2], "layers": 1, "rates": [1, 2]}
PYRAMID["norm"] = "none"
TERMS = ("autoencode_x", "autoencode_y", "forward", "inverse")


def make(x=X, y=Y, weights=(0.1, 0.2)) -> PairedAutoencoder:
    torch.manual_seed(0)
    network = PairedAutoencoder(*SHAPES, x, y, divergence=weights)
    for scaling, shift, scale in ((network.x_scaling, 0.3, 0.2), (network.y_scaling, -0.1, 0.05)):
        scaling.shift.fill_(shift)
        scaling.scale.fill_(scale)
    return network


def samples(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.rand(count, *shape, generator=generator) for shape in SHAPES)


def test_the_divergence_is_that_of_torch():
    generator = torch.Generator().manual_seed(2)
    mean = 3 * torch.randn(7, 5, generator=generator, dtype=torch.float64)
    deviation = torch.rand(7, 5, generator=generator, dtype=torch.float64) * 2 + 0.01
    wanted = kl_divergence(Normal(mean, deviation), Normal(torch.zeros_like(mean), 1.0))
    assert divergence(mean, deviation).numpy() == pytest.approx(wanted.numpy(), rel=1e-10)


@pytest.mark.parametrize(("x", "y"), [(X, Y), (PYRAMID, PYRAMID)], ids=["residual", "pyramid"])
@torch.no_grad()
def test_divergence_terms_are_nats_of_each_sample_with_weights_of_their_own(x, y):
    network = make(x, y)
    data = samples(5)
    for mode in (True, False):
        terms = network.train(mode).loss_terms(*data)
        for space, u, scaling in zip("xy", data, (network.x_scaling, network.y_scaling), strict=True):
            mean, log_variance = getattr(network, f"{space}_encoder")(scaling(u)).chunk(2, dim=1)
            q = Normal(mean, log_variance.exp().sqrt())
            wanted = kl_divergence(q, Normal(torch.zeros_like(mean), 1.0)).sum(1)
            assert terms[f"divergence_{space}"].numpy() == pytest.approx(wanted.numpy(), rel=1e-4, abs=1e-5)
    assert network.weights == dict.fromkeys(TERMS, 1.0) | {"divergence_x": 0.1, "divergence_y": 0.2}
    assert terms.keys() == network.weights.keys()


@pytest.mark.parametrize(("part", "count", "own"), [(0.25, 8, 2), (0.5, 7, 3), (0.1, 2, 1), (0.9, 2, 1), (0.5, 1, 0)])
@torch.no_grad()
def test_a_part_of_a_batch_trains_the_autoencoders_and_the_rest_the_maps(part, count, own):
    x, y = samples(count)
    torch.manual_seed(5)
    network = PairedAutoencoder(*SHAPES, X, Y, own=part).eval()
    terms = network.loss_terms(x, y)
    (x_units, y_units) = network.x_scaling(x), network.y_scaling(y)
    decoded = network.x_scaling(network.decode_x(network.encode_x(x))), network.y_scaling(network.predict(x))
    wanted = [(u - v).square().flatten(1).mean(1).numpy() for u, v in zip(decoded, (x_units, y_units), strict=True)]
    assert terms["autoencode_x"].numpy() == pytest.approx(wanted[0][:own], rel=1e-4)
    assert terms["forward"].numpy() == pytest.approx(wanted[1][own:], rel=1e-4)
    assert [len(terms[name]) for name in TERMS] == [own, own, count - own, count - own]


@torch.no_grad()
def test_evaluation_decodes_means_as_the_network_without_variances_does():
    network = make().eval()
    torch.manual_seed(5)
    point = PairedAutoencoder(*SHAPES, X, Y).eval()
    state = network.state_dict()
    for key, value in point.state_dict().items():
        state_value = state[key]
        value.copy_(state_value[: len(value)] if value.ndim else state_value)  # means are the first half of the latents
    assert list(point.loss_terms(*samples(6))) == list(TERMS) == list(point.weights)
    wanted, found = point.loss_terms(*samples(6)), network.loss_terms(*samples(6))
    for term in TERMS:
        assert found[term].numpy() == pytest.approx(wanted[term].numpy(), rel=1e-5)
    mean, deviation = point.distribution_y(samples(6)[1])
    assert not deviation.any() and torch.allclose(mean, network.encode_y(samples(6)[1]), atol=1e-6)
    for call in (network.encode_x, network.predict):
        assert torch.equal(call(samples(6)[0]), call(samples(6)[0]))  # nothing is drawn


def linear_decoders(network) -> dict[str, torch.Tensor]:
    """Make both decoders linear in the latents; return the matrix from the latents drawn to the pixels, by term."""
    for space, encoder, shape in (("x", network.x_encoder, SHAPES[0]), ("y", network.y_encoder, SHAPES[1])):
        decoder = nn.Sequential(nn.Linear(encoder.latent, int(np.prod(shape))), nn.Unflatten(1, shape))
        setattr(network, f"{space}_decoder", decoder)
    x, y = network.x_decoder[0].weight, network.y_decoder[0].weight
    return {
        "autoencode_x": x,
        "autoencode_y": y,
        "forward": y @ network.forward_map.weight,
        "inverse": x @ network.inverse_map.weight,
    }


@torch.no_grad()
def test_training_decodes_samples_with_the_variance_of_the_latents():
    """For linear decoders E‖d(z) - u‖² = ‖d(E z) - u‖² + Σ (entries of the matrix)² σ², exactly."""
    network = make()
    matrices = linear_decoders(network)
    for encoder in (network.x_encoder, network.y_encoder):
        encoder.to_latent.bias[encoder.latent :] += torch.linspace(-1, 1, encoder.latent)  # variances that differ
    draws = 5000
    x, y = (u.expand(2 * draws, -1, -1, -1) for u in samples(1))
    drawn, at_means = network.train().loss_terms(x, y), network.eval().loss_terms(x[:2], y[:2])
    (_, x_deviation), (_, y_deviation) = network.distribution_x(x[:1]), network.distribution_y(y[:1])
    for term in TERMS:
        deviation = x_deviation if term in ("autoencode_x", "forward") else y_deviation
        added = (matrices[term].square() * deviation.square()).sum(1).mean()
        found = drawn[term] - at_means[term]
        assert found.mean().item() == pytest.approx(added.item(), abs=5 * found.std().item() / draws**0.5)
        assert added > 15 * found.std() / draws**0.5  # so that a variance off by a third shows
        assert len(drawn[term].unique()) > draws / 2  # each sample has a draw of its own


def test_log_variances_are_kept_within_their_bounds():
    low, high = LOG_VARIANCE
    encoded = torch.tensor([[0.0, 0.0, 0.0, -1e6, 1.0, 1e6]], requires_grad=True)
    mean, deviation = moments(encoded, True)
    assert not mean.any()
    assert deviation[0].tolist() == pytest.approx([np.exp(low / 2), np.exp(0.5), np.exp(high / 2)])
    divergence(mean, deviation).sum().backward()
    assert torch.isfinite(encoded.grad).all()
    mean, deviation = moments(encoded, False)
    assert torch.equal(mean, encoded) and not deviation.any()


def test_gradients_reach_every_parameter():
    network = make(PYRAMID, PYRAMID)
    terms = network.loss_terms(*samples(6))
    sum(network.weights[key] * term.mean() for key, term in terms.items()).backward()
    still = [key for key, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert not still


@pytest.mark.parametrize("dead", [(0, 0), (2, 0), (0, 1), (6, 5)])
def test_collapsed_latents_are_counted_and_warned_about(ct_problem, ct_data, caplog, dead):
    network = make_network("vpae", {"x": X, "y": Y, "weights": [1] * 4, "divergence": [1, 1]}, ct_problem)
    for encoder, number in zip((network.x_encoder, network.y_encoder), dead, strict=True):
        layer = encoder.to_latent
        nn.init.zeros_(layer.weight)  # the latents are the same for all data
        nn.init.zeros_(layer.bias)
        with torch.no_grad():
            layer.bias[number : encoder.latent] = 2.0  # N(2, 1) carries 2 nats, N(0, 1) none
    with caplog.at_level(logging.WARNING):
        found = latents.describe(network, Batches(ct_data / "validation.zarr", 5, 100, seed=0))
    for space, number, length in zip("xy", dead, (6, 5), strict=True):
        assert found[space] == pytest.approx([0.0] * number + [2.0] * (length - number))
        assert latents.active(found[space]) == length - number
        said = f"{number} of {length} latents of {space} have collapsed"
        assert (said in caplog.text) == (number > 0)
        assert (f"or {space}.latent of it" in caplog.text) == (number > 0)
