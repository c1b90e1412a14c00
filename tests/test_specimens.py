"""Procedural specimens of electron tomography: what they are, at any resolution, and apart from the ood mixture."""

import numpy as np
import pytest

from pairlsi.problems import ct
from pairlsi.problems.ct.specimens import EDGE, MIXTURES, needle, specimen

COUNTS = {"train": 9, "validation": 9, "test": 9, "ood": 9}


def drawn(count: int, size: int, mixture: str = "specimens", start: int = 0) -> np.ndarray:
    return np.stack([specimen(np.random.default_rng(start + seed), size, mixture) for seed in range(count)])


@pytest.mark.parametrize("mixture", MIXTURES)
def test_specimens_are_relative_attenuation_on_nothing(mixture):
    images = drawn(60, 96, mixture)
    axis = (np.arange(96) + 0.5) / 96 - 0.5
    radius = np.hypot(axis[:, None], axis)
    assert images.dtype == np.float32 and np.isfinite(images).all()
    assert images.min() == 0 and images.max() <= 1
    assert images[:, radius > EDGE + 0.02].max() == 0, "what is drawn stays in the field of view"
    assert (images.max(axis=(1, 2)) > 0.08).all(), "there is something in each"


def test_a_specimen_is_a_pure_function_of_its_generator_at_any_resolution():
    a, b, others = drawn(30, 64), drawn(30, 64), drawn(30, 64, start=30)
    assert np.array_equal(a, b)
    halves = drawn(30, 128).reshape(30, 64, 2, 64, 2).mean(axis=(2, 4))
    norm = [np.linalg.norm(part, axis=(1, 2)) for part in (halves - a, a, others - a)]
    assert np.median(norm[0] / norm[1]) < 0.12 and np.median(norm[2] / norm[1]) > 0.5


def test_specimens_cover_what_the_two_series_show():
    """Radii and densities of the needle, 0.32 to 0.05 and 0.14 to 0.9, and a ball of 0.39 and 0.33 with particles."""
    images = drawn(400, 64)
    radii = np.sqrt((images > 0.05).mean(axis=(1, 2)) / np.pi)
    assert np.percentile(radii, 3) < 0.06 and np.percentile(radii, 97) > 0.36
    inside = np.array([np.median(image[image > 0.05]) for image in images])
    assert np.percentile(inside, 5) < 0.2 and np.percentile(inside, 95) > 0.75
    particles = [(image > 0.55).sum() for image, middle in zip(images, inside, strict=True) if middle < 0.4]
    assert np.mean(np.array(particles) > 0) > 0.5, "light bodies carry dense particles"


def test_specimens_lie_any_way_round():
    """The symmetries that the problem declares are those of the distribution: no direction has more mass."""
    axis = (np.arange(48) + 0.5) / 48 - 0.5
    images = drawn(400, 48)
    images /= images.sum(axis=(1, 2), keepdims=True)
    x, y = images.sum(axis=1) @ axis, images.sum(axis=2) @ axis
    wide = images.sum(axis=1) @ axis**2 - images.sum(axis=2) @ axis**2
    for values in (x, y, wide):
        assert abs(values.mean()) < 4 * values.std() / np.sqrt(len(values))


def test_the_ood_mixture_differs_in_distribution():
    from scipy.stats import ks_2samp

    def features(mixture: str, start: int) -> np.ndarray:
        images = drawn(60, 64, mixture, start)
        return np.array([(image.mean(), np.abs(np.diff(image)).mean() / image.mean()) for image in images])

    inside, again, outside = features("specimens", 0), features("specimens", 1000), features("ood", 2000)
    for feature in range(2):
        assert ks_2samp(inside[:, feature], again[:, feature]).pvalue > 1e-3, "the same mixture"
    assert min(ks_2samp(inside[:, feature], outside[:, feature]).pvalue for feature in range(2)) < 1e-6


def test_wrong_mixtures_and_sizes_are_named():
    with pytest.raises(ValueError, match="mixture 'needles' is unknown: choose from specimens, ood"):
        specimen(np.random.default_rng(0), 32, "needles")
    with pytest.raises(ValueError, match="size is 4"):
        specimen(np.random.default_rng(0), 4)


def test_the_problem_draws_them_and_its_ood_split_is_their_ood_mixture():
    said = {"image_size": 32, "angles": 10, "noise_level": 0.0, "oversampling": 1, "source": {"kind": "specimens"}}
    problem = ct.CT(ct.Settings(**said))
    assert not problem.shares_samples and problem.archives == []
    for split, number, mixture in (("train", 0, "specimens"), ("ood", 3, "ood")):
        x, _ = problem.draw(split, np.arange(1), 0, COUNTS)
        stream = np.random.SeedSequence([0, number, 0]).spawn(2)[0]
        assert np.array_equal(x[0, 0], specimen(np.random.default_rng(stream), 32, mixture))


def test_needles_are_half_of_them():
    assert dict((draw, weight) for weight, draw in MIXTURES["specimens"])[needle] == 0.5
