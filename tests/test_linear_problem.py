"""The linear Gaussian problem: its operator held against exact areas, its draws against the moments it states."""

import numpy as np
import pytest
from scipy.stats import norm

from pairlsi import problems
from pairlsi.core.errors import ConfigError
from pairlsi.problems import linear

SETTINGS = {
    "kind": "linear",
    "image_size": 8,
    "angles": 10,
    "noise_level": 0.05,
    "correlation_length": 0.25,
    "ood_correlation_length": 0.1,
}
COUNTS = {"train": 5, "validation": 5, "test": 5, "ood": 5}


@pytest.fixture(scope="module")
def problem():
    return problems.create(SETTINGS)


@pytest.fixture(scope="module")
def drawn(problem):
    """x (4000, 64) and y (4000, m) of the training split."""
    x, y = problem.draw("train", range(4000), 1, COUNTS)
    return x.reshape(len(x), -1).astype(float), y.reshape(len(y), -1).astype(float)


def test_shapes_and_what_the_protocol_asks(problem):
    x, y = problem.draw("test", [0, 3], 1, COUNTS)
    assert x.shape == (2, *problem.x_shape) == (2, 1, 8, 8) and x.dtype == np.float32
    assert y.shape == (2, *problem.y_shape) == (2, 1, 10, 12) and y.dtype == np.float32
    assert problem.matrix.shape == (120, 64) and y.shape[problem.missing_axis] == problem.missing_count
    assert problem.archives == [] and problem.fetch() is None and not problem.shares_samples


def test_the_default_is_16_pixels_a_side():
    given = {key: value for key, value in SETTINGS.items() if key != "image_size"}
    assert problems.create(given).x_shape == (1, 16, 16)


@pytest.mark.parametrize(
    ("key", "value"), [("noise_level", 0), ("correlation_length", 0), ("angles", 1), ("image_size", 64), ("bins", 3)]
)
def test_settings_that_make_no_sense_are_refused_by_name(key, value):
    with pytest.raises(ConfigError, match=f"problem.{key}"):
        problems.create({**SETTINGS, key: value})


def test_adjoint_is_the_transpose(problem):
    rng = np.random.default_rng(0)
    u, v = (rng.standard_normal((3, *shape)).astype(np.float32) for shape in (problem.x_shape, problem.y_shape))
    left, right = np.sum(problem.forward(u).astype(float) * v), np.sum(u.astype(float) * problem.adjoint(v))
    assert left == pytest.approx(right, rel=1e-5)
    assert problem.forward(u).reshape(3, -1) == pytest.approx(u.reshape(3, -1) @ problem.matrix.T, abs=1e-5)
    with pytest.raises(ValueError, match=r"x has shape \(3, 1, 10, 12\); expected \(N, 1, 8, 8\)"):
        problem.forward(v)


def test_each_view_shares_out_every_pixel(problem):
    views = problem.matrix.reshape(10, 12, 64)
    assert (views >= -1e-14).all()
    # all strips are a pixel wide: over them a pixel adds up to its width, n of them to an image width
    assert views.sum(1) == pytest.approx(1 / 8, abs=1e-13)


def test_strips_have_the_areas_of_a_finely_sampled_pixel():
    fine = (np.arange(400) + 0.5) / 400 - 0.5
    rows, columns = np.meshgrid(fine, fine, indexing="ij")
    for view, theta in enumerate(np.arange(7) * np.pi / 7):
        # pixel (1, 3) of 4 × 4: its centre lies at row -0.5, column 1.5
        places = (columns + 1.5) * np.cos(theta) + (rows - 0.5) * np.sin(theta)
        areas, _ = np.histogram(places, np.arange(7) - 3.0)
        computed = linear.strip_matrix(4, 7, 6)[view * 6 : view * 6 + 6, 1 * 4 + 3]
        assert computed * 4 == pytest.approx(areas / fine.size**2, abs=2e-3)


def test_opposite_views_are_mirrored():
    """A view from θ + π would be that from θ with its bins reversed: so is turning the image by 180 degrees."""
    views = linear.strip_matrix(6, 5, 8).reshape(5, 8, 6, 6)
    assert views[:, ::-1, ::-1, ::-1] == pytest.approx(views, abs=1e-13)


def test_operator_is_mildly_ill_posed():
    values = np.linalg.svd(problems.create({**SETTINGS, "image_size": 16, "angles": 16}).matrix, compute_uv=False)
    assert 1e3 < values[0] / values[-1] < 1e6
    assert (values > values[0] / 100).mean() > 0.6  # most of x is well seen


def zscores(samples: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Sample second moments against the true ones, in standard deviations of Gaussian samples (Isserlis)."""
    deviation = np.sqrt((moment**2 + np.outer(np.diag(moment), np.diag(moment))) / len(samples))
    return (samples.T @ samples / len(samples) - moment) / deviation


def test_draws_have_the_moments_stated(problem, drawn):
    x, y = drawn
    noise = y - x @ problem.matrix.T
    limit = norm.isf(0.5e-3 / 120**2)  # Bonferroni: wrong once in 1000 seeds, entries taken together
    moment_y = problem.matrix @ problem.moment_x @ problem.matrix.T + problem.moment_noise
    for samples, moment in ((x, problem.moment_x), (noise, problem.moment_noise), (y, moment_y)):
        scores = zscores(samples, moment)
        assert np.abs(scores).max() < limit
        assert 0.5 < np.sqrt(np.mean(scores**2)) < 2  # nor are they too near; entries of a field go together
        assert np.abs(samples.mean(0) / np.sqrt(np.diag(moment) / len(samples))).max() < limit
    cross = x.T @ noise / len(x) / problem.noise_deviation * np.sqrt(len(x))
    assert np.abs(cross).max() < limit  # x and noise are independent
    # the test can fail: with another correlation length it does
    assert np.abs(zscores(x, linear.matern(8, 0.2))).max() > limit


def test_noise_level_is_relative_to_clean_data(problem, drawn):
    clean = drawn[0] @ problem.matrix.T
    rms = np.sqrt(np.mean(clean**2))
    assert problem.noise_deviation / rms == pytest.approx(SETTINGS["noise_level"], rel=0.02)
    assert np.diag(problem.moment_x) == pytest.approx(1)


def test_ood_fields_have_their_own_correlation_length_and_the_same_noise(problem):
    x, y = (u.reshape(3000, -1).astype(float) for u in problem.draw("ood", range(3000), 1, COUNTS))
    assert np.abs(zscores(x, linear.matern(8, 0.1))).max() < norm.isf(0.5e-3 / 64**2)
    assert np.std(y - x @ problem.matrix.T) == pytest.approx(problem.noise_deviation, rel=0.01)


def test_a_sample_depends_on_seed_split_and_index_alone(problem):
    x, y = problem.draw("train", [4, 0, 9], 1, COUNTS)
    alone = problem.draw("train", [9], 1, {"train": 1000})
    assert np.array_equal(alone[0][0], x[2]) and np.array_equal(alone[1][0], y[2])
    again = problems.create(SETTINGS).draw("train", range(10), 1, COUNTS)
    assert np.array_equal(again[0][[4, 0, 9]], x) and np.array_equal(again[1][[4, 0, 9]], y)
    for split, seed in (("train", 2), ("test", 1)):
        other = problem.draw(split, [4, 0, 9], seed, COUNTS)
        assert np.abs(other[0] - x).min(axis=(1, 2, 3)).max() > 0
    with pytest.raises(ValueError, match="split 'dev' is unknown"):
        problem.draw("dev", [0], 1, COUNTS)
    empty = problem.draw("train", [], 1, COUNTS)
    assert empty[0].shape == (0, 1, 8, 8) and empty[1].shape == (0, 1, 10, 12)
