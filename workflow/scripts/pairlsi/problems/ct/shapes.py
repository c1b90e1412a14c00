"""What specimens are drawn of: a canvas, bodies with outlines of a few Fourier coefficients, others with corners."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pairlsi.problems.ct.raster import cover, noise, radial

GRAINS = 56  # cells of the fine noise across the image
CLOUDS = 12  # of the coarse noise
DIRECTIONS = np.exp(2j * np.pi * np.arange(64) / 64)


@dataclass(frozen=True)
class Canvas:
    """The grid that a slice is drawn on, and its noise; points of the plane are complex numbers in image widths."""

    size: int
    plane: np.ndarray  # (size, size) complex64
    fine: np.ndarray  # (size, size), of about unit variance
    coarse: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.Generator, size: int) -> "Canvas":
        """One of ``size`` pixels a side, with noise of its own."""
        return cls(size, _plane(size), noise(rng, GRAINS, size), noise(rng, CLOUDS, size))

    def near(self, point: complex, reach: float) -> tuple[slice, slice]:
        """The rows and columns of what lies within ``reach`` of a point."""
        return tuple(
            slice(max(int((at - reach + 0.5) * self.size), 0), max(int((at + reach + 0.5) * self.size) + 2, 0))
            for at in (point.imag, point.real)
        )


@dataclass(frozen=True)
class Shape:
    """An ellipse with half-axes ``long`` and ``long * aspect``, turned by ``turn``, times a radial Fourier series."""

    centre: complex
    long: float
    aspect: float
    turn: complex
    series: np.ndarray  # complex64, its largest radius 1

    def depth(self, plane: np.ndarray) -> np.ndarray:
        """How far inside the edge points lie, about; image widths, negative outside."""
        w = (plane - np.complex64(self.centre)) * np.complex64(self.turn.conjugate() / self.long)
        if self.aspect < 1:
            w.imag /= np.float32(self.aspect)
        rho = np.abs(w) + np.float32(1e-6)
        return (radial(self.series, w / rho) - rho) * np.float32(self.long * self.aspect**0.5)

    def border(self, towards: complex) -> complex:
        """The point of the edge in a direction of the unit circle of the ellipse."""
        w = towards * radial(self.series, np.array([towards], np.complex64))[0]
        return self.centre + (w.real + 1j * self.aspect * w.imag) * self.long * self.turn


@lru_cache(maxsize=4)
def _plane(size: int) -> np.ndarray:
    axis = (np.arange(size) + 0.5) / size - 0.5
    return (axis[None, :] + 1j * axis[:, None]).astype(np.complex64)


def direction(rng: np.random.Generator) -> complex:
    """A point of the unit circle."""
    return complex(np.exp(2j * np.pi * rng.random()))


def normal(series: np.ndarray) -> np.ndarray:
    """The coefficients, their largest radius made 1."""
    return (series / radial(series, DIRECTIONS).max()).astype(np.complex64)


def outlined(rng: np.random.Generator, centre: complex, long: float, aspect: float, rough: float, harmonics: int):
    """A `Shape` turned any way, its Fourier coefficients of magnitude about rough / k from k = 2 on."""
    order = np.arange(2, harmonics + 1)
    spread, phase = rng.random((2, order.size))
    series = np.zeros(harmonics + 1, complex)
    series[0] = 1
    series[2:] = 2 * rough / order * (0.5 + spread) * np.exp(2j * np.pi * phase)
    return Shape(complex(centre), long, aspect, direction(rng), normal(series))


def grain(rng: np.random.Generator, canvas: Canvas, most: float) -> np.ndarray:
    """A factor about 1 that varies finely and coarsely."""
    fine, coarse = rng.uniform(-most, most, 2).astype(np.float32)
    return 1 + fine * canvas.fine + coarse * canvas.coarse


def paint(canvas: Canvas, image: np.ndarray, shape: Shape, density: float) -> None:
    """Put a small body in place of what is there, touching only its surroundings."""
    box = canvas.near(shape.centre, shape.long)
    image[box] += (np.float32(density) - image[box]) * cover(shape.depth(canvas.plane[box]), canvas.size)


def paint_corners(rng, canvas: Canvas, image: np.ndarray, centre: complex, reach: float, density: float) -> None:
    """The same for a convex body of 4 to 7 straight faces."""
    faces = np.exp(2j * np.pi * (np.arange(n := rng.integers(4, 8)) + 0.5 * rng.random(n)) / n)
    box = canvas.near(centre, 1.5 * reach)
    away = canvas.plane[box] - np.complex64(centre)
    depth = np.minimum.reduce(
        [np.float32(0.8 * reach) - (away * np.complex64(face.conjugate())).real for face in faces]
    )
    image[box] += (np.float32(density) - image[box]) * cover(depth, canvas.size)
