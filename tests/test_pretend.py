"""The pretend GPU refuses, takes and says what a real one does: the same tests run on a real one where there is one."""

import copy
import io

import numpy as np
import pytest
import torch
from pretend import Cuda

REFUSED = {
    "sum": lambda here, there: here + there,
    "a scalar of the device with a tensor of the host": lambda here, there: here.sum() * there,
    "joined": lambda here, there: torch.cat([here, there]),
    "stacked scalars": lambda here, there: torch.stack([here.sum(), there.sum()]),
    "product": lambda here, there: torch.nn.functional.linear(here, there),
    "convolution": lambda here, there: torch.nn.functional.conv2d(here[None, None], there[None, None]),
    "chosen": lambda here, there: torch.where(here > 0, here, there),
    "in place": lambda here, there: there.add_(here),
    "an index of the device on the host": lambda here, there: there[torch.zeros(1, dtype=torch.long, device="cuda")],
    "gathered": lambda here, there: here.gather(0, torch.zeros(1, 3, dtype=torch.long)),
    "a tensor made without a device": lambda here, there: here * torch.arange(3),
    "a network that stayed behind": lambda here, there: torch.nn.Linear(3, 2)(here),
    "an array": lambda here, there: np.asarray(here),
    "an array by name": lambda here, there: here.numpy(),
}


DIFFERENT = "same device|indices should be|convert cuda:0 device type|should be the same"  # as torch says it


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_lie_together_is_refused(gpu, what):
    with gpu:
        here, there = torch.ones(3, 3, device="cuda"), torch.ones(3, 3)
        with pytest.raises((RuntimeError, TypeError), match=DIFFERENT):
            REFUSED[what](here, there)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x + torch.ones(()),
        lambda x: x[torch.tensor([0, 2])],
        lambda x: x[x > 0],
        lambda x: x.copy_(torch.zeros(3, 3)),
        lambda x: x[1:].T.contiguous().view(-1),
        lambda x: torch.where(x > 0, x, 1.0),
        lambda x: x.new_tensor([1.0]),
        lambda x: x.new_zeros(2),
        lambda x: torch.randn_like(x),
        lambda x: torch.eye(3, device=x.device),
        lambda x: torch.as_tensor(np.ones(3), device="cuda"),
        lambda x: torch.ones(3).to(x),
        lambda x: torch.ones(3).cuda(),
        lambda x: torch.diag_embed(x),
        lambda x: torch.linalg.cholesky(torch.cov(x + torch.eye(3, device="cuda")) + torch.eye(3, device="cuda")),
        lambda x: torch.linalg.pinv(x, rtol=1e-3),
        lambda x: torch.nn.functional.pad(x, (1, 1)),
        lambda x: copy.deepcopy(torch.nn.Linear(3, 2).to("cuda"))(x),
    ],
)
def test_what_comes_of_a_tensor_of_the_device_lies_there_and_comes_back(gpu, make):
    with gpu:
        found = make(torch.eye(3, device="cuda") + 1)
        assert found.is_cuda and found.device == torch.device("cuda", 0) and found.get_device() == 0
        assert not found.is_cpu and found.cpu().detach().numpy().shape == found.shape
    with gpu:
        assert torch.arange(3).device.type == torch.zeros_like(found, device="cpu").device.type == "cpu"


def test_a_gradient_goes_back_where_the_tensor_came_from(gpu):
    weight = torch.ones(3, requires_grad=True)
    with gpu:
        (weight.to("cuda").double() * torch.arange(3, device="cuda")).sum().backward()
        assert weight.grad.device.type == "cpu" and weight.grad.tolist() == [0, 1, 2]


def test_an_optimizer_made_before_the_network_moved_trains_it_and_its_state_goes_where_it_is_loaded(gpu):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    with gpu:
        network.to("cuda", memory_format=torch.channels_last)
        before = [parameter.detach().clone() for parameter in network.parameters()]
        network(torch.randn(4, 1, 6, 6, device="cuda")).square().mean().backward()
        optimizer.step()
        moved = list(zip(before, network.parameters(), strict=True))
        assert all(a.is_cuda and b.grad.is_cuda for a, b in moved) and not torch.equal(*moved[0])
        stored = io.BytesIO()
        torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict()}, stored)
        for place, wanted in ((None, "cuda"), ("cuda:0", "cuda"), ("cpu", "cpu")):
            stored.seek(0)
            read = torch.load(stored, weights_only=True, map_location=place)
            assert {value.device.type for value in read["network"].values()} == {wanted}
            optimizer.load_state_dict(read["optimizer"])
            network.load_state_dict(read["network"])
            assert all(value.is_cuda for state in optimizer.state.values() for value in state.values())
    if not torch.cuda.is_available():
        stored.seek(0)
        with pytest.raises(RuntimeError, match="deserialize object on a CUDA device but torch.cuda.is_available"):
            torch.load(stored, weights_only=True)


def test_the_device_draws_from_a_generator_of_its_own_that_a_seed_sets(gpu):
    with gpu:
        torch.manual_seed(3)
        host, state = torch.get_rng_state(), torch.cuda.get_rng_state()
        first = torch.randn(4, device="cuda").cpu()
        assert torch.equal(torch.get_rng_state(), host)
        torch.cuda.set_rng_state(state)
        assert torch.equal(torch.randn(4, device="cuda").cpu(), first)


def test_what_waits_for_the_device_is_noted():
    with Cuda() as device:
        x = torch.ones(3, device="cuda")
        (x * 2 + torch.where(x > 0, x, 1.0)).clamp(max=1.0).sum()
        x[torch.zeros(1, dtype=torch.long, device="cuda")] = 5.0
        assert device.synchronisations == []
        for wait in (x.sum().item, x.tolist, x.cpu, x.nonzero, lambda: x[x > 0], lambda: bool(x.any())):
            before = len(device.synchronisations)
            wait()
            assert len(device.synchronisations) > before, wait
        assert device.operations_done > 10
    assert not torch.cuda.is_available() or torch.cuda.get_device_name() != "pretend"


def test_there_are_as_many_devices_as_said():
    with Cuda(2, current=1):
        assert torch.ones(1, device="cuda").device.index == 1 and torch.cuda.device_count() == 2
        with pytest.raises(RuntimeError, match="same device.*cuda:1 and cuda:0"):
            torch.ones(2, device="cuda") + torch.ones(2, device="cuda:0")
        with pytest.raises(RuntimeError, match="invalid device ordinal"):
            torch.ones(1, device="cuda:2")
