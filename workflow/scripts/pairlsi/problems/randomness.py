"""Random numbers of a sample: streams that depend on nothing but the sample, and noise of a given relative size."""

from collections.abc import Sequence

import numpy as np

from pairlsi.core.base import SPLITS


def streams(seed: int, split: str, index: int) -> tuple[np.random.Generator, np.random.Generator]:
    """Generators of x and of the noise of sample `index` of a split, whatever else is drawn.

    Raises ValueError for an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"split {split!r} is unknown: choose from {', '.join(SPLITS)}")
    of_x, of_noise = np.random.SeedSequence([seed, SPLITS.index(split), int(index)]).spawn(2)
    return np.random.default_rng(of_x), np.random.default_rng(of_noise)


def add_noise(y: np.ndarray, generators: Sequence[np.random.Generator], level: float) -> None:
    """Add white Gaussian noise ε with ‖ε‖ = level ‖y‖ to each sample of y (N, C, H, W), in place.

    Source: METHOD.md, Example 1.
    """
    for data, rng in zip(y, generators, strict=True):
        noise = rng.standard_normal(data.shape)
        noise *= level * np.linalg.norm(data.astype(float)) / np.linalg.norm(noise)
        data += noise
