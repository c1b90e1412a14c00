"""The networks: shapes for any size, the loss (4) term by term, and weights that come back as they were stored."""

import os

import numpy as np
import pytest
import torch
from made import make_mask, make_network

from pairlsi.data import store
from pairlsi.data.statistics import Statistics
from pairlsi.networks import stored as kept
from pairlsi.networks.autoencoder import Decoder, Encoder
from pairlsi.networks.autoencoders import EncoderDecoder, PairedAutoencoder, Scaling

X = {"latent": 6, "width": 2, "stem": 2, "strides": [2, 1], "norm": "none"}
Y = {"latent": 5, "width": 2, "stem": 1, "strides": [2, 1, 2], "norm": "none"}
SHAPES = (1, 16, 16), (1, 12, 23)
MASK = make_mask("random-25-0", 12, 2, 7)


def make(name: str, **y) -> torch.nn.Module:
    """A network with a scaling that is none of the trivial ones."""
    torch.manual_seed(0)
    spec = X, {**Y, **y}
    pair = name == "pair"
    network = PairedAutoencoder(*SHAPES, *spec) if pair else EncoderDecoder(*SHAPES, *spec, MASK.weights())
    for scaling, shift, scale in ((network.x_scaling, 0.3, 0.2), (network.y_scaling, -0.1, 0.05)):
        scaling.shift.copy_(shift + 0.1 * torch.randn(scaling.shift.shape))
        scaling.scale.fill_(scale)
    return network


def samples(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.rand(count, *shape, generator=generator) for shape in SHAPES)


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize(("stem", "strides"), [(1, [2]), (1, [1, 1]), (2, [2, 1]), (4, [1, 2]), (2, [2, 2, 1])])
@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 17, 23), (1, 12, 9), (2, 13, 31)], ids=str)
def test_any_size_is_encoded_and_decoded_to_itself(shape, stem, strides, norm):
    said = {"latent": 7, "width": 2, "stem": stem, "strides": strides, "norm": norm}
    encoder, decoder = Encoder(shape, **said), Decoder(shape, **said)
    z = encoder(torch.rand(3, *shape))
    assert z.shape == (3, 7)
    assert decoder(z).shape == (3, *shape)


@pytest.mark.parametrize("stem", [1, 2, 4])
def test_every_pixel_reaches_the_latents_and_is_reached_by_them(stem):
    shape = (1, 17, 23)
    said = {"latent": 9, "width": 4, "stem": stem, "strides": [2, 1], "norm": "none"}
    torch.manual_seed(0)
    encoder, decoder = Encoder(shape, **said).double(), Decoder(shape, **said).double()
    u = torch.rand(1, *shape, dtype=torch.float64)
    into = torch.autograd.functional.jacobian(lambda u: encoder(u)[0], u).abs().sum(0)[0]
    out = torch.autograd.functional.jacobian(lambda z: decoder(z)[0], encoder(u).detach()).abs().sum((-2, -1))
    assert (into > 0).all() and (out > 0).all()


def test_scaling_and_its_inverse_undo_each_other():
    shift = torch.randn(1, 4, 5)
    scaling = Scaling((1, 4, 5), shift, 0.7)
    u = torch.randn(3, 1, 4, 5)
    assert scaling(u) == pytest.approx(((u - shift) / 0.7).numpy(), abs=1e-6)
    assert scaling.inverse(scaling(u)) == pytest.approx(u.numpy(), abs=1e-6)


@pytest.mark.parametrize("centre", ["pixel", "global"])
def test_the_scaled_training_split_has_mean_zero_and_deviation_one(ct_data, centre):
    network = make("pair")
    kept.fit_scaling(network, Statistics(*store.statistics(ct_data / "train.zarr")), centre)
    for name, scaling in (("x", network.x_scaling), ("y", network.y_scaling)):
        scaled = scaling(torch.from_numpy(store.read(ct_data / "train.zarr", name))).numpy()
        assert np.abs(scaled.mean(0) if centre == "pixel" else scaled.mean()).max() < 1e-4
        assert scaled.std() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("count", [2, 5, 8])
@torch.no_grad()
def test_the_terms_of_the_loss_are_those_of_equation_4_on_the_halves_of_the_batch(count):
    network = make("pair")
    x, y = samples(count)
    first, second = slice(None, count // 2), slice(count // 2, None)
    x_scale, y_scale = network.x_scaling.scale, network.y_scaling.scale
    wanted = {
        "autoencode_x": (network.decode_x(network.encode_x(x)) - x)[first] / x_scale,
        "autoencode_y": (network.decode_y(network.encode_y(y)) - y)[first] / y_scale,
        "forward": (network.decode_y(network.forward_map(network.encode_x(x))) - y)[second] / y_scale,
        "inverse": (network.decode_x(network.inverse_map(network.encode_y(y))) - x)[second] / x_scale,
    }
    terms = network.loss_terms(x, y)
    assert terms.keys() == wanted.keys() == network.weights.keys()
    for name, difference in wanted.items():
        assert terms[name].numpy() == pytest.approx(np.square(difference.numpy()).mean((1, 2, 3)), rel=1e-4)


@torch.no_grad()
def test_the_loss_of_the_encoder_decoder_is_its_inversion_error_on_masked_data():
    network = make("encdec-random")
    x, y = samples(4)
    difference = (network.invert(MASK(y)) - x) / network.x_scaling.scale
    terms = network.loss_terms(x, y)
    assert terms.keys() == network.weights.keys() == {"inverse"}
    assert terms["inverse"].numpy() == pytest.approx(np.square(difference.numpy()).mean((1, 2, 3)), rel=1e-4)


@torch.no_grad()
def test_the_encoder_decoder_learns_nothing_of_masked_rows():
    network = make("encdec-random")
    x, y = samples(4)
    loss = network.loss_terms(x, y)["inverse"]
    hidden, seen = y.clone(), y.clone()
    hidden[:, :, ~MASK.keep] += 1
    seen[:, :, MASK.keep] += 1
    assert torch.equal(network.loss_terms(x, hidden)["inverse"], loss)
    assert not torch.equal(network.loss_terms(x, seen)["inverse"], loss)


@pytest.mark.parametrize("name", ["pair", "encdec-random"])
def test_gradients_reach_every_parameter(name):
    network = make(name)
    terms = network.loss_terms(*samples(6))
    sum(network.weights[key] * term.mean() for key, term in terms.items()).backward()
    still = [key for key, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert not still


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("name", ["pair", "encdec-random"])
def test_stored_weights_come_back_bit_for_bit_and_ready_for_inference(tmp_path, name, norm):
    network = make(name, norm=norm)
    network.loss_terms(*samples(6))  # moves the running means of batch normalisation
    path = tmp_path / "weights.safetensors"
    kept.save(network.to(memory_format=torch.channels_last), path)
    fresh = EncoderDecoder(*SHAPES, X, {**Y, "norm": norm}, np.ones(MASK.weights().shape))
    loaded = kept.load(PairedAutoencoder(*SHAPES, X, {**Y, "norm": norm}) if name == "pair" else fresh, path)
    stored = network.state_dict()
    assert loaded.state_dict().keys() == stored.keys()
    assert all(torch.equal(value, stored[key]) for key, value in loaded.state_dict().items())
    assert not loaded.training and not any(parameter.requires_grad for parameter in loaded.parameters())
    y = samples(3)[1]
    assert torch.allclose(loaded.invert(y), network.eval().invert(y), rtol=1e-5, atol=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == ["weights.safetensors"]  # nothing lies beside


def remove(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def run_code(path):
    torch.save({"weights": Runs(path.with_name("made by code"))}, path)


class Runs:
    """Unpickled, it makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def store_another(path):
    kept.save(make("pair", width=3), path)


def store_an_encoder_decoder(path):
    kept.save(make("encdec-random"), path)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (remove, "there are no weights"),
        (empty, "truncated or damaged"),
        (truncate, "truncated or damaged"),
        (run_code, "truncated or damaged"),
        (store_another, "belong to another network"),
        (store_an_encoder_decoder, "belong to another network"),
    ],
)
def test_wrong_weights_are_named_with_their_repair(tmp_path, damage, said):
    path = tmp_path / "pair" / "seed-0" / "weights.safetensors"
    path.parent.mkdir(parents=True)
    kept.save(make("pair"), path)
    damage(path)
    with pytest.raises(kept.WeightsError, match=said) as raised:
        kept.load(make("pair"), path)
    assert str(path) in str(raised.value)
    assert not (path.parent / "made by code").exists()
    assert f"rm -r {path.parent}" in str(raised.value)


@pytest.mark.parametrize("name", ["pair", "encdec-none", "encdec-random", "encdec-block"])
def test_networks_are_made_by_name_for_the_shapes_and_masks_of_the_problem(ct_problem, name):
    mask = "none-0-0" if name == "encdec-none" else f"{name.removeprefix('encdec-')}-25-0"
    spec = {"x": X, "y": Y} | ({"weights": [1, 2, 3, 4]} if name == "pair" else {"mask": mask, "mask_seed": 7})
    network = make_network(name, spec, ct_problem)
    assert network.invert(torch.rand(2, *ct_problem.y_shape)).shape == (2, *ct_problem.x_shape)
    if name == "pair":
        assert network.weights == {"autoencode_x": 1, "autoencode_y": 2, "forward": 3, "inverse": 4}  # w1 … w4 of (4)
    else:
        wanted = make_mask(mask, ct_problem.missing_count, ct_problem.missing_axis, 7).keep
        assert np.array_equal(network.keep.expand(ct_problem.y_shape)[0, :, 0].bool(), wanted)
