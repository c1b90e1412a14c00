"""What is stored opens in xarray with axes that say what they are."""

import warnings

import numpy as np
import pytest
import xarray
import yaml
import zarr
from clone import ROOT

from pairlsi import problems
from pairlsi.data import store
from pairlsi.evaluation import inference as sweep
from pairlsi.methods.estimates import Estimates

EXPERIMENTS = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["experiments"]
SAMPLES = 3


def own_problem():
    return problems.create({"kind": str(ROOT / "docs" / "own-problem" / "deblur.py"), "size": 24})


def problem_called(name):
    return own_problem() if name == "own" else problems.create(EXPERIMENTS[name]["problem"])


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


CASES = [
    ("ct", ("channel", "row", "column"), ("channel", "angle", "bin")),
    ("linear", ("channel", "row", "column"), ("channel", "angle", "bin")),
    ("crosswell", ("channel", "row", "column"), ("shot", "receiver", "time")),
    ("own", ("channel", "row", "column"), ("y_channel", "y_row", "samples")),  # it names what may be missing alone
]


@pytest.mark.parametrize(("name", "x", "y"), CASES)
def test_axes_and_units_of_a_dataset_are_those_of_its_problem(tmp_path, name, x, y):
    problem = problem_called(name)
    units = {"x_unit": problem.x_unit, "y_unit": problem.y_unit}
    shapes = {"x": problem.x_shape, "y": problem.y_shape}
    store.create(tmp_path / "test.zarr", SAMPLES, shapes, 2, units, problems.axes(problem))
    data = xarray.open_zarr(tmp_path / "test.zarr")
    assert data.x.dims == ("sample", *x) and data.x.shape == (SAMPLES, *problem.x_shape)
    assert data.y.dims == ("sample", *y) and data.y.shape == (SAMPLES, *problem.y_shape)
    assert (data.x.units, data.y.units) == (problem.x_unit, problem.y_unit) and data.x_unit == problem.x_unit


@pytest.mark.parametrize(("name", "x", "y"), CASES)
def test_estimates_open_with_the_members_of_an_ensemble(tmp_path, name, x, y):
    problem, rng = problem_called(name), np.random.default_rng(0)
    members, data_members = (
        rng.random((count, 4, *shape), np.float32) for count, shape in ((3, problem.x_shape), (2, problem.y_shape))
    )
    y_values = rng.random((SAMPLES, *problem.y_shape), np.float32)
    found = Estimates(members.mean(1), y_values, None, np.zeros(SAMPLES), members, data_members)
    group = zarr.create_group(tmp_path / "estimates.zarr", attributes={"method": "lsi", "mask": "random-25-0"})
    sweep.write(group.create_group("test"), [found, found], problem)  # of two draws
    store.consolidate(tmp_path / "estimates.zarr")
    tree = xarray.open_datatree(tmp_path / "estimates.zarr", engine="zarr")
    told = tree["test"]
    assert tree.attrs == {"method": "lsi", "mask": "random-25-0"}
    assert told.x_members.dims == ("draw", "sample", "member", *x)
    assert told.y_members.dims == ("draw", "first_sample", "member", *y)
    assert told.x.dims == ("draw", "sample", *x) and told.y.dims == ("draw", "sample", *y)
    np.testing.assert_allclose(told.x_members.mean("member"), told.x, rtol=1e-6)
    assert all(np.array_equal(values, y_values) for values in told.y)
    assert all(np.array_equal(values, data_members) for values in told.y_members)
    assert {told[array].units for array in ("y", "y_members")} == {problem.y_unit}
