"""The misfit on a frozen decoder, whose gradient is written out, against autograd through the decoder itself."""

import pytest
import torch

from pairlsi.networks.autoencoder import Decoder
from pairlsi.networks.autoencoders import PairedAutoencoder
from pairlsi.networks.principal import PrincipalDecoder
from pairlsi.networks.pyramid import PyramidDecoder
from pairlsi.solvers import frozen
from pairlsi.solvers.latent_search import latent_space_inference
from pairlsi.solvers.objectives import Objective

# height and width that fill the grid of 8 x 8 cells, that leave a margin on one side, and on both
SHAPES = [(2, 16, 24), (1, 15, 24), (1, 13, 18)]


def decoder(shape, norm: str, strides=(2, 1, 2)) -> Decoder:
    """A decoder in evaluation mode, whose batch normalisation has seen something."""
    torch.manual_seed(0)
    made = Decoder(shape, latent=7, width=4, stem=2, strides=list(strides), norm=norm).double()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.normal_(module.weight, 1, 0.3)
            torch.nn.init.normal_(module.bias)
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_losses_and_gradients_are_those_of_autograd(shape, norm):
    made, rows = decoder(shape, norm), torch.tensor([0, 2, 3])
    before = torch.nn.Linear(5, 7).double().requires_grad_(False)
    keep = (torch.rand(1, shape[1], 1) > 0.4).double()
    y = keep * torch.randn(4, *shape, dtype=torch.double)
    z = torch.randn(3, 5, dtype=torch.double, requires_grad=True)
    loss = (keep * (made(before(z)) - y[rows])).square().flatten(1).sum(1)
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    found = frozen.FrozenMisfit(made, y, keep, before)(z.detach(), rows)
    torch.testing.assert_close(found[0], loss.detach())
    torch.testing.assert_close(found[1], gradient)


@pytest.mark.parametrize("rows_left", [9, 2], ids=["more entries than latents", "fewer"])
@pytest.mark.parametrize("mapped", [False, True])
def test_so_they_are_of_a_linear_decoder_that_is_not_asked(rows_left, mapped):
    torch.manual_seed(0)
    made, rows = PrincipalDecoder((2, 12, 4), 17, 0, 0).double().requires_grad_(False), torch.tensor([0, 2, 3])
    made.basis.copy_(torch.linalg.qr(torch.randn(96, 17, dtype=torch.double))[0])
    before = torch.nn.Linear(11 if mapped else 17, 17).double().requires_grad_(False) if mapped else None
    keep = (torch.randperm(12) < rows_left).double().view(1, 12, 1)
    y = keep * torch.randn(4, 2, 12, 4, dtype=torch.double)
    z = torch.randn(3, 11 if mapped else 17, dtype=torch.double, requires_grad=True)
    loss = (keep * (made(before(z) if mapped else z) - y[rows])).square().flatten(1).sum(1)
    (gradient,) = torch.autograd.grad(loss.sum(), z)
    for _ in range(2):  # at first, and when the mask is known
        found = made.frozen_misfit(y, keep, before)(z.detach(), rows)
        torch.testing.assert_close(found[0], loss.detach())
        torch.testing.assert_close(found[1], gradient)
    made.basis.mul_(2)  # other weights: what was known of the mask is not
    assert not torch.allclose(made.frozen_misfit(y, keep, before)(z.detach(), rows)[0], loss)


def test_it_is_not_used_for_decoders_that_it_is_not_written_for():
    given = torch.zeros(1, *SHAPES[0], dtype=torch.double), torch.ones(1, 1, 1, dtype=torch.double)
    assert decoder(SHAPES[0], "none").frozen_misfit(*given) is not None
    assert decoder(SHAPES[0], "none", strides=(1, 2)).frozen_misfit(*given) is None
    assert Decoder(SHAPES[0], latent=7, width=4, stem=4, strides=[2], norm="none").frozen_misfit(*given) is None
    assert PrincipalDecoder(SHAPES[0], 5, 0, 4).frozen_misfit(*given) is None
    assert not hasattr(PyramidDecoder(SHAPES[0], 2, 4, 2, [2, 1], 1, [1, 2], "none"), "frozen_misfit")


RESIDUAL = {"latent": 6, "width": 4, "stem": 2, "strides": [2, 1], "norm": "batch"}
PRINCIPAL = {"kind": "principal", "latent": 6, "width": 0, "encoder_width": 0}


@pytest.mark.parametrize("architecture", [RESIDUAL, PRINCIPAL], ids=["residual", "principal"])
@pytest.mark.parametrize("misfit", ["squared", "weighted"])
@pytest.mark.parametrize("space", ["x", "y"])
@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_searches_end_where_they_end_by_autograd(monkeypatch, space, weight, misfit, architecture):
    torch.manual_seed(1)
    network = PairedAutoencoder((1, 16, 16), (1, 12, 20), architecture, architecture).double().eval()
    for name, values in network.named_buffers():
        if name.endswith("basis"):
            values.copy_(torch.linalg.qr(torch.randn(*values.shape, dtype=torch.double))[0])
    network.y_scaling.shift.normal_()
    network.y_scaling.scale.fill_(3.0)
    network.requires_grad_(False)
    keep = torch.ones(1, 12, 1, dtype=torch.double)
    keep[:, 3:7] = 0
    y = keep * torch.randn(5, 1, 12, 20, dtype=torch.double)
    prior = network.latent_mean, network.latent_whitening
    objective = Objective(misfit, "tikhonov", weight, torch.linspace(0.5, 2, 5, dtype=torch.double), prior)

    def search():
        start = torch.zeros(5, 6, dtype=torch.double)
        return latent_space_inference(network, y, keep, start, space, 10, 10, objective=objective).points

    found = search()
    monkeypatch.setattr(type(network.y_decoder), "frozen_misfit", lambda *given: None)
    torch.testing.assert_close(found, search(), rtol=1e-6, atol=1e-8)
