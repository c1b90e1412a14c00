"""SIRT against ASTRA's, which takes an image at a time, and what it holds on every mask."""

import astra
import numpy as np
import pytest
from made import make_mask, make_method

from pairlsi.problems import ct
from pairlsi.solvers.sirt import sirt

SIZE, ANGLES, COUNT = 24, 20, 3


@pytest.fixture(scope="module")
def problem() -> ct.CT:
    said = {"image_size": SIZE, "angles": ANGLES, "noise_level": 0.05, "source": {"kind": "phantoms"}}
    return ct.CT(ct.Settings(**said))


@pytest.fixture(scope="module")
def pairs(problem):
    return problem.draw("validation", np.arange(COUNT), 3, {})


def astras(y: np.ndarray, keep: np.ndarray, iterations: int, lowest: float | None) -> np.ndarray:
    """ASTRA's SIRT of one sinogram (angles, bins) at the angles that arrived; its lengths are in pixels."""
    grid = astra.create_vol_geom(SIZE, SIZE)
    angles = np.linspace(0, np.pi, ANGLES, endpoint=False)[keep]
    views = astra.create_proj_geom("parallel", 1.0, y.shape[1], angles)
    data = astra.data2d.create("-sino", views, y[keep] * SIZE)
    found = astra.data2d.create("-vol", grid, 0)
    said = astra.astra_dict("SIRT")
    said |= {"ProjectionDataId": data, "ReconstructionDataId": found}
    said["ProjectorId"] = astra.create_projector("line", views, grid)
    if lowest is not None:
        said["option"] = {"MinConstraint": lowest}
    astra.algorithm.run(astra.algorithm.create(said), iterations)
    x = astra.data2d.get(found)
    astra.clear()
    return x


@pytest.mark.parametrize("lowest", [None, 0.0])
@pytest.mark.parametrize("name", ["none-0-0", "random-50-0", "block-25-0"])
def test_it_is_astras_image_by_image(problem, pairs, name, lowest):
    mask = make_mask(name, ANGLES, 2, 7)
    *_, found = sirt(problem, mask(pairs[1]), mask, 30, lowest=lowest)
    for x, y in zip(found[:, 0], pairs[1][:, 0], strict=True):
        wanted = astras(y, mask.keep, 30, lowest)
        assert np.linalg.norm(x - wanted) < 1e-3 * np.linalg.norm(wanted)
    assert lowest is None or found.min() >= lowest


def test_missing_rows_have_no_influence_and_a_solution_stays(problem, pairs):
    mask = make_mask("random-50-0", ANGLES, 2, 7)
    ends = [list(sirt(problem, y, mask, 5))[-1] for y in (pairs[1], mask(pairs[1]))]
    assert np.array_equal(*ends)
    *_, stays = sirt(problem, problem.forward(pairs[0]), mask, 3, pairs[0])
    assert stays == pytest.approx(pairs[0], abs=1e-5)
    *_, nothing = sirt(problem, 0 * pairs[1], mask, 3)
    assert not nothing.any()


def test_the_method_stops_where_validation_samples_say(problem, pairs):
    seen = make_mask("block-25-0", ANGLES, 2, 7)
    method = make_method("sirt", {"iterations": 60, "lowest": 0}, problem, seen, ({}, {}))
    choice = method.choose([method], *pairs)
    assert choice["iterations"] == int(np.argmin(choice["validation_rre"])) > 3
    found = method(pairs[1], "validation")
    iterates = list(sirt(problem, seen(pairs[1]), seen, choice["iterations"], lowest=0))
    assert found.x == pytest.approx(iterates[-1], abs=1e-6)
    assert type(method).title(method.settings, {}) == "SIRT, no network"
