"""Masks that differ by sample: dealt out in turn, and each sample estimated as behind its own mask alone."""

import numpy as np
import pandas as pd
import pytest
import zarr
from in_process import Computed
from test_settings import alone, shipped

from pairlsi import observations, problems, testing
from pairlsi.config import check
from pairlsi.core import parts
from pairlsi.core.errors import ConfigError
from pairlsi.core.instances import instance

MASKS = 3
NUMBERS = np.array([0, 1, 2, 5, 7])
PROBLEM = problems.create({"kind": "linear", **parts.find("problems", "linear").small()})


def made(kind: str, draw: int, **said):
    one = instance("observations", kind, {"percents": [25], "seed": 1, **said}, "observations")
    return observations.made(observations.described(one, 25), PROBLEM, draw)


@pytest.mark.parametrize("kind", ["random", "block"])
def test_a_sample_has_the_mask_of_its_turn(kind):
    y = np.random.default_rng(0).random((len(NUMBERS), *PROBLEM.y_shape)).astype(np.float32)
    for draw in range(2):
        several = made(kind, draw, masks=MASKS)
        arrived = several(y, "test", NUMBERS)
        for place, number in enumerate(NUMBERS):
            alone = made(kind, draw * MASKS + number % MASKS)
            assert np.array_equal(arrived[place : place + 1], alone(y[place : place + 1], "test", NUMBERS[:1]))
            assert np.array_equal(several.of(number).mask.keep, alone.mask.keep)
    assert np.array_equal(made(kind, 0, masks=MASKS).mask.keep, made(kind, 0).mask.keep), "that of sample 0"


@pytest.mark.parametrize("kind", ["random", "block"])
def test_they_are_projections_nested_over_levels(kind):
    said = {"percents": [25, 50], "draws": 2, "seed": 1, "masks": MASKS}
    testing.check_observation(instance("observations", kind, said, "observations"), PROBLEM)


@pytest.mark.parametrize(
    ("kind", "masks"), [("random", 1), ("random", MASKS), ("block", 1), ("block", MASKS), ("limited", 1)]
)
def test_rows_may_be_missing_that_inference_takes_for_data(kind, masks):
    """One says a quarter is missing, a half is: the rows that are said to be among those that are."""
    y = np.ones((len(NUMBERS), *PROBLEM.y_shape), np.float32)
    wrong, half = (made(kind, 0, masks=masks, unsaid=unsaid) for unsaid in (25, 0))
    arrived = wrong(y, "test", NUMBERS)
    assert np.array_equal(wrong.weights(NUMBERS), half.weights(NUMBERS)), "what is said"
    gone = 1 - arrived.any(axis=(1, 3))
    assert (gone.sum(1) == round(PROBLEM.missing_count / 2)).all()
    assert (arrived <= wrong.weights(NUMBERS)).all()
    said = {"percents": [25, 50], "draws": 2, "seed": 1, "masks": masks, "unsaid": 25}
    testing.check_observation(instance("observations", kind, said, "observations"), PROBLEM)


@pytest.fixture(scope="module")
def said() -> dict:
    """Tomography of closed forms, behind three masks of all samples and behind the same, dealt out to them."""
    config = alone("ct")
    said = config["experiments"]["ct"]
    said["problem"] |= {"image_size": 16, "angles": 12}
    said["data"] |= {"samples": {"train": 200, "validation": 12, "test": 11, "ood": 4}, "shard_size": 200}
    said["networks"] = {"linear": {"latent": [40, 40]}}
    said["methods"] = {"pair": {}, "interpolate": {}, "linear-estimate": {"lengths": [40]}, "cgls": {"iterations": 6}}
    said["methods"]["started"] = {"kind": "cgls", "start": "linear-estimate", "iterations": 6}
    said["observations"] = {
        "none": {},
        "random": {"percents": [25], "seed": 1, "draws": MASKS},
        "by-sample": {"kind": "random", "percents": [25], "seed": 1, "masks": MASKS},
    }
    said["inference"] = {"batch_size": 3, "kept_draws": MASKS}
    said["training"]["batch_size"] = 50
    said["predictions"] = {"methods": ["pair"]}
    return said | {"architecture": None, "evaluation": said["evaluation"] | {"claims": []}, "sections": {}}


def checked(said: dict) -> dict:
    return check(shipped() | {"experiments": {"ct": said}})["experiments"]["ct"]


@pytest.fixture(scope="module")
def computed(said, tmp_path_factory) -> Computed:
    return Computed(tmp_path_factory.mktemp("by-sample") / "ct", checked(said))


@pytest.mark.parametrize("method", ["pair", "interpolate", "linear-estimate"])
def test_estimates_and_metrics_are_those_behind_each_mask(computed, method):
    """Of methods that choose nothing: in the order of the samples, whatever mask they were dealt."""
    alike, own = (pd.DataFrame(computed.infer(method, case)) for case in ("random-25", "by-sample-25"))
    for split in ("test", "ood"):
        behind = alike[alike.split == split].pivot(index="sample", columns="draw")
        found = own[own.split == split].set_index("sample").sort_index()
        assert list(found.index) == list(range(len(behind)))
        for column in ("rre", "ssim", "data_rre", "misfit", "measured_residual"):
            wanted = [behind[column][n % MASKS][n] for n in found.index]
            np.testing.assert_allclose(found[column], wanted, rtol=1e-4, err_msg=column)
    stored = zarr.open_group(computed._estimates(method, "by-sample-25"), mode="r")["test/x"][0]
    first = zarr.open_group(computed._estimates(method, "random-25"), mode="r")["test/x"][0]
    np.testing.assert_allclose(stored[::MASKS], first[::MASKS], rtol=1e-3, atol=1e-5)


def test_choices_are_made_once_for_all_masks_and_starts_are_the_sample_s_own(computed):
    """A solver that starts from another method's estimates ends no further from the truth."""
    tables = [pd.DataFrame(computed.infer(method, "by-sample-25")) for method in ("linear-estimate", "started")]
    attributes = zarr.open_group(computed._estimates("started", "by-sample-25"), mode="r").attrs
    assert len(attributes["chosen_on_validation"]["validation_rre"]) == 7
    start, own = (table[table.split == "test"].rre.mean() for table in tables)
    assert own < 1.02 * start


def test_what_does_not_go_together_is_refused(said):
    limited = {"kind": "limited", "percents": [25], "masks": 2}
    with pytest.raises(ConfigError, match="masks' is 2: the range ends where it ends"):
        checked(said | {"observations": {"none": {}, "limited": limited}})
    with pytest.raises(ConfigError, match="unsaid' is 80: with 25 % that are said to be missing nothing is left"):
        checked(said | {"observations": {"none": {}, "random": {"percents": [25], "unsaid": 80}}})
    encoder_decoder = {"kind": "encoder-decoder", "trained_on": "by-sample-25"}
    networks = said["networks"] | {
        "other": encoder_decoder | {key: {"kind": "principal", "latent": 4, "width": 4} for key in "xy"}
    }
    with pytest.raises(ConfigError, match="by-sample-25', which has several masks"):
        checked(said | {"networks": networks})
