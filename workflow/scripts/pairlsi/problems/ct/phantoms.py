"""Procedural slices through a tube packed with nuts, dried fruit and stones, in the manner of 2DeteCT.

A phantom is a tube cross-section with a granular filler and about 8 to 16 bodies packed in it without overlap. The
outline of a body is an ellipse, bent perhaps, times a radial Fourier series; inside it is solid, spotted with seeds
or pores, or a shell around a void with a kernel. Two mixtures share the container and the intensity scale:
``trail-mix``, and ``ood`` with other kinds, sizes, numbers and contrasts of bodies in another filler.

Every random number is drawn before anything is rasterised and lengths are fractions of the image width, so one seed
gives the same slice at every size, seen at another resolution.
"""

from dataclasses import dataclass

import numpy as np

from pairlsi.problems.ct.mixtures import MIXTURES, Kind, Mixture, Range
from pairlsi.problems.ct.raster import cover, noise, radial, ramp

Placed = list[tuple["Body", complex]]

GRAINS = 72  # cells of the fine noise across the image: about 1.4 % of the width, the size of a small seed
CLOUDS = 14  # cells of the coarse noise: as large as a body
CANDIDATES = 48  # positions tried for a body; one that fits at none of them is left out
COVER = np.linspace(-1, 1, 5)  # circles along the long axis that stand for a body while packing
GAP = 0.004  # clearance kept between packed bodies


HARMONICS = max(kind.harmonics for mixture in MIXTURES.values() for _, kind in mixture.kinds)
TURNS = np.exp(2j * np.pi * np.outer(np.arange(HARMONICS + 1), np.arange(64)) / 64)  # e^{ikθ} at 64 angles θ


@dataclass(frozen=True)
class Body:
    """A body with all that was drawn for it; points of the plane are complex numbers in image widths.

    ``axes`` are its long and short half-axis, ``outline`` and ``core`` the Fourier coefficients of itself and its
    kernel; ``circles`` (5,) the centres, relative to its own, of circles of radius ``axes[1]`` that cover it.
    """

    kind: Kind
    axes: Range
    turn: float
    bend: float
    density: float
    shell: float
    kernel: float
    kernel_density: float
    sign: float  # of its texture, which is a window on noise that all bodies share
    outline: np.ndarray
    core: np.ndarray
    circles: np.ndarray


def phantom(rng: np.random.Generator, size: int, mixture: str = "trail-mix") -> np.ndarray:
    """One random slice: relative attenuation (size, size) float32 within [0, 1], air 0, the container centred.

    The slice depends on nothing but ``rng`` and ``mixture``; ``size`` only sets the resolution.
    Raises ValueError for an unknown mixture or a size below 8.
    """
    if mixture not in MIXTURES:
        raise ValueError(f"mixture {mixture!r} is unknown: choose from {', '.join(MIXTURES)}")
    if size < 8:
        raise ValueError(f"size is {size}: a phantom needs at least 8 pixels a side")
    recipe = MIXTURES[mixture]
    outer = rng.uniform(0.465, 0.48)
    inner = outer - rng.uniform(0.012, 0.018)
    wall = rng.uniform(0.30, 0.36)
    filler = rng.uniform(*recipe.filler)
    centre = complex(*rng.uniform(-0.01, 0.01, 2))
    fine = noise(rng, GRAINS, size)
    coarse = noise(rng, CLOUDS, size)
    placed = _pack(rng, _draw_bodies(rng, recipe), inner - GAP, centre)

    axis = ((np.arange(size) + 0.5) / size - 0.5).astype(np.float32)
    radius = np.hypot(axis[None, :] - np.float32(centre.real), axis[:, None] - np.float32(centre.imag))
    image = np.maximum(filler * (1 + 0.35 * fine + 0.15 * coarse), 0)
    image *= cover((recipe.pockets - coarse) * np.float32(0.02), size)  # 0.02: width over which a pocket fades
    for body, position in placed:
        _paint(image, body, position, axis, fine, coarse)
    image += (wall - image) * cover(radius - inner, size)
    image *= cover(outer - radius, size)
    return ramp(image)


def _outlines(rng: np.random.Generator, kinds: list[Kind], gain: float) -> np.ndarray:
    """Coefficients c_0, 0, c_2, … (bodies, harmonics + 1) of the radius Re Σ c_k e^{ikθ}, its largest value 1."""
    order = np.arange(2, HARMONICS + 1)
    size, decay, last = np.array([(kind.roughness, kind.decay, kind.harmonics) for kind in kinds]).T[:, :, None]
    spread, phase = rng.random((2, len(kinds), order.size))
    coefficients = np.zeros((len(kinds), HARMONICS + 1), complex)
    coefficients[:, 0] = 1
    coefficients[:, 2:] = gain * size * (order / 2) ** -decay * (order <= last) * (0.5 + spread)  # k = 1 only shifts
    coefficients[:, 2:] *= np.exp(2j * np.pi * phase)
    return (coefficients / (coefficients @ TURNS).real.max(axis=1, keepdims=True)).astype(np.complex64)


def _draw_bodies(rng: np.random.Generator, recipe: Mixture) -> list[Body]:
    weights = np.array([weight for weight, _ in recipe.kinds], float)
    count = rng.integers(recipe.bodies[0], recipe.bodies[1] + 1)
    kinds = [recipe.kinds[i][1] for i in rng.choice(len(weights), size=count, p=weights / weights.sum())]
    bodies = []
    for kind, outline, core in zip(kinds, _outlines(rng, kinds, 1.0), _outlines(rng, kinds, 1.4), strict=True):
        ranges = (kind.size, kind.aspect, (0, 2 * np.pi), kind.bend, kind.density, kind.shell, kind.kernel)
        pairs = zip((*ranges, kind.kernel_density), rng.random(len(ranges) + 1), strict=True)
        long, aspect, turn, bend, *rest = (low + (high - low) * t for (low, high), t in pairs)
        along = COVER * long * (1 - aspect)
        circles = (along + 1j * bend * (along**2 / long - long / 3)) * np.exp(1j * turn)
        sign = 1.0 if rng.random() < 0.5 else -1.0
        top = kind.harmonics + 1
        bodies.append(Body(kind, (long, long * aspect), turn, bend, *rest, sign, outline[:top], core[:top], circles))
    return bodies


def _pack(rng: np.random.Generator, bodies: list[Body], radius: float, centre: complex) -> Placed:
    """Place the largest first, each where it fits most snugly among random positions: dense, yet disordered."""
    placed: Placed = []
    across, down, radii = np.zeros((3, 0), np.float32)  # the circles that cover the bodies placed so far
    turn, reach = rng.random((2, len(bodies), CANDIDATES))
    spots = np.sqrt(reach) * np.exp(2j * np.pi * turn)
    for body, spot in zip(sorted(bodies, key=lambda body: -body.axes[0] * body.axes[1]), spots, strict=True):
        width = body.axes[1]
        offsets = (radius - width) * spot
        circles = offsets[:, None] + body.circles
        snug = 3 * (radius - width - np.abs(circles).max(axis=1))  # wall: counts a third, or the middle stays empty
        circles += centre
        x, y = circles.real.astype(np.float32), circles.imag.astype(np.float32)
        if placed:
            dx, dy = x.reshape(-1, 1) - across, y.reshape(-1, 1) - down
            gaps = (np.sqrt(dx * dx + dy * dy) - radii).reshape(CANDIDATES, -1).min(axis=1) - width - GAP
            snug = np.minimum(snug, gaps)
        best = np.where(snug < 0, np.inf, snug).argmin()
        if snug[best] >= 0:
            placed.append((body, centre + offsets[best]))
            across, down = np.concatenate([across, x[best]]), np.concatenate([down, y[best]])
            radii = np.concatenate([radii, np.full(COVER.size, width, np.float32)])
    return placed


def _paint(image: np.ndarray, body: Body, position: complex, axis: np.ndarray, fine: np.ndarray, coarse: np.ndarray):
    """Draw one body into ``image`` (size, size), touching only its bounding box."""
    kind, size, (long, short) = body.kind, axis.size, body.axes
    reach = np.abs(body.circles).max() + short
    corners = [
        (max(int((at - reach + 0.5) * size), 0), int((at + reach + 0.5) * size) + 2)
        for at in (position.imag, position.real)
    ]
    rows, columns = box = tuple(slice(*corner) for corner in corners)
    turn = np.exp(1j * body.turn)  # w: coordinates along both axes in which the ellipse is the unit circle
    right, down = complex(turn.real / long, -turn.imag / short), complex(turn.imag / long, turn.real / short)
    w = np.add.outer(
        np.complex64(down) * (axis[rows] - np.float32(position.imag)),
        np.complex64(right) * (axis[columns] - np.float32(position.real)),
    )
    if body.bend:
        w.imag -= np.float32(body.bend * long / short) * (w.real**2 - np.float32(1 / 3))
    rho = np.abs(w) + np.float32(1e-6)
    unit = w / rho
    scale = np.float32(np.sqrt(long * short))
    depth = (radial(body.outline, unit) - rho) * scale

    texture = np.float32(body.sign * kind.mottle) * coarse[box] + np.float32(body.sign * kind.grain) * fine[box]
    value = np.float32(body.density) * (1 + texture)
    if kind.spots:
        contrast, threshold = kind.spots
        value += np.float32(body.density * contrast) * ramp((fine[box] - np.float32(threshold)) * 2)
    if body.shell:
        core = np.zeros_like(value)
        if body.kernel:
            core += np.float32(body.kernel_density) * (1 + texture)
            core *= cover((np.float32(body.kernel) * radial(body.core, unit) - rho) * scale, size)
        value += (core - value) * cover(depth - np.float32(body.shell * short), size)
    target = image[box]
    target += (value - target) * cover(depth, size)
