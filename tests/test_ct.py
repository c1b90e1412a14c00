"""CT and its phantoms, each held against something independent: ASTRA itself, skimage, geometry, statistics."""

import subprocess
import sys

import astra
import numpy as np
import pytest
from pydantic import ValidationError

from pairlsi.problems import ct
from pairlsi.problems.ct.phantoms import MIXTURES, phantom

PHANTOMS = {"kind": "phantoms"}
COUNTS = {"train": 20, "validation": 20, "test": 20, "ood": 20}


def make(**changes) -> ct.CT:
    given = {"image_size": 32, "angles": 30, "noise_level": 0.0, "source": PHANTOMS, **changes}
    return ct.CT(ct.Settings(**given))


@pytest.fixture(scope="module")
def problem() -> ct.CT:
    return make()


def pixel_centres(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Column and row coordinates of pixels in image widths, the origin in the middle of the image."""
    axis = (np.arange(size) + 0.5) / size - 0.5
    return axis[None, :], axis[:, None]


def disc(size: int, radius: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    """A disc of value 1, antialiased by averaging a grid 8 times as fine; x to the right, y upwards."""
    column, row = pixel_centres(8 * size)
    inside = (column - x) ** 2 + (row + y) ** 2 < radius**2
    return inside.reshape(size, 8, size, 8).mean(axis=(1, 3)).astype(np.float32)


def test_adjoint_is_the_transpose(problem):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, *problem.x_shape)).astype(np.float32)
    y = rng.standard_normal((5, *problem.y_shape)).astype(np.float32)
    forward, adjoint = problem.forward(x).astype(float), problem.adjoint(y).astype(float)
    scale = np.linalg.norm(forward) * np.linalg.norm(y)
    assert abs((forward * y).sum() - (x * adjoint).sum()) < 1e-7 * scale  # float32 rounding; the sums are in float64


def test_adjoint_of_a_unit_vector_is_a_row_of_the_matrix():
    problem = make(image_size=8, angles=3)
    columns = problem.forward(np.eye(64, dtype=np.float32).reshape(64, 1, 8, 8)).reshape(64, -1)
    rows = problem.adjoint(np.eye(columns.shape[1], dtype=np.float32).reshape(-1, *problem.y_shape)).reshape(-1, 64)
    assert np.array_equal(columns.T, rows)


def test_forward_agrees_with_astra_image_by_image():
    problem = make(image_size=48, angles=45, detector_bins=60)
    images = np.stack([phantom(np.random.default_rng(i), 48) for i in range(3)])
    grid = astra.create_vol_geom(48, 48)
    views = astra.create_proj_geom("parallel", 1.0, 60, np.linspace(0, np.pi, 45, endpoint=False))
    projector = astra.create_projector("line", views, grid)
    for image, ours in zip(images, problem.forward(images[:, None]), strict=True):
        _, theirs = astra.create_sino(image, projector)
        np.testing.assert_allclose(ours[0] * 48, theirs, atol=2e-6 * theirs.max())
    astra.clear()


def test_forward_agrees_with_skimage_on_a_smooth_image():
    from skimage.transform import radon

    size = 65  # odd: skimage turns an image about the centre of a pixel, here the centre of the image
    column, row = pixel_centres(size)
    smooth = np.exp(-((column - 0.1) ** 2 + (row + 0.05) ** 2) / 0.02) + 0.5 * np.exp(-((column + 0.2) ** 2) / 0.01)
    smooth *= np.exp(-(column**2 + row**2) / 0.02)  # next to nothing at the rim
    ours = make(image_size=size, angles=36, detector_bins=91).forward(smooth[None, None])[0, 0] * size
    theirs = radon(smooth, np.arange(36) * 5.0, circle=False).T[:, 1:]  # bins of both: 45 each side of the centre
    # skimage interpolates the image along its rays where ASTRA takes pixels as they are
    assert np.abs(ours - theirs).max() < 0.02 * theirs.max()
    assert np.linalg.norm(ours - theirs) < 0.01 * np.linalg.norm(theirs)
    assert np.abs(ours[:, ::-1] - theirs).max() > 0.2 * theirs.max()  # not symmetric: the direction is seen


def test_projections_conserve_mass():
    # an even number of bins on an even grid: no ray runs along the border between two pixels
    problem = make(image_size=48, angles=40, detector_bins=68)
    x, y = problem.draw("train", np.arange(6), 3, COUNTS)
    mass = x.sum(axis=(2, 3)) / 48**2
    np.testing.assert_allclose(y.sum(axis=3) / 48, np.broadcast_to(mass[:, :, None], (6, 1, 40)), rtol=3e-3)
    np.testing.assert_allclose(y.sum(axis=3).mean(axis=2) / 48, mass, rtol=3e-4)


def test_sinogram_of_a_disc_has_its_chord_lengths():
    size, radius, x, y = 128, 0.23, 0.14, -0.08
    problem = make(image_size=size, angles=24, detector_bins=182)
    sinogram = problem.forward(disc(size, radius, x, y)[None, None])[0, 0]
    theta = np.pi * np.arange(24)[:, None] / 24
    bins = (np.arange(182) + 0.5 - 91) / size
    away = bins - (x * np.cos(theta) + y * np.sin(theta))
    chords = 2 * np.sqrt(np.maximum(radius**2 - away**2, 0))
    error = np.abs(sinogram - chords) / (2 * radius)
    near = np.abs(np.abs(away) - radius) < 0.5 / size  # of the rim, where chord lengths are infinitely steep
    assert error[~near].max() < 0.025 and error.max() < 0.08  # pixels are squares
    assert np.sqrt((error**2).mean()) < 0.005  # half a pixel of misalignment would be 0.02
    half = problem.forward(disc(size, radius, -x, y)[None, None])[0, 0]
    assert np.abs(half - chords).max() > 0.9 * 2 * radius  # the mirror image is told apart


def test_grids_agree_in_image_widths():
    sinograms = [
        make(image_size=size, detector_bins=bins, angles=12).forward(disc(size, 0.3)[None, None])[0, 0]
        for size, bins in ((32, 46), (96, 138))
    ]
    thirds = sinograms[1].reshape(12, 46, 3).mean(axis=2)
    assert np.abs(thirds - sinograms[0]).max() < 0.08 * sinograms[0].max()
    assert abs(thirds.sum() / sinograms[0].sum() - 1) < 3e-3


@pytest.mark.parametrize("level", [0.01, 0.05])
def test_noise_level_is_exact_and_noise_is_white(level):
    clean, noisy = make(), make(noise_level=level)
    x, y = clean.draw("test", np.arange(8), 5, COUNTS)
    again, data = noisy.draw("test", np.arange(8), 5, COUNTS)
    assert np.array_equal(x, again)
    noise = data.astype(float) - y
    ratio = np.linalg.norm(noise, axis=(2, 3)) / np.linalg.norm(y.astype(float), axis=(2, 3))
    np.testing.assert_allclose(ratio, level, rtol=1e-5)
    unit = noise / noise.std(axis=(1, 2, 3), keepdims=True)
    samples = unit[0].size
    assert np.abs(unit.mean(axis=(1, 2, 3))).max() < 4 / np.sqrt(samples)
    for axis in (2, 3):  # neighbours are uncorrelated
        assert np.abs((unit * np.roll(unit, 1, axis)).mean(axis=(1, 2, 3))).max() < 4 / np.sqrt(samples)
    assert abs((unit**4).mean() - 3) < 5 * np.sqrt(96 / unit.size)  # Gaussian: kurtosis 3
    assert abs((unit[0] * unit[1]).mean()) < 4 / np.sqrt(samples)  # drawn afresh for each sample


def test_samples_do_not_depend_on_what_is_drawn_with_them():
    problem = make(noise_level=0.02)
    indices = np.arange(40)  # more than one block
    x, y = problem.draw("train", indices, 7, COUNTS)
    order = np.array([39, 4, 0, 17])
    for part, (a, b) in [
        (order, problem.draw("train", order, 7, COUNTS)),
        (order[:1], make(noise_level=0.02).draw("train", order[:1], 7, COUNTS)),
    ]:
        assert np.array_equal(a, x[part]) and np.array_equal(b, y[part])  # to the last bit
    assert x.shape == (40, 1, 32, 32) and y.shape == (40, *problem.y_shape)
    assert x.dtype == y.dtype == np.float32
    empty = problem.draw("train", np.arange(0), 7, COUNTS)
    assert [len(part) for part in empty] == [0, 0]


def test_splits_seeds_and_indices_give_different_samples(problem):
    images = [problem.draw(split, np.arange(3), seed, COUNTS)[0] for split in COUNTS for seed in (0, 1)]
    flat = np.concatenate(images).reshape(24, -1)
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=2) + 1e9 * np.eye(24)
    assert apart.min() > 0.2 * np.linalg.norm(flat, axis=1).mean()


def test_noise_has_a_stream_of_its_own():
    (_, clean), (_, noisy) = (make(noise_level=level).draw("validation", np.arange(4), 6, COUNTS) for level in (0, 0.5))
    stream = np.random.SeedSequence([6, 1, 3]).spawn(2)[1]
    expected = np.random.default_rng(stream).standard_normal(clean[3].shape)
    noise = noisy[3].astype(float) - clean[3]
    np.testing.assert_allclose(noise / noise.std(), expected / expected.std(), atol=1e-5)


def test_x_is_the_average_of_the_fine_image_and_y_is_made_from_that():
    problem, fine = make(oversampling=2), make(image_size=64, oversampling=1, detector_bins=90)
    x, y = problem.draw("train", np.arange(6), 2, COUNTS)
    fine_x, fine_y = fine.draw("train", np.arange(6), 2, COUNTS)
    np.testing.assert_allclose(x, fine_x.reshape(6, 1, 32, 2, 32, 2).mean(axis=(3, 5)), atol=1e-6)
    np.testing.assert_allclose(y, fine_y.reshape(6, 1, 30, 45, 2).mean(axis=4), atol=2e-6)
    crime = problem.forward(x)
    error = np.linalg.norm(crime - y, axis=(2, 3)) / np.linalg.norm(y, axis=(2, 3))
    assert error.min() > 0.003 and error.max() < 0.06  # close, yet not identical
    exact = make(oversampling=1)
    x, y = exact.draw("train", np.arange(2), 2, COUNTS)
    assert np.array_equal(exact.forward(x), y)


@pytest.mark.parametrize("mixture", MIXTURES)
def test_phantoms_are_relative_attenuation_in_a_container(mixture):
    column, row = pixel_centres(96)
    radius = np.hypot(column, row)
    for seed in range(20):
        image = phantom(np.random.default_rng(seed), 96, mixture)
        assert image.shape == (96, 96) and image.dtype == np.float32 and np.isfinite(image).all()
        assert image.min() >= 0 and image.max() <= 1
        assert image[radius > 0.5].max() == 0, "air outside the container"
        assert image.max() > 0.3 and image[radius < 0.4].std() > 0.03, "bodies stand out from the filler"
        ring = image[(radius > 0.43) & (radius < 0.5)]
        assert np.percentile(ring, 90) > 0.15, "the wall of the tube"


def test_a_phantom_is_a_pure_function_of_its_generator_at_any_resolution():
    a, b = (phantom(np.random.default_rng(4), 64) for _ in range(2))
    assert np.array_equal(a, b)
    half = phantom(np.random.default_rng(4), 128).reshape(64, 2, 64, 2).mean(axis=(1, 3))
    other = phantom(np.random.default_rng(5), 64)
    assert np.linalg.norm(half - a) < 0.15 * np.linalg.norm(a) < 0.3 * np.linalg.norm(other - a)


def test_the_ood_mixture_differs_in_distribution():
    from scipy.stats import ks_2samp

    def features(mixture: str, start: int) -> np.ndarray:
        images = [phantom(np.random.default_rng(start + seed), 64, mixture) for seed in range(60)]
        return np.array([(image.mean(), np.abs(np.diff(image)).mean(), (image > 0.65).mean()) for image in images])

    inside, again, outside = features("trail-mix", 0), features("trail-mix", 1000), features("ood", 2000)
    for feature in range(3):
        assert ks_2samp(inside[:, feature], again[:, feature]).pvalue > 1e-3, "the same mixture"
    assert min(ks_2samp(inside[:, feature], outside[:, feature]).pvalue for feature in range(3)) < 1e-6


def test_the_ood_split_is_the_ood_mixture():
    x, _ = make(image_size=32, oversampling=1).draw("ood", np.arange(1), 0, COUNTS)
    stream = np.random.SeedSequence([0, 3, 0]).spawn(2)[0]
    assert np.array_equal(x[0, 0], phantom(np.random.default_rng(stream), 32, "ood"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image_size": 4}, ["image_size", "8"]),
        ({"angles": 1}, ["angles", "2"]),
        ({"noise_level": 1.5}, ["noise_level", "1"]),
        ({"oversampling": 5}, ["oversampling", "4"]),
        ({"detector_bins": 20}, ["detector_bins", "image_size, 32"]),
        ({"image_size": 1024, "angles": 720, "oversampling": 4}, ["oversampling", "lower"]),
        ({"source": {"kind": "photographs"}}, ["source", "phantoms", "2detect"]),
        ({"source": {"kind": "2detect", "folder": "x", "scale": 0}}, ["scale", "greater than 0"]),
        ({"image_size": 700, "source": {"kind": "2detect", "folder": "x", "scale": 1.0}}, ["source", "1024", "1400"]),
        ({"detectors": 3}, ["detectors", "Extra"]),
    ],
)
def test_settings_refuse_and_name_the_key(changes, words):
    with pytest.raises(ValidationError) as caught:
        make(**changes)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_wrong_shapes_and_splits_are_named(problem):
    with pytest.raises(ValueError, match=r"x has shape \(32, 32\); expected \(N, 1, 32, 32\)"):
        problem.forward(np.zeros((32, 32)))
    with pytest.raises(ValueError, match=r"expected \(N, 1, 30, 45\)"):
        problem.adjoint(np.zeros((2, 1, 45, 30)))
    with pytest.raises(ValueError, match="split 'tets' is unknown: choose from train"):
        problem.draw("tets", np.arange(1), 0, COUNTS)


def test_what_a_problem_offers(problem):
    assert problem.x_shape == (1, 32, 32) and problem.y_shape == (1, 30, 45)
    assert problem.y_shape[problem.missing_axis - 1] == problem.missing_count == 30
    assert problem.missing_name == "angles"
    assert make(detector_bins=40).y_shape == (1, 30, 40)


def test_importing_ct_loads_nothing_heavy():
    heavy = "{'astra', 'torch', 'scipy', 'tifffile', 'pooch'}"
    code = f"import sys, pairlsi.problems.ct; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert run.returncode == 0, run.stderr
