"""What procedural images are drawn with: edges that cover pixels in part, smooth noise, outlines as Fourier series."""

from functools import lru_cache

import numpy as np


def ramp(values: np.ndarray) -> np.ndarray:
    """Limit to [0, 1] in place: np.clip costs several times as much on arrays as small as a body."""
    return np.minimum(np.maximum(values, 0, out=values), 1, out=values)


def cover(depth: np.ndarray, size: int) -> np.ndarray:
    """Share of a pixel that lies inside an edge, from the depth of its centre inside that edge in image widths."""
    return ramp(depth * np.float32(size) + np.float32(0.5))


@lru_cache(maxsize=16)
def _spline(size: int, cells: int) -> np.ndarray:
    """Quadratic B-spline interpolation (size, cells + 3), scaled so that unit white noise keeps unit mean power."""
    at = (np.arange(size) + 0.5) / size * cells + 1
    distance = np.abs(at[:, None] - np.arange(cells + 3)[None, :])
    weights = np.where(distance < 0.5, 0.75 - distance**2, np.maximum(1.5 - distance, 0) ** 2 / 2)
    return (weights / np.sqrt(0.55)).astype(np.float32)  # 0.55: mean over a cell of the sum of squared weights


def noise(rng: np.random.Generator, cells: int, size: int) -> np.ndarray:
    """Smooth noise (size, size) of about unit variance that varies over 1 / cells of the width."""
    weights = _spline(size, cells)
    return weights @ rng.standard_normal((cells + 3, cells + 3), dtype=np.float32) @ weights.T


def radial(coefficients: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Re Σ c_k unit^k by Horner's rule: an outline without a trigonometric function a pixel."""
    total = coefficients[-1] * unit
    for coefficient in coefficients[-2:0:-1]:
        total += coefficient
        total *= unit
    return total.real + coefficients[0].real
