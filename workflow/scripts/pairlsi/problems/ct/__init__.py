"""Parallel-beam computed tomography of trail-mix slices: the first example of the paper (METHOD.md, Example 1).

The scan takes ``angles`` views spread evenly over 180 degrees with a detector of bins as wide as a pixel of the image.
The operator is ASTRA's ``line`` projector (lengths of the intersections of rays and pixels) as one sparse matrix that
multiplies many images at once. Lengths are in image widths, a pixel being 1 / image_size wide, so that sinograms of
one object agree whatever the grid.

Data are simulated from an image ``oversampling`` times finer than the x that is stored, with as many rays to a bin,
so that no later solver inverts the very matrix that made them (the inverse crime).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pairlsi.problems import Problem, randomness
from pairlsi.problems.backprojection import filtered_backprojection
from pairlsi.problems.ct import archives, detect2d, moments
from pairlsi.problems.ct.operator import BatchedMatrix, line_matrix, rows_of
from pairlsi.problems.ct.phantoms import phantom
from pairlsi.problems.ct.settings import Detect2D, Phantoms, Settings, Specimens
from pairlsi.problems.ct.specimens import specimen
from pairlsi.problems.symmetries import Symmetries

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix

REPOSITORY = Path(__file__).resolve().parents[5]  # where a relative folder of images is looked for
BUILDING = threading.Lock()  # threads that share a problem wait for its matrix instead of building one each


class CT(Problem):
    """The problem y = A(x) + ε (1): x (N, 1, n, n), relative attenuation, to y (N, 1, angles, bins), its integrals."""

    label = "Computed tomography"
    description = "Parallel-beam tomography of slices, with ASTRA's line projector."
    sections = (
        "answer",
        "overview-ct",
        "ranking",
        "best",
        "methods",
        "claims",
        "errors",
        "errors-by-level",
        "table-1",
        "examples-ct",
        "clusters",
        "choices",
        "inconsistencies",
        "posteriors",
        "trust",
        "where-to-measure",
        "bounds",
        "training",
        "claims-in-detail",
        "left-open-ct",
        "origin",
    )
    x_unit = "relative attenuation"
    y_unit = "relative attenuation x image width"
    missing_axis = 2
    missing_name = "angles"
    y_axes = ("channel", "angle", "bin")
    position_unit = "degrees"
    inverse_label = "Filtered backprojection"
    position_period = 180.0
    oddity_words = moments.WORDS
    unnoticed = (
        "Bins counted from the other side are the data of the object turned by 180 degrees, and angles counted the "
        "other way, or from another zero, those of it mirrored or turned: they fit as well, and the estimate is turned "
        "or mirrored as they are. Hold one slice with something known in it against its estimate.",
    )
    mirrored = True  # p(s, θ + π) = p(-s, θ): the sinogram goes on past its first and last view

    Settings = Settings

    def __init__(self, settings: Settings):
        super().__init__(settings)
        self.x_shape = (1, settings.image_size, settings.image_size)
        self.y_shape = (1, settings.angles, settings.bins)
        self.missing_count = settings.angles
        self.positions = np.arange(settings.angles) * 180.0 / settings.angles
        self._kept: dict[object, object] = {}
        self._dealt: Mapping | None = None

    @classmethod
    def small(cls) -> dict:
        return {"image_size": 16, "angles": 12, "noise_level": 0.01, "source": {"kind": "phantoms"}}

    @property
    def symmetries(self) -> Symmetries:
        """Slices lie on the scanner any way round: reflections, and quarter turns where the angles go on in them."""
        angles = self.settings.angles

        def views(first: int, step: int):
            """Sinograms whose view k is the view first + step k, beyond the last ones mirrored."""
            rows = (first + step * np.arange(angles)) % (2 * angles)
            return lambda y: np.concatenate([y, y[..., ::-1]], axis=-2)[..., rows, :]

        reflected = (lambda x: x[..., ::-1, :], views(0, -1))
        half_turned = (lambda x: x[..., ::-1, ::-1], views(angles, 1))
        quarter_turned = (lambda x: np.rot90(x, axes=(-1, -2)), views(angles // 2, 1))
        return Symmetries(self.x_shape, self.y_shape, [reflected, quarter_turned if angles % 2 == 0 else half_turned])

    @property
    def archives(self) -> list[dict]:
        """The archives of real images to download, each with its url and md5; none for phantoms."""
        source = self.settings.source
        return [archive.model_dump() for archive in source.archives] if isinstance(source, Detect2D) else []

    def fetch(self) -> None:
        """Download `archives` and unpack them where the images are read from."""
        archives.download(self.folder, self.archives)

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
        return self._operator(1)(rows_of(x, self.x_shape, "x")).reshape(-1, *self.y_shape)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Aᵀ y: backprojections (N, 1, n, n) float32 of y (N, 1, angles, bins), by the exact transpose of forward."""
        transposed = self._keep("transpose", lambda: BatchedMatrix(self._matrix(1).T.tocsr()))
        return transposed(rows_of(y, self.y_shape, "y")).reshape(-1, *self.x_shape)

    def simulate(self, x: "torch.Tensor") -> "torch.Tensor":
        """`forward` on tensors, for gradients; the work is the host's, wherever they are."""
        from pairlsi.problems.products import project

        return project(self, x)

    def approximate_inverse(self, y: np.ndarray) -> np.ndarray:
        """Filtered backprojections (N, 1, n, n) float32 of y (N, 1, angles, bins)."""
        return filtered_backprojection(self, y)

    def oddities(self, y: np.ndarray, keep: np.ndarray) -> dict[str, np.ndarray]:
        """What the moments of sinograms say: see `moments`."""
        return moments.oddities(y[:, 0], keep, self.positions)

    def draw(self, split: str, indices: np.ndarray, seed: int, counts: Mapping[str, int]):
        """Samples ``indices`` of a split: x (n, 1, H, W) and noisy y (n, 1, angles, bins), float32.

        Sample i depends on (seed, split, i) alone, whatever is drawn with it. ``counts``, the number of samples in each
        split, matters to the 2DeteCT source only, whose slices must have been dealt out for them (`take`). The noise ε
        is white and Gaussian, scaled so that ‖ε‖ = noise_level ‖A x‖ for each sinogram (METHOD.md, Example 1).
        """
        xs, ys = [np.empty((0, *self.x_shape), np.float32)], [np.empty((0, *self.y_shape), np.float32)]
        at_once = self._operator(self.settings.oversampling).width
        for start in range(0, len(indices), at_once):
            part = [int(index) for index in indices[start : start + at_once]]
            generators = [randomness.streams(seed, split, index) for index in part]
            rngs = zip(part, generators, strict=True)
            fine = np.stack([self._image(split, index, rng, seed, counts) for index, (rng, _) in rngs])
            x, y = self.measured(fine, [noise for _, noise in generators])
            xs.append(x)
            ys.append(y)
        return np.concatenate(xs), np.concatenate(ys)

    def measured(self, fine: np.ndarray, noise: Sequence[np.random.Generator]) -> tuple[np.ndarray, np.ndarray]:
        """x (n, 1, H, W) and noisy y (n, 1, angles, bins), float32, of images (n, fine, fine) ``oversampling`` times as
        fine; noise: the random numbers of each.
        """
        size, factor = self.settings.image_size, self.settings.oversampling
        y = self._operator(factor)(fine.reshape(len(fine), -1)).reshape(-1, *self.y_shape)
        randomness.add_noise(y, noise, self.settings.noise_level)
        return fine.reshape(-1, 1, size, factor, size, factor).mean(axis=(3, 5)), y

    def _image(self, split: str, index: int, rng: np.random.Generator, seed: int, counts: Mapping[str, int]):
        """The image of one sample on the fine grid, (n * oversampling, n * oversampling)."""
        fine = self.settings.image_size * self.settings.oversampling
        source = self.settings.source
        if isinstance(source, Phantoms):
            return phantom(rng, fine, "ood" if split == "ood" else "trail-mix")
        if isinstance(source, Specimens):
            return specimen(rng, fine, "ood" if split == "ood" else "specimens")

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
