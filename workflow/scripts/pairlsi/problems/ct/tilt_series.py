"""Tilt series of electron tomography as data y of the CT problem: a sinogram for each slice across the tilt axis.

What is in the files was found by looking (`tilt_files` says whose they are), by the laws that sinograms of one slice
obey: the sum over the bins is the same in every view, and the centre of mass goes as a cos θ + b sin θ + c, where c is
where the rotation axis stands on the detector.

- In both, images are (rows, columns) and the last axis is the position on the tilt axis; the rows are the bins of the
  detector. Taken so, centres of mass lie off their sinusoids by 0.08 of a row (needle) and 0.001 (catalyst), and sums
  vary over the views by 1 to 3.5 % and by 5e-6; with rows and columns exchanged, centres are off by 0.8 and 1.5 rows.
- needle: measured, 77 tilts from -76° to 76°, 256 × 256 pixels of 3.36 nm. Its rotation axis stands at c = +0.5 rows
  beyond the middle of the detector (0.52 in the median over slices; residuals of least squares are smallest there too),
  that is on the centre of row 128. At the first 12 columns the alignment has cut off some of the images: sums vary by
  more than 6 %; columns beyond 200 are past the tip. Around the needle are 22 counts of up to 64200.
- catalyst: simulated, without noise, 90 tilts from 0° to 178°, 600 × 600: a ball with particles on it and in it. The
  axis is in the middle (c = 0.0003), the background 0; columns 97 to 503 are not empty.

The direction in which the stage turns is not known, so that a slice may be its own mirror image.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from pairlsi.problems.backprojection import filtered_backprojection
from pairlsi.problems.ct.tilt_files import FILES, WHEEL, SeriesError

VARIES = 0.06  # of the sum over the bins, over the views: a slice with more has left the images in some of them
EMPTY = 0.01  # of the largest slice's sum: a slice with less holds nothing
FINER = 4  # how many times finer than x the grid is on which the reference is reconstructed
AT_ONCE = 64  # slices reconstructed at once, to bound the memory


@dataclass(frozen=True)
class Series:
    """How a series lies on its detector, and what its counts mean.

    ``field``: how many rows of the detector an image x is wide; ``axis``: by how many rows the rotation axis lies
    beyond the middle; ``density``: counts per row of thickness that become a relative attenuation of 1, chosen so that
    the densest material has about 0.9, as the densest of `specimens` have; the others follow, 0.33 for the ball of the
    catalyst, 0.14 to 0.9 for the layers of the needle. ``wedge``: how many views are taken from it.
    """

    file: str
    field: float
    axis: float
    density: float
    wedge: int = 0


NEEDLE = Series(FILES["needle"], 128, 0.5, 1100)
CATALYST = Series(FILES["catalyst"], 512, 0.0, 300)
SERIES = {"needle": NEEDLE, "catalyst": CATALYST}
# a wedge where the needle's views are missing, as many of them and more: so there is a truth for what is done about it
SERIES |= {f"catalyst-wedge-{views}": replace(CATALYST, wedge=views) for views in (13, 23, 36)}


def observations(problem, counts: np.ndarray, tilts: np.ndarray, series: Series) -> dict[str, np.ndarray]:
    """What the slices of a series are to a CT problem, the arrays of an NPZ file:

    y           (slices, 1, angles, bins) float32, relative attenuation × image width, 0 in views that are missing
    keep        (angles,) bool, which views there are
    angles      (angles,) degrees, of all views of the problem
    position    (slices,) the column of each slice; those that are empty or cut off are left out
    reference   (slices, 1, n, n) float32, where all views were measured: `reconstructed` from all of them, which stands
                for the truth
    attributes  JSON: what ``series`` says, where it is from, the unit of y

    ``counts`` (tilts, rows, columns) and ``tilts`` in degrees are as
    `tilt_files.read` gives them.

    Raises SeriesError where tilts are no views of the problem.
    """
    views, flipped = view_of(tilts, problem.y_shape[1])
    position, sums = whole(counts)
    size, (_, angles, bins) = problem.x_shape[-1], problem.y_shape

    def sinograms(finer: int) -> np.ndarray:
        y = binned(sums, series, bins * finer, series.field / (size * finer))
        y[:, flipped] = y[:, flipped, ::-1]
        full = np.zeros((len(y), 1, angles, bins * finer), np.float32)
        full[:, 0, views] = y
        return full

    keep = np.zeros(angles, bool)
    keep[views] = True
    found = {"position": position, "angles": np.arange(angles) * 180 / angles}
    if keep.all():
        found["reference"] = reconstructed(problem, sinograms(FINER))
    if series.wedge:
        keep &= wedge(angles, series.wedge)
    y = sinograms(1) * keep[:, None]
    told = asdict(series) | {"wheel": WHEEL.file, "sha256": WHEEL.sha256, "unit": problem.y_unit}
    return found | {"y": y, "keep": keep, "attributes": np.array(json.dumps(told))}


def view_of(tilts: np.ndarray, angles: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of so many views, even over 180 degrees from 0 on, each tilt is, and whether its bins run the other way.

    p(s, θ + 180°) = p(-s, θ). Raises SeriesError for tilts between the views, or two that are one.
    """
    steps = np.asarray(tilts, float) * angles / 180
    turns = np.round(steps).astype(int)
    if np.abs(steps - turns).max() > 0.01 or len(set(turns % angles)) < len(turns):
        raise SeriesError(
            f"tilts from {min(tilts):g}° to {max(tilts):g}° are not among {angles} views, even over 180 degrees: "
            "set problem.angles to 180 over their step, 90 for one of 2°"
        )
    return turns % angles, turns // angles % 2 == 1


def whole(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns (slices,) that hold something and are seen whole in every view, and their counts (slices, tilts,
    rows) less the background, which is the median of the outermost twelfths of the rows.
    """
    edge = counts.shape[1] // 12
    background = np.median(np.concatenate([counts[:, :edge], counts[:, -edge:]], axis=1))
    slices = np.ascontiguousarray((counts - background).transpose(2, 0, 1))
    sums = slices.sum(axis=2, dtype=float)
    mean = sums.mean(axis=1)
    position = np.flatnonzero((mean > EMPTY * mean.max()) & (sums.std(axis=1) < VARIES * mean))
    return position, slices[position]


def binned(slices: np.ndarray, series: Series, bins: int, width: float) -> np.ndarray:
    """Data (slices, tilts, bins) float32 of counts (slices, tilts, rows): means over bins ``width`` rows wide, the
    rotation axis in their middle, in relative attenuation × image width. Beyond the detector there is nothing.
    """
    rows = slices.shape[-1]
    edges = (np.arange(bins + 1) - bins / 2) * width + rows / 2 + series.axis
    row = np.arange(rows)[:, None]
    overlap = np.maximum(np.minimum(edges[1:], row + 1) - np.maximum(edges[:-1], row), 0)
    return slices @ (overlap / (width * series.density * series.field)).astype(np.float32)


def wedge(angles: int, missing: int, centre: float = 90.0) -> np.ndarray:
    """Which of so many views, even over 180 degrees, are left (angles,) bool where a wedge of ``missing`` views about
    ``centre``, in degrees, was not reached.
    """
    first = round(centre * angles / 180 - (missing - 1) / 2)
    keep = np.ones(angles, bool)
    keep[np.arange(first, first + missing) % angles] = False
    return keep


def reconstructed(problem, y: np.ndarray) -> np.ndarray:
    """x (N, 1, n, n) float32, at least 0, from complete data y (N, 1, angles, FINER bins) of bins 1 / FINER as wide as
    those of the problem: filtered backprojection on the fine grid, averaged.

    Of 40 slices of `specimens` it is off by 2 % of their norm at 64 × 64 pixels and 90 angles; filtered
    backprojection on the grid of x by 9 %, CGLS there by 9 % at its best.
    """
    size = problem.x_shape[-1]
    said = problem.settings.model_dump() | {"image_size": size * FINER, "detector_bins": y.shape[-1], "oversampling": 1}
    fine = type(problem)(type(problem.settings)(**said))
    x = np.empty((len(y), *problem.x_shape), np.float32)
    for start in range(0, len(y), AT_ONCE):
        part = filtered_backprojection(fine, y[start : start + AT_ONCE])
        x[start : start + AT_ONCE] = part.reshape(-1, 1, size, FINER, size, FINER).mean(axis=(3, 5))
    return np.maximum(x, 0)


def described(found: Mapping[str, np.ndarray]) -> str:
    """A sentence for the log about what `observations` found."""
    keep, position = found["keep"], found["position"]
    angles = found["angles"][~keep]
    missing = f"all but {len(angles)}, from {angles.min():g}° to {angles.max():g}°" if len(angles) else "all"
    return f"{len(position)} slices, columns {position[0]} to {position[-1]}, at {missing} of {len(keep)} views"
