"""Pyramid layers and autoencoders: what they see, by gradients against sets of pixels, and the shapes of any size."""

import math
from itertools import product

import pytest
import torch

from pairlsi.networks.pyramid import PyramidDecoder, PyramidEncoder, PyramidLayer


def said(**changes) -> dict:
    return {
        "latent": 3,
        "width": 4,
        "stem": 2,
        "strides": [2, 1],
        "layers": 1,
        "rates": [1, 2],
        "norm": "none",
    } | changes


def seen(call, shape, row: int, column: int) -> set[tuple[int, int]]:
    """The pixels of inputs (C, H, W) that change what `call` gives at one pixel of its output map, by gradients."""
    u = torch.randn(8, *shape, dtype=torch.float64, requires_grad=True)  # a rectifier may be shut for one input
    call(u)[..., row, column].abs().sum().backward()
    return {tuple(pixel) for pixel in u.grad.abs().sum((0, 1)).nonzero().tolist()}


def offsets(rates: list[int]) -> set[tuple[int, int]]:
    return {(a, b) for rate in rates for a, b in product((0, rate, -rate), repeat=2)}


@pytest.mark.parametrize("rates", [[1], [3], [1, 2], [2, 5], [1, 2, 4]], ids=str)
def test_a_layer_sees_the_pixels_at_its_rates_and_no_others(rates):
    torch.manual_seed(0)
    layer = PyramidLayer(6, rates, "none").double()
    found = {(row - 7, column - 7) for row, column in seen(layer, (6, 15, 15), 7, 7)}
    assert found == offsets(rates)


def test_a_layer_adds_to_its_input():
    layer = PyramidLayer(6, [1, 2], "batch")
    torch.nn.init.zeros_(layer.join.weight)
    torch.nn.init.zeros_(layer.join.bias)
    u = torch.randn(2, 6, 9, 9)
    assert torch.equal(layer(u), u)


def sees(row: int, column: int, shape, stem, strides, layers, rates, **_) -> set[tuple[int, int]]:
    """The pixels that a latent can see, level by level from the latents back to the sample."""
    step = stem * math.prod(strides)
    height, breadth = (math.ceil(n / step) for n in shape[1:])
    pixels = {(row, column)}
    for stride in strides[::-1]:
        pixels = {(stride * i + a, stride * j + b) for i, j in pixels for a, b in product(range(stride), repeat=2)}
        height, breadth = height * stride, breadth * stride
        for _ in range(layers):
            pixels = {(i + a, j + b) for i, j in pixels for a, b in offsets(rates)}
            pixels = {(i, j) for i, j in pixels if 0 <= i < height and 0 <= j < breadth}
    kernel, padding = {1: (3, 1), 2: (4, 1), 4: (8, 2)}[stem]
    pixels = {
        (stem * i - padding + a, stem * j - padding + b) for i, j in pixels for a, b in product(range(kernel), repeat=2)
    }
    return {(i, j) for i, j in pixels if 0 <= i < shape[1] and 0 <= j < shape[2]}


@pytest.mark.parametrize(
    "changes",
    [{}, {"stem": 1, "strides": [1], "rates": [1, 3]}, {"stem": 4, "strides": [1, 1]}, {"strides": [2], "layers": 2}],
    ids=str,
)
def test_the_encoder_sees_what_its_layers_see_one_after_another(changes):
    shape, architecture = (2, 41, 38), said(**changes)
    torch.manual_seed(0)
    encoder = PyramidEncoder(shape, **architecture).double()
    step = architecture["stem"] * math.prod(architecture["strides"])
    features = architecture["latent"], math.ceil(shape[1] / step), math.ceil(shape[2] / step)
    for row, column in ((0, 0), (features[1] // 2, features[2] // 3), (features[1] - 1, features[2] - 1)):
        found = seen(lambda u: encoder(u).unflatten(1, features), shape, row, column)
        assert found == sees(row, column, shape, **architecture)


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize(("stem", "strides"), [(1, [2]), (1, [1, 1]), (2, [2, 1]), (4, [1, 2]), (2, [2, 2, 1])])
@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 17, 23), (2, 13, 31)], ids=str)
def test_any_size_is_encoded_and_decoded_to_itself(shape, stem, strides, norm):
    architecture = said(width=2, stem=stem, strides=strides, norm=norm)
    encoder, decoder = PyramidEncoder(shape, **architecture), PyramidDecoder(shape, **architecture)
    step = stem * math.prod(strides)
    z = encoder(torch.rand(3, *shape))
    assert z.shape == (3, encoder.latent) == (3, 3 * math.ceil(shape[1] / step) * math.ceil(shape[2] / step))
    assert decoder(z).shape == (3, *shape)


@pytest.mark.parametrize("stem", [1, 2, 4])
def test_every_pixel_reaches_the_latents_and_is_reached_by_them(stem):
    shape = (1, 17, 23)
    torch.manual_seed(0)
    encoder, decoder = (kind(shape, **said(stem=stem)).double() for kind in (PyramidEncoder, PyramidDecoder))
    u = torch.rand(1, *shape, dtype=torch.float64)
    into = torch.autograd.functional.jacobian(lambda u: encoder(u)[0], u).abs().sum(0)[0]
    out = torch.autograd.functional.jacobian(lambda z: decoder(z)[0], encoder(u).detach())[:, :, :, 0].abs()
    assert (into > 0).all() and (out.sum(-1) > 0).all() and (out.sum((0, 1, 2)) > 0).all()


def test_the_parts_come_one_after_the_other():
    torch.manual_seed(0)
    shape = (1, 17, 23)
    encoder = PyramidEncoder(shape, **said(), parts=2)
    u = torch.rand(2, *shape)
    before = encoder(u)
    assert before.shape == (2, 2 * encoder.latent)
    with torch.no_grad():
        encoder.to_latent.bias[:3] += 1  # the channels of the first part
    first, second = (encoder(u) - before).chunk(2, dim=1)
    assert first.detach().numpy() == pytest.approx(1, abs=1e-5) and not second.any()
