"""Where memory does not suffice: inference goes on with fewer samples at once, training says what to change."""

import logging

import numpy as np
import pytest
import torch
from made import make_mask, make_method

from pairlsi.data import store
from pairlsi.data.batches import Batches
from pairlsi.data.statistics import Statistics
from pairlsi.evaluation import inference as sweep
from pairlsi.jobs import memory
from pairlsi.networks import stored as kept
from pairlsi.networks.autoencoders import PairedAutoencoder
from pairlsi.training import loop as training
from pairlsi.training.settings import Training

ARCHITECTURE = {"latent": 5, "width": 4, "stem": 1, "strides": [2, 1], "norm": "none"}
LSI = {"iterations": 2, "members": 2, "stop": "validation"}


@pytest.fixture
def network(ct_problem):
    torch.manual_seed(0)
    network = PairedAutoencoder(
        ct_problem.x_shape, ct_problem.y_shape, ARCHITECTURE, ARCHITECTURE, divergence=[0.1] * 2
    )
    return network.eval().requires_grad_(False)


def limit(network, rows: int) -> None:
    """Stand in for a device that holds the data of so many rows at once, and no more."""

    def refuse(_, given):
        if len(given[0]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    network.y_decoder.register_forward_pre_hook(refuse)


def method(name: str, network, ct_problem, ct_data):
    mask = make_mask("random-25-0", ct_problem.missing_count, ct_problem.missing_axis, 7)
    said, size = (LSI, 32) if name == "lsi" else ({}, 16)
    statistics = store.statistics(ct_data / "train.zarr")
    return make_method(name, said, ct_problem, mask, statistics, network, batch_size=size)


def everything(name: str, network, ct_problem, ct_data):
    """What a method chooses, estimates and is measured by, on the 16 validation samples."""
    estimator = method(name, network, ct_problem, ct_data)
    x, y = (store.read(ct_data / "validation.zarr", part) for part in store.ARRAYS)
    choice = estimator.choose([estimator], x, y)
    found = estimator(y, "validation")
    return choice, found, sweep.measure(found, x, y, estimator, estimator.given.statistics, "validation")


@pytest.mark.parametrize(("count", "size"), [(7, 3), (6, 3), (2, 5), (0, 4)])
def test_enough_memory_is_used_as_asked(count, size):
    samples = list(memory.Batched(size)(lambda part: range(part.start, part.stop), count))
    assert [number for part in samples for number in part] == list(range(count))
    assert all(len(part) == size for part in samples[:-1])


# of 16 samples, 5 fit: 16, 8, 4; of two members each, two: 16, 8, 4, 2
@pytest.mark.parametrize(("name", "size"), [("pair", 4), ("lsi", 2)])
def test_inference_goes_on_with_half_the_batch_and_ends_with_the_same_numbers(
    network, ct_problem, ct_data, caplog, name, size
):
    choice, found, table = everything(name, network, ct_problem, ct_data)
    limit(network, 5)
    with caplog.at_level(logging.WARNING):
        halved_choice, halved, halved_table = everything(name, network, ct_problem, ct_data)
    assert f"going on with {size}" in caplog.text and f"going on with {size // 2}" not in caplog.text
    assert caplog.text.count("out of memory with 16 samples at once: going on with 8") == 2  # inference, then metrics
    for wanted, given in zip(vars(found).values(), vars(halved).values(), strict=True):
        if isinstance(wanted, np.ndarray):
            assert given == pytest.approx(wanted, rel=1e-3, abs=1e-4)
    assert halved_choice.keys() == choice.keys()
    for key, value in choice.items():
        assert np.array(halved_choice[key]) == pytest.approx(np.array(value), rel=1e-4)
    for column in table.keys() - {"seconds"}:
        assert halved_table[column] == pytest.approx(table[column], rel=1e-3, nan_ok=True), column


@pytest.mark.parametrize("name", ["pair", "lsi"])
def test_too_little_memory_for_one_sample_is_said_with_the_setting(network, ct_problem, ct_data, name):
    limit(network, 0)
    with pytest.raises(memory.OutOfMemory, match=r"one sample at a time .*Tried to allocate.* inference\.batch_size"):
        everything(name, network, ct_problem, ct_data)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    def fail(part):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes cannot"):
        list(memory.Batched(4)(fail, 4))
    with pytest.raises(RuntimeError, match="shapes cannot"), memory.explained("change this"):
        fail(None)


@pytest.mark.parametrize("take", [lambda: torch.empty(2**55), lambda: np.empty(2**55)], ids=["torch", "numpy"])
def test_a_real_lack_of_memory_on_the_host_is_recognised(take):
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        take()
    assert memory.is_exhausted(raised.value)
    with pytest.raises(memory.OutOfMemory, match="out of memory: change this"), memory.explained("change this"):
        take()


def train(network, ct_problem, ct_data, tmp_path, **said):
    settings = Training(
        **{"seeds": [0], "epochs": 1, "batch_size": 8, "learning_rate": 0.001, "warmup": 0.2, "buffer_samples": 100}
        | {"device": "cpu", "precision": "32-true"}
        | said
    )
    kept.fit_scaling(network, Statistics(*store.statistics(ct_data / "train.zarr")), "pixel")
    train_data = Batches(ct_data / "train.zarr", settings.batch_size, 100, 0)
    validation = Batches(ct_data / "validation.zarr", 16, 100, 0)
    return training.train(
        network.requires_grad_(True), train_data, validation, settings, tmp_path / "checkpoint.pt", ""
    )


def test_training_out_of_memory_stops_with_the_setting_to_change(network, ct_problem, ct_data, tmp_path):
    limit(network, 4)
    with pytest.raises(memory.OutOfMemory, match=r"set training\.batch_size to less than 8, .*Tried to allocate"):
        train(network, ct_problem, ct_data, tmp_path)


def test_validation_while_training_goes_on_with_half_the_batch(network, ct_problem, ct_data, tmp_path, caplog):
    limit(network, 8)  # of a validation batch of 16
    _, history = train(network, ct_problem, ct_data, tmp_path)
    assert "out of memory with 16 samples at once: going on with 8" in caplog.text
    eights = training.evaluate(network, Batches(ct_data / "validation.zarr", 8, 100, 0))
    assert history[-1]["validation_loss"] == pytest.approx(eights["loss"], rel=1e-5)
