"""Random 2-D p-wave velocity models between two wells: bedding, folded, tilted, faulted, with lenses in it.

A point of a model is carried back to where it lay before the rock was deformed, faults last to first, then fold and
tilt; there the rock is a stack of flat layers with elliptic lenses. So faults shift layers and lenses along the line
of the fault, and lenses bend with the bedding. The kind ``intruded``, for what is out of distribution, has bodies
instead that ignore the bedding: straight dykes and turned ellipses.

**The pixel-wise mean over models is uniform** (METHOD.md, Example 2), exactly and not merely nearly: velocity is mean +
contrast · deviation, the deviation of each layer and body is drawn from a distribution symmetric about 0 without
regard to its place, and the smoothing over a cell is linear. Positions are drawn over more than the model, so that its
edges are no different either. Lengths are in model depths; the recipe is our own. Layers are thick beside a
wavelength: what a laptop's few thousand examples can teach, and what shifts whole arrivals by more than half a period,
so that inversion from the mean model meets other minima.
"""

import numpy as np

KINDS = ("folded", "intruded")
SUBCELLS = 2  # points a side of a cell whose mean its velocity is: slanted boundaries show fewer stairs
THICKNESS = (0.2, 0.6)  # of a layer
TILT = 0.35  # largest dip, as a slope
FOLD = ((0.0, 0.12), (0.5, 1.8))  # amplitude and wavelength of the fold
FAULTS = (0.40, 0.45, 0.15)  # chances of 0, 1, 2 faults
THROW = (0.1, 0.25)  # displacement along a fault
FAULT_DIP = (0.28, 0.45)  # angle of a fault with the horizontal over pi; either way
LENSES = ((0.25, 0.5), (0.08, 0.16))  # semi-axes along and across the bedding
LENS_DENSITY = 0.35  # mean number of lens centres per square of a depth's side
BODIES = ((0.12, 0.25), (0.5, 1.0))  # long semi-axis of an intruded body, and short over long
DYKES = (0.03, 0.07)  # half the thickness of a dyke


def velocity_model(
    rng: np.random.Generator, rows: int, columns: int, mean: float, contrast: float, kind: str = "folded"
) -> np.ndarray:
    """One model (rows, columns) float32 in m/s, within [mean - contrast, mean + contrast]; rows go down.

    A pure function of ``rng`` and the arguments; the same rng gives the same rock at every resolution of one shape.
    ``kind`` is "folded" or "intruded". Raises ValueError for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is unknown: choose from {', '.join(KINDS)}")
    width = columns / rows
    x = (np.arange(columns * SUBCELLS) + 0.5) / (rows * SUBCELLS) + np.zeros((rows * SUBCELLS, 1))
    z = (np.arange(rows * SUBCELLS)[:, None] + 0.5) / (rows * SUBCELLS) + np.zeros(columns * SUBCELLS)
    place_x, place_z = x, z
    for _ in range(rng.choice(len(FAULTS), p=FAULTS)):
        place_x, place_z = _unfault(rng, place_x, place_z, width)
    depth = _unfold(rng, place_x, place_z, width)
    deviation = _layers(rng, depth, width)
    if kind == "folded":
        _add_lenses(rng, deviation, place_x, depth, width)
    else:
        _add_intrusions(rng, deviation, x, z, width)
    deviation = deviation.reshape(rows, SUBCELLS, columns, SUBCELLS).mean(axis=(1, 3))
    return np.clip(mean + contrast * deviation, mean - contrast, mean + contrast).astype(np.float32)


def _unfault(rng: np.random.Generator, x: np.ndarray, z: np.ndarray, width: float):
    """Coordinates before one fault: the rock on one side of a dipping line slid along it."""
    angle = np.pi * rng.uniform(*FAULT_DIP) * rng.choice([-1, 1])
    along_x, along_z = np.cos(angle), np.sin(angle)
    centre_x, centre_z = rng.uniform(-0.25, width + 0.25), rng.uniform(-0.25, 1.25)
    slid = rng.uniform(*THROW) * rng.choice([-1, 1]) * ((x - centre_x) * along_z > (z - centre_z) * along_x)
    return x - along_x * slid, z - along_z * slid


def _unfold(rng: np.random.Generator, x: np.ndarray, z: np.ndarray, width: float) -> np.ndarray:
    """Depth in the undeformed stack; tilt and fold pivot on the middle of the model."""
    amplitude, wavelength = rng.uniform(*FOLD[0]), rng.uniform(*FOLD[1])
    fold = amplitude * np.sin(2 * np.pi / wavelength * x + rng.uniform(0, 2 * np.pi))
    return z - rng.uniform(-TILT, TILT) * (x - width / 2) - fold


def _reach(width: float) -> float:
    """How far above or below the model a point of it may have come from."""
    slid = (len(FAULTS) - 1) * THROW[1]
    return FOLD[0][1] + slid + TILT * (width / 2 + slid)


def _layers(rng: np.random.Generator, depth: np.ndarray, width: float) -> np.ndarray:
    """Deviation in [-1, 1] of the layer that each point of the stack lies in; neighbours are independent."""
    reach = _reach(width)
    count = int((1 + 2 * reach) / THICKNESS[0]) + 12
    # one model is thinly bedded, another thickly; the first layers lie above all that can be seen
    thickness = rng.uniform(THICKNESS[0], rng.uniform(*THICKNESS), count)
    bottoms = np.cumsum(thickness) - reach - rng.uniform(1, 2) * THICKNESS[1]
    return rng.uniform(-1, 1, count + 1)[np.searchsorted(bottoms, depth.ravel())].reshape(depth.shape)


def _add_lenses(rng: np.random.Generator, deviation: np.ndarray, x: np.ndarray, depth: np.ndarray, width: float):
    """Overwrite ``deviation`` where elliptic lenses lie along the bedding."""
    margin, reach = LENSES[0][1] + (len(FAULTS) - 1) * THROW[1], _reach(width) + LENSES[1][1]
    area = (width + 2 * margin) * (1 + 2 * reach)
    for _ in range(rng.poisson(LENS_DENSITY * area)):
        along, across = rng.uniform(*LENSES[0]), rng.uniform(*LENSES[1])
        centre_x, centre_z = rng.uniform(-margin, width + margin), rng.uniform(-reach, 1 + reach)
        inside = ((x - centre_x) / along) ** 2 + ((depth - centre_z) / across) ** 2 < 1
        deviation[inside] = rng.uniform(-1, 1)


def _add_intrusions(rng: np.random.Generator, deviation: np.ndarray, x: np.ndarray, z: np.ndarray, width: float):
    """Overwrite ``deviation`` where one or two bodies and a dyke, on average, cut through the rock."""
    margin = BODIES[0][1]
    for is_dyke in rng.permutation([True, *[False] * rng.integers(1, 5)]):
        turn = rng.uniform(0, np.pi)
        centre_x, centre_z = rng.uniform(-margin, width + margin), rng.uniform(-margin, 1 + margin)
        along = (x - centre_x) * np.cos(turn) + (z - centre_z) * np.sin(turn)
        across = (z - centre_z) * np.cos(turn) - (x - centre_x) * np.sin(turn)
        if is_dyke:
            inside = np.abs(across) < rng.uniform(*DYKES)
        else:
            size = rng.uniform(*BODIES[0])
            inside = along**2 + (across / rng.uniform(*BODIES[1])) ** 2 < size**2
        deviation[inside] = rng.uniform(-1, 1)
