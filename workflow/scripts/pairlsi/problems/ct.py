"""Parallel-beam computed tomography of trail-mix slices: the first example of the paper (METHOD.md, Example 1).

The scan takes ``angles`` views spread evenly over 180 degrees with a detector of bins as wide as a pixel of the image.
The operator is ASTRA's ``line`` projector (lengths of the intersections of rays and pixels) as one sparse matrix that
multiplies many images at once. Lengths are in image widths, a pixel being 1 / image_size wide, so that sinograms of
one object agree whatever the grid.

Data are simulated from an image ``oversampling`` times finer than the x that is stored, with as many rays to a bin,
so that no later solver inverts the very matrix that made them (the inverse crime).
"""

import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from pairlsi.problems import detect2d, randomness
from pairlsi.problems.phantoms import phantom
from pairlsi.settings import Strict

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

REPOSITORY = Path(__file__).resolve().parents[4]  # where a relative folder of images is looked for
MAX_ENTRIES = 2**31 - 1  # of a matrix: its indices are 32-bit integers, half the memory traffic of 64-bit ones
ANGLE_BLOCK = 30  # views for which ASTRA makes its double-precision matrix at a time, to bound the memory
BUILDING = threading.Lock()  # threads that share a problem wait for its matrix instead of building one each


class Phantoms(Strict):
    """Images drawn by pairlsi.problems.phantoms: nothing to download, as many as wanted."""

    kind: Literal["phantoms"] = Field(description="procedural trail-mix phantoms")


class Detect2D(Strict):
    """Reconstructions of the 2DeteCT data set, read by pairlsi.problems.detect2d."""

    kind: Literal["2detect"] = Field(description="real 2DeteCT reconstructions")
    folder: str = Field(min_length=1, description="folder under which the archives are unpacked")
    scale: float = Field(gt=0, description="value in the reconstructions that becomes a relative attenuation of 1")
    archives: list[detect2d.Archive] = Field([], description="url and md5 of each archive that download fetches")


class Settings(Strict):
    """What the ``problem`` block of an experiment says for CT."""

    name: Literal["ct"] = Field(description="this problem")
    image_size: int = Field(ge=8, le=1024, description="pixels a side of an image")
    angles: int = Field(ge=2, description="views, spread evenly over 180 degrees, the first at 0")
    detector_bins: int | None = Field(None, description="bins, each a pixel wide; null: round(sqrt(2) image_size)")
    noise_level: float = Field(ge=0, le=1, description="norm of the white noise over that of the clean sinogram")
    oversampling: int = Field(2, ge=1, le=4, description="data are simulated on a grid this many times finer")
    source: Annotated[Phantoms | Detect2D, Field(discriminator="kind", description="where the images come from")]

    @property
    def bins(self) -> int:
        """Number of detector bins, also where ``detector_bins`` is null."""
        return _bins(self.detector_bins, self.image_size)

    @field_validator("detector_bins")
    @classmethod
    def _sees_all(cls, bins: int | None, info: ValidationInfo) -> int | None:
        size = info.data.get("image_size", 0)  # a key that is itself wrong is missing here
        if bins is not None and bins < size:
            raise ValueError(f"it should be null or at least image_size, {size}, lest the detector cut off the image")
        return bins

    @field_validator("oversampling")
    @classmethod
    def _is_feasible(cls, factor: int, info: ValidationInfo) -> int:
        if {"image_size", "angles", "detector_bins"} <= info.data.keys():
            size, angles = info.data["image_size"], info.data["angles"]
            entries = angles * _bins(info.data["detector_bins"], size) * factor**2 * size  # 0.9 of this in truth
            if entries > MAX_ENTRIES:
                raise ValueError(
                    f"the projection matrix would have {entries:.1e} entries, {MAX_ENTRIES:.1e} are possible: "
                    "lower oversampling, image_size or angles"
                )
        return factor

    @field_validator("source")
    @classmethod
    def _has_pixels(cls, source: Phantoms | Detect2D, info: ValidationInfo) -> Phantoms | Detect2D:
        fine = info.data.get("image_size", 0) * info.data.get("oversampling", 0)
        if isinstance(source, Detect2D) and fine > detect2d.SIZE:
            raise ValueError(
                f"its images have {detect2d.SIZE} pixels a side, but image_size x oversampling is {fine}: lower one"
            )
        return source


def _bins(detector_bins: int | None, image_size: int) -> int:
    return detector_bins or round(2**0.5 * image_size)


def line_matrix(size: int, angles: int, bins: int, rays: int = 1) -> "csr_matrix":
    """ASTRA's line projector (angles * bins, size * size) as float32 CSR, lengths in image widths.

    Each of the ``bins`` is ``rays`` pixels of this grid wide and averages over as many rays, a pixel apart.
    """
    import astra
    import scipy.sparse as sparse

    grid = astra.create_vol_geom(size, size)
    theta = np.arange(angles) * (np.pi / angles)
    blocks = []
    for start in range(0, angles, ANGLE_BLOCK):
        views = theta[start : start + ANGLE_BLOCK]
        projector = astra.create_projector("line", astra.create_proj_geom("parallel", 1.0, bins * rays, views), grid)
        identifier = astra.projector.matrix(projector)
        matrix = astra.matrix.get(identifier)
        astra.matrix.delete(identifier)
        astra.projector.delete(projector)
        average = sparse.kron(sparse.eye(len(views) * bins), np.full((1, rays), 1 / (rays * size)), format="csr")
        blocks.append((average @ matrix).astype(np.float32))
    return sparse.vstack(blocks, format="csr")


class BatchedMatrix:
    """A sparse matrix (m, k) that multiplies many vectors at once, so that it is read from memory once a block.

    It is held in torch's CSR layout, whose product takes 0.6 of the time of SciPy's; blocks are as wide as keeps the
    vectors in the cache. benchmarks/ct_simulation.py compares it with ASTRA image by image.
    """

    def __init__(self, matrix: "csr_matrix"):
        import torch

        with warnings.catch_warnings():  # torch announces on first use that CSR tensors are a beta feature
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            rows, columns = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
            parts = (torch.from_numpy(part) for part in (rows, columns, matrix.data))
            self.matrix = torch.sparse_csr_tensor(*parts, matrix.shape, check_invariants=False)
        self.width = int(np.clip(2**21 // max(matrix.shape), 8, 32))  # 2**21 floats: 8 MiB

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """(n, k) float32 -> (n, m) float32; a row of the result does not depend on the other rows, to the last bit."""
        import torch

        out = np.empty((len(vectors), self.matrix.shape[0]), np.float32)
        for start in range(0, len(vectors), self.width):
            block = np.ascontiguousarray(vectors[start : start + self.width].T, np.float32)
            out[start : start + self.width] = (self.matrix @ torch.from_numpy(block)).T.numpy()
        return out


class CT:
    """The problem y = A(x) + ε (1): x (N, 1, n, n), relative attenuation, to y (N, 1, angles, bins), its integrals."""

    x_unit = "relative attenuation"
    y_unit = "relative attenuation x image width"
    missing_axis = 2
    missing_name = "angles"
    x_axes, y_axes = ("channel", "row", "column"), ("channel", "angle", "bin")
    mirrored = True  # p(s, θ + π) = p(-s, θ): the sinogram goes on past its first and last view

    def __init__(self, settings: Settings):
        self.settings = settings
        self.x_shape = (1, settings.image_size, settings.image_size)
        self.y_shape = (1, settings.angles, settings.bins)
        self.missing_count = settings.angles
        self._kept: dict[object, object] = {}
        self._dealt: Mapping | None = None

    @property
    def archives(self) -> list[dict]:
        """The archives of real images to download, each with its url and md5; none for phantoms."""
        source = self.settings.source
        return [archive.model_dump() for archive in source.archives] if isinstance(source, Detect2D) else []

    def fetch(self) -> None:
        """Download `archives` and unpack them where the images are read from."""
        detect2d.download(self.folder, self.archives)

    @property
    def shares_samples(self) -> bool:
        """Whether the splits are dealt out of one pool, so that the size of one changes the others."""
        return isinstance(self.settings.source, Detect2D)

    @property
    def folder(self) -> Path:
        """Where real images lie."""
        return REPOSITORY / self.settings.source.folder

    def deal(self, seed: int, counts: Mapping[str, int]) -> dict:
        """Share out the images in `folder`: see `detect2d.deal`."""
        return detect2d.deal(self.folder, counts, seed)

    def images(self) -> dict[str, dict]:
        """What lies in `folder` now, as the "images" of `deal` say it."""
        return detect2d.describe(self.folder, detect2d.find_slices(self.folder))

    def take(self, dealt: Mapping) -> None:
        """Draw from what was dealt out. Raises ImagesError where `folder` has changed since."""
        detect2d.check_unchanged(self.folder, dealt)
        self._dealt = dealt

    def forward(self, x: np.ndarray) -> np.ndarray:
        """A x: noise-free sinograms (N, 1, angles, bins) float32 of images x (N, 1, n, n) on their own grid."""
        return self._operator(1)(_rows(x, self.x_shape, "x")).reshape(-1, *self.y_shape)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Aᵀ y: backprojections (N, 1, n, n) float32 of y (N, 1, angles, bins), by the exact transpose of forward."""
        transposed = self._keep("transpose", lambda: BatchedMatrix(self._matrix(1).T.tocsr()))
        return transposed(_rows(y, self.y_shape, "y")).reshape(-1, *self.x_shape)

    def draw(self, split: str, indices: np.ndarray, seed: int, counts: Mapping[str, int]):
        """Samples ``indices`` of a split: x (n, 1, H, W) and noisy y (n, 1, angles, bins), float32.

        Sample i depends on (seed, split, i) alone, whatever is drawn with it. ``counts``, the number of samples in each
        split, matters to the 2DeteCT source only, whose slices must have been dealt out for them (`take`). The noise ε
        is white and Gaussian, scaled so that ‖ε‖ = noise_level ‖A x‖ for each sinogram (METHOD.md, Example 1).
        """
        size, factor = self.settings.image_size, self.settings.oversampling
        project = self._operator(factor)
        xs, ys = [np.empty((0, *self.x_shape), np.float32)], [np.empty((0, *self.y_shape), np.float32)]
        for start in range(0, len(indices), project.width):
            part = [int(index) for index in indices[start : start + project.width]]
            generators = [randomness.streams(seed, split, index) for index in part]
            rngs = zip(part, generators, strict=True)
            fine = np.stack([self._image(split, index, rng, seed, counts) for index, (rng, _) in rngs])
            y = project(fine.reshape(len(part), -1)).reshape(-1, *self.y_shape)
            randomness.add_noise(y, [noise for _, noise in generators], self.settings.noise_level)
            xs.append(fine.reshape(-1, 1, size, factor, size, factor).mean(axis=(3, 5)))
            ys.append(y)
        return np.concatenate(xs), np.concatenate(ys)

    def _image(self, split: str, index: int, rng: np.random.Generator, seed: int, counts: Mapping[str, int]):
        """The image of one sample on the fine grid, (n * oversampling, n * oversampling)."""
        fine = self.settings.image_size * self.settings.oversampling
        source = self.settings.source
        if isinstance(source, Phantoms):
            return phantom(rng, fine, "ood" if split == "ood" else "trail-mix")

        dealt = self._dealt
        if dealt is None or (dealt["seed"], dealt["counts"]) != (seed, dict(counts)):
            raise ValueError("deal out the images of 2DeteCT first, for this seed and these counts: deal, then take")
        numbers = dealt["splits"].get(split, [])
        if not 0 <= index < len(numbers):
            raise ValueError(f"sample {index} of split {split} was asked for, but its count is {len(numbers)}")
        return detect2d.read_dealt(self.folder, dealt["images"][str(numbers[index])], fine, source.scale)

    def _matrix(self, rays: int) -> "csr_matrix":
        return line_matrix(self.settings.image_size * rays, self.settings.angles, self.settings.bins, rays)

    def _operator(self, rays: int) -> BatchedMatrix:
        """The projector from the grid ``rays`` times as fine as that of x."""
        return self._keep(rays, lambda: BatchedMatrix(self._matrix(rays)))

    def _keep(self, key: object, make: Callable):
        """What ``make`` returns, made once."""
        with BUILDING:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]


Problem = CT


def _rows(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    array = np.asarray(array)
    if array.ndim != 4 or array.shape[1:] != shape:
        raise ValueError(f"{name} has shape {array.shape}; expected (N, {', '.join(map(str, shape))})")
    return array.reshape(len(array), -1)
