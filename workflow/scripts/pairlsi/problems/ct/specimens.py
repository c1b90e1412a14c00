"""Procedural slices through specimens of electron tomography: particles on a support, and needles of layers.

A slice lies in empty surroundings, any way round, as if its tilt axis ran through the middle. Kinds of slices:

- a support, one or a few round bodies, a lump or a film, of low density, with small dense particles on it and in it;
- a needle, seen across: round or with corners, plain or with a gradient, shells or stacked layers of other densities,
  a rim, holes and inclusions, and grains;
- in the mixture ``ood`` neither: porous cages that hold particles with cores, and stars and rods beside each other.

Brightness in high-angle annular dark field images grows with mass and thickness, so "relative attenuation" is density
here; 1 is more than the densest material. How large, dense and grainy things are was set by eye beside reconstructions
of the two tilt series that `tilt_series` reads, so that slices of both look at home among the drawn ones.

What is drawn does not depend on the resolution: one seed gives the same slice at every size.
"""

from collections.abc import Callable

import numpy as np

from pairlsi.problems.ct.raster import cover, ramp
from pairlsi.problems.ct.shapes import Canvas, Shape, direction, grain, normal, outlined, paint, paint_corners

EDGE = 0.47  # what is drawn stays within this distance from the middle, in image widths


def specimen(rng: np.random.Generator, size: int, mixture: str = "specimens") -> np.ndarray:
    """One random slice: relative attenuation (size, size) float32 within [0, 1], 0 around the specimen.

    The slice depends on nothing but ``rng`` and ``mixture``; ``size`` only sets the resolution.
    Raises ValueError for an unknown mixture or a size below 8.
    """
    if mixture not in MIXTURES:
        raise ValueError(f"mixture {mixture!r} is unknown: choose from {', '.join(MIXTURES)}")
    if size < 8:
        raise ValueError(f"size is {size}: a specimen needs at least 8 pixels a side")
    weights = np.array([weight for weight, _ in MIXTURES[mixture]], float)
    draw = MIXTURES[mixture][rng.choice(len(weights), p=weights / weights.sum())][1]
    canvas = Canvas.drawn(rng, size)
    return ramp(draw(rng, canvas))


def supported(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """A support of low density, perhaps with pores, and particles on its surface and inside."""
    bodies = rng.choice([_round, _lump, _film, _pile], p=[0.5, 0.15, 0.2, 0.15])(rng)
    density = rng.uniform(0.12, 0.5)
    image = _solid(rng, canvas, bodies, density, 0.05)
    if rng.random() < 0.2:
        _spots(rng, canvas, image, bodies, rng.integers(1, 6), (0.01, 0.06), (0.0, 0.3 * density))
    heavy = rng.uniform(0.55, 0.98)
    on_surface = rng.choice([0.2, 0.6, 1.0])
    largest = rng.uniform(0.02, 0.06)
    for _ in range(rng.integers(1, 5) if rng.random() < 0.6 else rng.integers(5, 25)):
        body = bodies[rng.integers(len(bodies))]
        # half a particle's depth in the support or out of it, or anywhere inside
        at = body.border(direction(rng)) - body.centre
        at *= rng.uniform(0.93, 1.07) if rng.random() < on_surface else rng.random() ** 0.5
        long = 0.007 * (largest / 0.007) ** rng.random()
        particle = outlined(rng, body.centre + at, long, rng.uniform(0.75, 1), 0.05 * rng.random(), 6)
        paint(canvas, image, particle, heavy * rng.uniform(0.88, 1.02))
    return image


def needle(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """A needle across its axis: any size down to its tip, one material or several."""
    centre = complex(*rng.normal(0, 0.015, 2))
    long = rng.uniform(0.04, 0.36)
    rough = rng.uniform(0, 0.05) + (0.12 * rng.random() if long < 0.12 else 0)  # tips are ragged
    shape = outlined(rng, centre, min(long, EDGE - abs(centre)), rng.uniform(0.85, 1), rough, 7)
    density = rng.uniform(0.1, 0.95)
    depth = shape.depth(canvas.plane)
    value = np.full(depth.shape, np.float32(density))
    inside = rng.random()
    if inside < 0.25:  # shells
        levels = [rng.uniform(0.05, 0.95) * long for _ in range(rng.integers(1, 4))]
        value *= _levels(rng, depth, levels)
    elif inside < 0.55:  # stacked layers, or one material that gives way to another
        across = ((canvas.plane - centre) * np.complex64(direction(rng))).real
        levels = [rng.uniform(-0.9, 0.9) * long for _ in range(rng.integers(1, 5))]
        value *= _levels(rng, across, levels)
    if rng.random() < 0.4:
        value *= 1 + np.float32(rng.uniform(-0.25, 0.25)) * cover(rng.uniform(0.01, 0.05) - depth, canvas.size)
    value *= grain(rng, canvas, 0.07)
    value *= cover(depth, canvas.size)
    if rng.random() < 0.3:
        bright = rng.random() < 0.5
        densities = (0.8, 0.98) if bright else (0.0, 0.7 * density)
        _spots(rng, canvas, value, [shape], rng.integers(1, 7), (0.006, 0.12 * long + 0.006), densities)
    return value


def cage(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """A porous body that holds particles with corners, each around a lighter or denser core."""
    bodies = _round(rng) if rng.random() < 0.5 else _lump(rng)
    image = _solid(rng, canvas, bodies, rng.uniform(0.2, 0.55), 0.05)
    image *= cover((rng.uniform(0.2, 1.0) - canvas.coarse) * np.float32(0.02), canvas.size)
    for _ in range(rng.integers(3, 10)):
        body = bodies[rng.integers(len(bodies))]
        at = body.centre + (body.border(direction(rng)) - body.centre) * rng.random() ** 0.5
        long = rng.uniform(0.025, 0.07)
        paint_corners(rng, canvas, image, at, long, rng.uniform(0.5, 0.95))
        paint_corners(rng, canvas, image, at, long * rng.uniform(0.4, 0.7), rng.uniform(0.2, 0.95))
    return image


def stars_and_rods(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Stars of few rays and rods of all densities beside and upon each other, on nothing."""
    image = np.zeros_like(canvas.fine)
    for _ in range(rng.integers(2, 7)):
        at = 0.3 * rng.random() ** 0.5 * direction(rng)
        if rng.random() < 0.5:
            series = np.zeros(7, complex)
            series[0], series[rng.integers(3, 7)] = 1, rng.uniform(0.25, 0.45) * direction(rng)
            shape = Shape(at, rng.uniform(0.06, 0.16), 1.0, direction(rng), normal(series))
        else:
            shape = outlined(rng, at, rng.uniform(0.08, 0.16), rng.uniform(0.12, 0.3), 0.02, 4)
        paint(canvas, image, shape, rng.uniform(0.25, 0.95))
    return image * grain(rng, canvas, 0.05)


MIXTURES: dict[str, list[tuple[float, Callable]]] = {
    "specimens": [(0.5, supported), (0.5, needle)],
    "ood": [(0.5, cage), (0.5, stars_and_rods)],
}


def _round(rng: np.random.Generator) -> list[Shape]:
    centre = complex(*rng.normal(0, 0.01, 2))
    long = 0.42 - 0.36 * rng.random() ** 1.5
    return [outlined(rng, centre, long, rng.uniform(0.75, 1) if rng.random() < 0.5 else 1.0, 0.02 * rng.random(), 4)]


def _lump(rng: np.random.Generator) -> list[Shape]:
    return [outlined(rng, 0.06 * rng.random() * direction(rng), rng.uniform(0.15, 0.38), rng.uniform(0.5, 1), 0.12, 8)]


def _film(rng: np.random.Generator) -> list[Shape]:
    long = rng.uniform(0.3, 0.42)
    return [outlined(rng, 0.04 * rng.random() * direction(rng), long, rng.uniform(0.04, 0.12) / long, 0.03, 5)]


def _pile(rng: np.random.Generator) -> list[Shape]:
    count, bodies = rng.integers(2, 6), []
    for _ in range(count):
        at = rng.uniform(0.05, 0.25) * direction(rng)
        bodies.append(outlined(rng, at, rng.uniform(0.06, 0.18), rng.uniform(0.7, 1), 0.03, 5))
    return bodies


def _solid(rng, canvas: Canvas, bodies: list[Shape], density: float, most: float) -> np.ndarray:
    """The union of some bodies, of one density with grains."""
    depth = np.maximum.reduce([body.depth(canvas.plane) for body in bodies])
    return np.float32(density) * grain(rng, canvas, most) * cover(depth, canvas.size)


def _levels(rng: np.random.Generator, along: np.ndarray, edges: list[float]) -> np.ndarray:
    """A factor between 0.15 and 1.15 that changes at some places of a coordinate, sharply or over a distance."""
    value = np.ones_like(along)
    for edge in sorted(edges):
        wide = np.float32(0.004 * (0.25 / 0.004) ** rng.random())
        value += (np.float32(rng.uniform(0.15, 1.15)) - value) * ramp((along - np.float32(edge)) / wide + 0.5)
    return value


def _spots(rng, canvas: Canvas, image: np.ndarray, bodies: list[Shape], count: int, sizes, densities) -> None:
    """Holes or inclusions within some bodies."""
    for _ in range(count):
        body = bodies[rng.integers(len(bodies))]
        at = body.centre + 0.85 * rng.random() ** 0.5 * (body.border(direction(rng)) - body.centre)
        long = rng.uniform(*sizes)
        paint(canvas, image, outlined(rng, at, long, rng.uniform(0.5, 1), 0.05, 5), rng.uniform(*densities))
