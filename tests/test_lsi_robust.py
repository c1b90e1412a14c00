"""LSI that leaves out rows and bins which do not fit what the others say, on a PAIR on principal components."""

import numpy as np
import pytest
from in_process import Computed
from test_settings import alone

from pairlsi import observations
from pairlsi.config import check
from pairlsi.core.instances import instance
from pairlsi.data import store
from pairlsi.predictions import model
from pairlsi.solvers.residuals import QUARTILE, over_median, spread

COUNT, ANGLES = 30, 24


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple:
    """A model of tomography, and its test pairs."""
    config = alone("ct")
    said = config["experiments"]["ct"]
    said["problem"] |= {"image_size": 16, "angles": ANGLES}
    said["data"] |= {"samples": {"train": 600, "validation": 20, "test": COUNT, "ood": 2}, "shard_size": 600}
    part = {"kind": "principal", "latent": 120, "width": 4}
    said |= {
        "networks": {"principal": {"kind": "paired", "x": part, "y": part | {"width": 0}, "epochs": 1}},
        "architecture": None,
    }
    said["methods"] = {"lsi-robust": {"iterations": 20}}
    said |= {"observations": {"none": {}}, "sections": {}, "predictions": {"methods": ["lsi-robust"]}}
    said["evaluation"] = said["evaluation"] | {"claims": []}
    computed = Computed(tmp_path_factory.mktemp("robust") / "ct", check(config)["experiments"]["ct"])
    pairs = tuple(store.read(computed.folder / "data" / "test.zarr", name) for name in store.ARRAYS)
    return model.of_folder(computed.experiment.said, computed.folder), *pairs


def errors(trained, y, keep=None, left_out=8.0) -> np.ndarray:
    model_, x, _ = trained
    method = model_.method("lsi-robust", np.ones(ANGLES, bool) if keep is None else keep)
    method.settings = method.settings.model_copy(update={"left_out": left_out})
    found = method.estimate(y * method.given.keep, "test", np.arange(len(y)))
    return np.linalg.norm((found.x - x[: len(y)]).reshape(len(y), -1), axis=1) / np.linalg.norm(
        x[: len(y)].reshape(len(y), -1), axis=1
    )


def spoiled(trained, kind: str, severity: float) -> np.ndarray:
    one = instance("observations", kind, {"severities": [severity], "seed": 3}, "observations")
    seen = observations.made(observations.described(one, severity), trained[0].problem, 0)
    return seen(trained[2], "test", np.arange(COUNT))


def test_data_as_they_should_be_are_all_taken(trained):
    y = trained[2]
    for keep in (None, np.arange(ANGLES) % 4 > 0, np.arange(ANGLES) < 3):
        assert np.array_equal(errors(trained, y, keep), errors(trained, y, keep, left_out=None))


@pytest.mark.parametrize(("kind", "severity"), [("dead", 1), ("dead", 2), ("silent", 3)])
def test_dead_bins_and_silent_views_cost_little(trained, kind, severity):
    y, usual = spoiled(trained, kind, severity), errors(trained, trained[2]).mean()
    assert errors(trained, y).mean() < 1.25 * usual
    if kind == "dead":
        assert errors(trained, y, left_out=None).mean() > 2 * usual


def test_a_bin_that_shows_something_else_is_left_out_as_one_that_shows_nothing(trained):
    """A bin of the wrong gain varies, so that only its residuals tell."""
    y = trained[2].copy()
    y[..., 10] *= -1
    usual = errors(trained, trained[2]).mean()
    assert errors(trained, y).mean() < 1.25 * usual < errors(trained, y, left_out=None).mean()


def test_single_outliers_leave_their_rows_and_bins_in(trained):
    y = spoiled(trained, "outliers", 1.0)
    assert errors(trained, y) == pytest.approx(errors(trained, y, left_out=None), rel=1e-3)


def test_an_estimate_depends_on_its_own_sample_alone(trained):
    y = trained[2][:4].copy()
    y[1, ..., 10], y[2, :, 5] = 0, 0
    together = errors(trained, y)
    alone = errors(trained, np.concatenate([y[1:2], y[1:2]]))  # against the first two truths
    mixed = errors(trained, np.concatenate([y[3:4], y[1:2]]))
    assert mixed[1] == pytest.approx(together[1], rel=1e-3) and mixed[1] == pytest.approx(alone[1], rel=1e-3)


def test_residuals_are_those_of_each_place_over_the_median_one():
    off, kept = np.random.default_rng(0).standard_normal((2, 3, 5, 7)), np.ones((1, 5, 1), np.float32)
    kept[:, 1] = 0
    found = over_median(off, kept, 2)
    sizes = np.sqrt(np.square(off).mean((1, 3)))
    usual = np.median(sizes[:, [0, 2, 3, 4]], axis=1, keepdims=True)
    assert found == pytest.approx(np.where(kept.ravel() > 0, sizes / usual, 0))
    bins = np.quantile(np.abs(off[:, :, [0, 2, 3, 4]]).reshape(2, -1, 7), QUARTILE, axis=1)
    assert over_median(off, kept, 3, QUARTILE) == pytest.approx(bins / np.median(bins, axis=1, keepdims=True))
    assert spread(off, kept, 2)[:, 2] == pytest.approx(off[:, :, 2].reshape(2, -1).std(1))
    by_channel = np.ones((3, 5, 1), np.float32)
    by_channel[0, 4] = 0
    assert over_median(off, by_channel, 2)[0, 4] == pytest.approx(
        np.sqrt(np.square(off[0, 1:, 4]).mean())
        / np.median([*np.sqrt(np.square(off[0, :, :4]).mean((0, 2))), np.sqrt(np.square(off[0, 1:, 4]).mean())])
    )
