"""Cross-well seismics: p-wave velocity between two boreholes from the sound sent across (METHOD.md, Example 2).

x (rows, columns) is the velocity, rows going down. Each shot is a Ricker wavelet of pressure in one well, recorded in
the other; both wells shoot. The 2-D acoustic wave equation ∂²p/∂t² = c² (∇²p - f) is solved by deepwave (Richardson,
doi:10.5281/zenodo.3829886), finite differences of order ``ACCURACY`` in space and 2 in time, in a model that goes on
beyond its edges into absorbing layers (PML). Models and shots share one batch.

How fine the grid must be was measured against one 5 times as fine, as the relative difference of whole records of a
homogeneous model, cells of 10 m, steps of 1.35 ms, wells 270 m apart. The frequency of the wavelet's peak counts:

    cells per wavelength    6      7.2    7.5    9      10.75
    difference              18 %   5.9 %  4.6 %  2.8 %  2.9 %   (what remains is due to the time step)

so ``CELLS_PER_WAVELENGTH`` = 6 is the least that is let pass, and 7.5 or more in the slowest rock is recommended. The
wavelet's spectrum falls to 3 % of its peak at 2.5 times the peak's frequency, which the samples kept must resolve.
"""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pairlsi.problems import Problem, randomness
from pairlsi.problems.crosswell.settings import COURANT, DELAY, WELL, Settings
from pairlsi.problems.crosswell.velocity import velocity_model
from pairlsi.problems.symmetries import Symmetries

if TYPE_CHECKING:
    import torch

ACCURACY = 6  # order in space; order 4 is 1.8 times as fast, but is off by 18 % at 7.5 cells and 44 % at 6
GRADIENT_INTERVAL = (
    2  # steps from one that gradients are summed over to the next: twice as fast as 1, 0.7 % off; 3: 1.9 %
)
BLOCK = 256  # shots of one call to deepwave without gradients: its speed is flat above 64


class Crosswell(Problem):
    """The problem y = A(x) + ε (1): x (N, 1, rows, columns) to y (N, 2 sources_per_well, receivers_per_well, samples).

    Channels are shots, those in the left well first, from the top. Pressures are relative to the amplitude, at the peak
    frequency, of the wave that has crossed from well to well in a homogeneous model of mean_velocity.
    """

    label = "Cross-well seismics"
    description = "P-wave velocity between two boreholes from the sound sent across, simulated by deepwave."
    sections = (
        "answer-crosswell",
        "overview-crosswell",
        "ranking-crosswell",
        "best",
        "methods",
        "claims",
        "models-and-data",
        "completed-data",
        "velocity-estimates",
        "errors-against-loss",
        "when-to-stop",
        "members",
        "spread",
        "regimes",
        "latents",
        "inconsistencies",
        "posteriors",
        "trust",
        "where-to-measure",
        "bounds",
        "training-terms",
        "cost",
        "claims-in-detail",
        "left-open-crosswell",
        "origin",
    )
    x_unit = "m/s"
    y_unit = "relative pressure"
    missing_axis = 2
    missing_name = "receivers"
    y_axes = ("shot", "receiver", "time")
    position_unit = "m"
    oddity_words = {
        "early": "Of the norm of the records, {value:.1%} arrives before any wave could: is time zero that of the "
        "shot, is the sampling interval right, are shots and receivers in order, is noise no stronger than in training?"
    }
    unnoticed = (
        "With the wells taken for one another, shots and receivers alike, the data are those of the model mirrored; "
        "with both wells counted from below, those of it upside down. They fit as well, and the estimate is mirrored "
        "as they are. Receivers alone in the wrong order are noticed.",
    )
    Settings = Settings

    def __init__(self, settings: Settings):
        super().__init__(settings)
        self.x_shape = (1, settings.rows, settings.columns)
        samples = len(range(0, settings.steps, settings.keep_every))
        self.y_shape = (2 * settings.sources_per_well, settings.receivers_per_well, samples)
        self.missing_count = settings.receivers_per_well
        self.sample_interval = settings.time_step * settings.keep_every
        self.peak_frequency = settings.peak_frequency
        self.positions = _spread(settings.receivers_per_well, settings.rows) * settings.spacing

    @classmethod
    def small(cls) -> dict:
        grid = {"rows": 16, "columns": 16, "spacing": 10.0, "mean_velocity": 2150.0, "contrast": 650.0}
        survey = {"sources_per_well": 2, "receivers_per_well": 10, "peak_frequency": 22.0}
        return (
            grid | survey | {"time_step": 0.00135, "steps": 180, "keep_every": 6, "pml_width": 6, "noise_level": 0.01}
        )

    @property
    def symmetries(self) -> Symmetries:
        """The wells may change places, and with them their shots; top and bottom too, where instruments lie so."""
        shots = self.settings.sources_per_well

        def upside_down(y: np.ndarray) -> np.ndarray:
            """Records with receivers, and the shots of each well, in the other order."""
            return np.concatenate(
                [y[..., :shots, :, :][..., ::-1, ::-1, :], y[..., shots:, :, :][..., ::-1, ::-1, :]], -3
            )

        found = [(lambda x: x[..., ::-1], lambda y: np.roll(y, shots, axis=-3))]
        depths = [_spread(number, self.settings.rows) for number in (shots, self.settings.receivers_per_well)]
        if all(np.array_equal(each[::-1], self.settings.rows - 1 - each) for each in depths):
            found.append((lambda x: x[..., ::-1, :], upside_down))
        return Symmetries(self.x_shape, self.y_shape, found)

    @cached_property
    def sources(self) -> np.ndarray:
        """(shots, 2): row and column of the source of each shot."""
        depths = _spread(self.settings.sources_per_well, self.settings.rows)
        wells = (WELL, self.settings.columns - 1 - WELL)
        return np.array([(depth, well) for well in wells for depth in depths])

    @cached_property
    def receivers(self) -> np.ndarray:
        """(shots, receivers, 2): rows and columns of the receivers of each shot, in the well across."""
        depths = _spread(self.settings.receivers_per_well, self.settings.rows)
        across = self.settings.columns - 1 - self.sources[:, 1]
        return np.array([[(depth, well) for depth in depths] for well in across])

    @cached_property
    def wavelet(self) -> np.ndarray:
        """(steps,) float64: what the source puts into its cell at each step."""
        s = self.settings
        squared = (np.pi * (s.peak_frequency * np.arange(s.steps) * s.time_step - DELAY)) ** 2
        # |G| = (8π k r)^(-1/2) far from a line source of wavenumber k; a cell of area h² holds the source's density
        wavenumber = 2 * np.pi * s.peak_frequency / s.mean_velocity
        distance = (s.columns - 1 - 2 * WELL) * s.spacing
        return math.sqrt(8 * np.pi * wavenumber * distance) / s.spacing**2 * (1 - 2 * squared) * np.exp(-squared)

    def oddities(self, y: np.ndarray, keep: np.ndarray) -> dict[str, np.ndarray]:
        """early: norm of what was recorded before a wave of the greatest velocity arrives, over the norm of all."""
        apart = np.linalg.norm(self.receivers - self.sources[:, None], axis=-1) * self.settings.spacing
        times = np.arange(self.y_shape[2]) * self.sample_interval
        before = (times < (apart / self.settings.ceiling)[..., None]) & keep[:, None]
        whole = np.linalg.norm(y.reshape(len(y), -1), axis=1)
        return {"early": np.linalg.norm((y * before).reshape(len(y), -1), axis=1) / np.where(whole > 0, whole, np.nan)}

    def simulate(self, x: "torch.Tensor", gradient_interval: int = GRADIENT_INTERVAL) -> "torch.Tensor":
        """A(x), differentiable: x (N, 1, rows, columns), m/s -> y (N, shots, receivers, samples), device and dtype x's.

        All shots of all models go in one call, so the caller bounds N, above all where gradients are wanted. Velocities
        beyond ``settings.floor`` and ``settings.ceiling`` are taken to be there, with gradient zero: a search that
        strays gets finite data instead of an unstable simulation. Gradients are sums over one step in
        ``gradient_interval``, where the steps are a multiple of it.
        """
        import deepwave
        import torch

        s = self.settings
        if x.ndim != 4 or x.shape[1:] != self.x_shape:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, {', '.join(map(str, self.x_shape))})")
        shots, models = len(self.sources), len(x)
        velocity = x.clamp(s.floor, s.ceiling).expand(-1, shots, -1, -1).reshape(-1, s.rows, s.columns)
        wavelet = torch.from_numpy(self.wavelet).to(x)
        sources = torch.from_numpy(self.sources).to(x.device)[:, None]
        receivers = torch.from_numpy(self.receivers).to(x.device)
        out = deepwave.scalar(
            velocity,
            s.spacing,
            s.time_step,
            source_amplitudes=wavelet.expand(models * shots, 1, -1),
            source_locations=sources.repeat(models, 1, 1),
            receiver_locations=receivers.repeat(models, 1, 1),
            accuracy=ACCURACY,
            pml_width=s.pml_width,
            courant_number=COURANT,
            # taken from the batch where left out, and a sample would depend on its neighbours
            max_vel=s.ceiling * (1 + 1e-6),  # above the clamped velocities even after rounding to float32
            pml_freq=s.peak_frequency,
            model_gradient_sampling_interval=math.gcd(gradient_interval, s.steps),
        )
        if out.info.step_ratio != 1:
            raise RuntimeError(f"deepwave takes {out.info.step_ratio} inner steps; the settings allow for one")
        return out.receiver_amplitudes[..., :: s.keep_every].unflatten(0, (models, shots))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """A(x): noise-free data (N, shots, receivers, samples) float32 of velocities x (N, 1, rows, columns) in m/s.

        Calls of about ``BLOCK`` shots bound the memory; a model's data do not depend, to the last bit, on the others.
        """
        import torch

        y = np.empty((len(x), *self.y_shape), np.float32)
        models = max(1, BLOCK // len(self.sources))
        with torch.no_grad():
            for start in range(0, len(x), models):
                block = torch.tensor(x[start : start + models], dtype=torch.float32)
                y[start : start + models] = self.simulate(block).numpy()
        return y

    def draw(self, split: str, indices: np.ndarray, seed: int, counts: Mapping[str, int]):
        """Samples ``indices`` of a split: x (n, 1, rows, columns) in m/s and noisy y (n, *y_shape), both float32.

        Sample i depends on (seed, split, i) alone, whatever is drawn with it; ``counts`` do not matter. The split ood
        has intruded bodies in the bedding where the others have lenses. The noise ε is white and Gaussian, scaled so
        that ‖ε‖ = noise_level ‖A(x)‖ for each sample.
        """
        s = self.settings
        generators = [randomness.streams(seed, split, index) for index in indices]
        kind = "intruded" if split == "ood" else "folded"
        x = np.empty((len(indices), *self.x_shape), np.float32)
        for model, (rng, _) in zip(x, generators, strict=True):
            model[0] = velocity_model(rng, s.rows, s.columns, s.mean_velocity, s.contrast, kind)
        y = self.forward(x)
        randomness.add_noise(y, [noise for _, noise in generators], s.noise_level)
        return x, y


def _spread(number: int, rows: int) -> np.ndarray:
    """Rows of ``number`` instruments evenly spread over the depth of a well, each in a cell of its own; the lower half
    mirrors the upper one, but for a middle one that would lie between two cells."""
    upper = ((np.arange(number) + 0.5) * rows / number).astype(int)
    return np.where(np.arange(number) < (number + 1) // 2, upper, rows - 1 - upper[::-1])
