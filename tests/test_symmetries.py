"""Symmetries: exact where grids match, a group; what fits and batches make of them is what explicit copies make."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pairlsi import problems
from pairlsi.data.batches import Batches
from pairlsi.networks import stored
from pairlsi.networks.linear_fit import DRAWS, fit_samples
from pairlsi.networks.linear_pair import LinearPair
from pairlsi.problems.crosswell import _spread
from pairlsi.problems.symmetries import Symmetries

PHANTOMS = {"kind": "ct", "noise_level": 0.01, "source": {"kind": "phantoms"}}
EVEN = PHANTOMS | {"image_size": 16, "angles": 12, "detector_bins": 22}
ODD = PHANTOMS | {"image_size": 15, "angles": 13, "detector_bins": 21}


WELLS = {"kind": "crosswell", **problems.find("problems", "crosswell").small()}


def crosswell():
    return problems.create(WELLS)


def rows(u: np.ndarray) -> np.ndarray:
    return u.reshape(len(u), -1)


@pytest.mark.parametrize(("said", "count"), [(EVEN, 8), (ODD, 4)], ids=["even", "odd"])
def test_scans_of_turned_and_mirrored_slices_are_turned_and_mirrored_scans(said, count):
    problem = problems.create(said)
    x = np.random.default_rng(0).standard_normal((3, *problem.x_shape)).astype(np.float32)
    y = rows(problem.forward(x))
    assert len(problem.symmetries) == count
    for of_x, of_y in problem.symmetries:
        turned = rows(problem.forward(rows(x)[:, of_x].reshape(x.shape)))
        assert np.abs(turned - y[:, of_y]).max() < 1e-4 * np.abs(y).max()


def test_the_wells_may_change_places():
    problem = crosswell()
    x, _ = problem.draw("test", np.arange(2), 1, {})
    swapped = problem.forward(np.ascontiguousarray(x[..., ::-1]))
    shots = problem.settings.sources_per_well
    y = problem.forward(x)
    assert np.array_equal(swapped, np.concatenate([y[:, shots:], y[:, :shots]], axis=1))
    assert any(np.array_equal(rows(y)[:, turn], rows(swapped)) for turn in problem.symmetries.y)


def test_top_and_bottom_may_change_places_where_instruments_lie_so():
    problem = crosswell()
    x, _ = problem.draw("test", np.arange(2), 1, {})
    turned, y = problem.forward(np.ascontiguousarray(x[..., ::-1, :])), problem.forward(x)
    assert len(problem.symmetries) == 4
    wanted = rows(turned)
    off = [np.abs(rows(y)[:, turn] - wanted).max() / np.abs(wanted).max() for turn in problem.symmetries.y]
    assert sorted(off)[0] < 1e-4 and sorted(off)[1] > 0.1
    middle = problems.create({**WELLS, "sources_per_well": 3})  # the middle one is in either of two cells
    assert len(middle.symmetries) == 2


@pytest.mark.parametrize("number", [1, 2, 3, 5, 6, 11, 16])
@pytest.mark.parametrize("rows", [16, 17])
def test_instruments_lie_in_cells_of_their_own_and_mirror_each_other(number, rows):
    depths = _spread(number, rows)
    assert len(set(depths)) == number and depths.min() >= 0 and depths.max() < rows and (np.diff(depths) > 0).all()
    assert np.abs(depths + 0.5 - (np.arange(number) + 0.5) * rows / number).max() <= 0.5 + 1e-9
    mirrored = rows - 1 - depths[::-1]
    assert (np.abs(mirrored - depths) <= ((np.arange(number) == number // 2) & (number % 2 == 1))).all()


@pytest.mark.parametrize("problem", [problems.create(EVEN), crosswell()], ids=["ct", "crosswell"])
def test_what_may_happen_to_a_slice_may_happen_to_its_likelihood(problem):
    """Means and variances over many samples are those of their turned copies, within their standard errors."""
    counts = {"train": 400}
    if problem.kind == "ct":
        x = problem.draw("train", np.arange(400), 1, counts)[0]
    else:  # models alone, without their data
        problem.forward = lambda x: np.zeros((len(x), *problem.y_shape), np.float32)
        x = problem.draw("train", np.arange(400), 1, counts)[0]
    x = rows(x)
    for power in (x, np.square(x - x.mean(0))):
        error = power.std(0) / np.sqrt(len(x)) + 1e-6 * np.abs(power).max()
        for turn in problem.symmetries.x:
            off = (power.mean(0)[turn] - power.mean(0)) / np.hypot(error, error[turn])
            assert np.sqrt(np.square(off).mean()) < 1.6


def test_they_are_closed_under_composition_and_begin_with_the_identity():
    symmetries = problems.create(EVEN).symmetries
    known = {(a.tobytes(), b.tobytes()) for a, b in symmetries}
    assert len(known) == 8
    assert np.array_equal(symmetries.x[0], np.arange(256)) and np.array_equal(symmetries.y[0], np.arange(12 * 22))
    for a, b in symmetries:
        for c, d in symmetries:
            assert (a[c].tobytes(), b[d].tobytes()) in known
    mean = np.random.default_rng(0).standard_normal((1, 16, 16))
    average = symmetries.average(mean, "x")
    assert all(average.ravel()[turn] == pytest.approx(average.ravel()) for turn in symmetries.x)
    assert average.mean() == pytest.approx(mean.mean())


@pytest.mark.parametrize("said", [EVEN, ODD, WELLS], ids=["8 of slices", "4 of slices", "4 of wells"])
def test_second_moments_of_all_copies_fall_apart_and_nothing_is_lost(said):
    symmetries = problems.create(said).symmetries
    subgroup = symmetries.subgroup()
    assert len(subgroup) == 4 and len(symmetries) % 4 == 0
    for space in "xy":
        turns, parts = getattr(symmetries, space), symmetries.parts(space)
        bases = [part.vectors(np.eye(len(part.norms))) for part in parts]
        whole = np.concatenate(bases, axis=1)
        assert whole.shape == (turns.shape[1],) * 2 and np.allclose(whole.T @ whole, np.eye(len(whole)))
        samples = np.random.default_rng(0).standard_normal((3, turns.shape[1]))
        copies = np.concatenate([samples[:, turn] for turn in turns])
        moment = copies.T @ copies / len(copies)
        for i, (part, basis) in enumerate(zip(parts, bases, strict=True)):
            inside = part.coordinates(samples)
            assert np.allclose(basis.T @ moment @ basis, inside.T @ inside / len(inside))
            assert all(np.allclose(basis.T @ moment @ other, 0) for other in bases[i + 1 :])


X, Y = (1, 4, 4), (2, 3, 5)
GENERATORS = [
    (lambda x: x[..., ::-1], lambda y: y[..., ::-1, :, :]),
    (lambda x: x[..., ::-1, :], lambda y: y[..., ::-1, :]),
]


@pytest.fixture(scope="module")
def symmetries():
    return Symmetries(X, Y, GENERATORS)


def samples(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((count, *X)).astype(np.float32)
    mix = rng.standard_normal((16, 30)).astype(np.float32)
    return x, (rows(x) @ mix + rng.standard_normal((count, 30)).astype(np.float32)).reshape(count, *Y)


def test_a_fit_behind_a_mask_for_each_sample_is_one_to_data_with_zeros_there(symmetries):
    x, y = samples(40)
    y += 3
    found, wanted = (LinearPair(X, Y, 4, 5).requires_grad_(False) for _ in range(2))
    for network in (found, wanted):
        network.y_scaling.shift.fill_(3.0)
        network.y_scaling.scale.fill_(2.0)
    masks = (np.random.default_rng(3).random((DRAWS * 40, 1, 1, 5)) < 0.7).astype(np.float32)
    fit_samples(found, x, y, symmetries, lambda count: masks[:count])
    x, y = (np.concatenate([u] * DRAWS) for u in (x, y))
    copies = [
        np.concatenate([rows(u)[:, t] for t in turns]) for u, turns in ((x, symmetries.x), (y * masks, symmetries.y))
    ]
    many_x, many_y = (u.reshape(-1, *shape) for u, shape in zip(copies, (X, Y), strict=True))
    fit_samples(wanted, many_x, many_y)
    assert torch.allclose(found.variances_y, wanted.variances_y, rtol=1e-4)
    given = torch.from_numpy(many_y)
    assert torch.allclose(found.invert(given), wanted.invert(given), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("count", [40, 5], ids=["more samples than entries", "fewer"])
@pytest.mark.parametrize("keep", [None, (np.arange(5) % 2).astype(np.float32)], ids=["all", "masked"])
def test_a_fit_with_symmetries_is_a_fit_to_all_turned_copies(symmetries, count, keep):
    x, y = samples(count)
    found, wanted = (LinearPair(X, Y, 4, 5).requires_grad_(False) for _ in range(2))
    fit_samples(found, x, y, symmetries, keep)
    copies = [np.concatenate([rows(u)[:, t] for t in turns]) for u, turns in ((x, symmetries.x), (y, symmetries.y))]
    many_x, many_y = (u.reshape(-1, *shape) for u, shape in zip(copies, (X, Y), strict=True))
    fit_samples(wanted, many_x, many_y if keep is None else many_y * keep)
    assert torch.allclose(found.variances_y, wanted.variances_y, rtol=1e-4)
    assert torch.allclose(found.tail_y, wanted.tail_y, rtol=1e-3)
    x, y = (torch.from_numpy(u) for u in (x, y if keep is None else y * keep))
    for name, given in (("invert", y), ("predict", x)):
        assert torch.allclose(getattr(found, name)(given), getattr(wanted, name)(given), rtol=1e-3, atol=1e-4)


def test_pixel_wise_means_are_those_of_all_turned_copies(symmetries):
    means = {"x": samples(3)[0].mean(0), "y": samples(3)[1].mean(0)}
    statistics = SimpleNamespace(shift=lambda space, scaling: means[space], scale=lambda space, scaling: 2.0)
    network = LinearPair(X, Y, 2, 2)
    stored.fit_scaling(network, statistics, "pixel", symmetries)
    assert network.x_scaling.shift.numpy() == pytest.approx(symmetries.average(means["x"], "x"))
    stored.fit_scaling(network, statistics, "pixel")
    assert network.y_scaling.shift.numpy() == pytest.approx(means["y"])


@pytest.fixture(scope="module")
def path(tmp_path_factory, make_split):
    return make_split(tmp_path_factory.mktemp("turned") / "train.zarr", *samples(23), 4)


@pytest.mark.parametrize("buffer", [100, 9], ids=["in memory", "streamed"])
def test_batches_turn_pairs_together_anew_every_epoch(path, symmetries, buffer):
    x, y = samples(23)
    copies = {
        u[of_x].tobytes(): (i, number, v[of_y].tobytes())
        for number, (u, v) in enumerate(zip(rows(x), rows(y), strict=True))
        for i, (of_x, of_y) in enumerate(symmetries)
    }
    make = lambda: Batches(path, 5, buffer, 0, symmetries=symmetries)  # noqa: E731
    drawn = []
    for epoch in range(6):
        seen = set()
        for a, b in make().epoch(epoch):
            assert a.shape[1:] == X and b.shape[1:] == Y
            for u, v in zip(a.numpy(), b.numpy(), strict=True):
                which, number, data = copies[u.tobytes()]
                assert v.tobytes() == data and number not in seen
                seen.add(number)
                drawn.append(which)
    counts = np.bincount(drawn, minlength=4)
    assert len(drawn) == 120 and counts.min() > 15
    whole, rest = list(make().epoch(3)), list(make().epoch(3, 2))
    assert all(
        torch.equal(a, b) for one, other in zip(whole[2:], rest, strict=True) for a, b in zip(one, other, strict=True)
    )
    parts = []
    for rank in (0, 1):
        part = make()
        part.share(rank, 2)
        parts.append(list(part.epoch(3)))
    assert torch.equal(parts[0][1][0], whole[1][0][::2]) and torch.equal(parts[1][1][1], whole[1][1][1::2])


def test_all_samples_come_as_they_are_stored_in_their_order(path, symmetries):
    for buffer in (100, 9):
        found = Batches(path, 5, buffer, 0, symmetries=symmetries).all()
        assert all(np.array_equal(u, v) for u, v in zip(found, samples(23), strict=True))
