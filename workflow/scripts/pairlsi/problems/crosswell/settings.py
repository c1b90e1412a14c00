"""What the problem block of an experiment may say for cross-well seismics, and what a simulation asks of it."""

import math
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from pairlsi.core.base import Integer, Strict

COURANT = 0.6  # deepwave's largest Courant number for one inner step; beyond 0.81 the scheme of order 6 is unstable
HEADROOM = 1.1  # an inversion may try velocities beyond the prior's, by this factor both ways
CELLS_PER_WAVELENGTH = 6  # where deepwave, too, begins to warn
BANDWIDTH = 2.5  # highest frequency that matters over that of the wavelet's peak
DELAY = 1.5  # of the wavelet's peak, in its periods: what comes before it is under 1e-8 of the peak
WELL = 2  # cells between a well and the edge of the model


class Settings(Strict):
    """What the ``problem`` block of an experiment says for cross-well seismics."""

    rows: Annotated[Integer, Field(ge=8, le=1024, description="cells in depth")]
    columns: Annotated[Integer, Field(ge=8, le=1024, description="cells across")]
    spacing: Annotated[float, Field(gt=0, description="side of a cell, m")]
    mean_velocity: Annotated[float, Field(gt=0, description="m/s, of every pixel over all models")]
    contrast: Annotated[float, Field(ge=0, description="m/s, velocities are mean_velocity ± this at most")]
    sources_per_well: Annotated[Integer, Field(ge=1, description="shots in each well, evenly spread in depth")]
    receivers_per_well: Annotated[Integer, Field(ge=2, description="in each well, evenly spread in depth")]
    peak_frequency: Annotated[float, Field(gt=0, description="Hz, of the spectrum of the Ricker wavelet")]
    time_step: Annotated[float, Field(gt=0, description="s, of the simulation")]
    steps: Annotated[Integer, Field(ge=2, description="time steps simulated")]
    keep_every: Annotated[Integer, Field(ge=1, description="one in so many time steps is kept as a sample")]
    pml_width: Annotated[Integer, Field(ge=6, le=100, description="cells of the absorbing layers")]
    noise_level: Annotated[float, Field(ge=0, le=1, description="norm of the white noise over that of the clean data")]

    @property
    def floor(self) -> float:
        """Lowest velocity that is simulated, m/s: what the grid resolves, but with the headroom in any case."""
        resolved = CELLS_PER_WAVELENGTH * self.spacing * self.peak_frequency
        return min(resolved, (self.mean_velocity - self.contrast) / HEADROOM)

    @property
    def ceiling(self) -> float:
        """Highest velocity that is simulated, m/s."""
        return _ceiling(self.mean_velocity, self.contrast)

    @field_validator("contrast")
    @classmethod
    def _leaves_it_moving(cls, contrast: float, info: ValidationInfo) -> float:
        mean = info.data.get("mean_velocity", math.inf)  # a key that is itself wrong is missing here
        if contrast > 0.9 * mean:
            raise ValueError(f"it should be at most {_below(0.9 * mean)}, 0.9 of mean_velocity")
        return contrast

    @field_validator("sources_per_well", "receivers_per_well")
    @classmethod
    def _fits_in_the_well(cls, number: int, info: ValidationInfo) -> int:
        rows = info.data.get("rows", math.inf)
        if number > rows:
            raise ValueError(f"it should be at most rows, {rows}: one in each cell of the well")
        return number

    @field_validator("peak_frequency")
    @classmethod
    def _is_resolved(cls, frequency: float, info: ValidationInfo) -> float:
        if {"spacing", "mean_velocity", "contrast"} <= info.data.keys():
            spacing, lowest = info.data["spacing"], info.data["mean_velocity"] - info.data["contrast"]
            cells = lowest / (frequency * spacing)
            if cells < CELLS_PER_WAVELENGTH * (1 - 1e-9):
                raise ValueError(
                    f"a wavelength of it in the slowest rock, {lowest:g} m/s, is {cells:.3g} cells long, fewer than "
                    f"{CELLS_PER_WAVELENGTH}: it should be at most {_below(cells / CELLS_PER_WAVELENGTH * frequency)},"
                    f" or spacing at most {_below(cells / CELLS_PER_WAVELENGTH * spacing)}"
                )
        return frequency

    @field_validator("time_step")
    @classmethod
    def _is_stable(cls, step: float, info: ValidationInfo) -> float:
        if {"spacing", "mean_velocity", "contrast"} <= info.data.keys():
            ceiling = _ceiling(info.data["mean_velocity"], info.data["contrast"])
            most = COURANT * info.data["spacing"] / (math.sqrt(2) * ceiling)
            if step > most:
                raise ValueError(
                    f"it should be at most {_below(most)}, lest the simulation of {ceiling:.0f} m/s in cells of "
                    f"{info.data['spacing']:g} m be unstable (mean_velocity plus contrast and a tenth to spare)"
                )
        return step

    @field_validator("steps")
    @classmethod
    def _last_until_it_arrives(cls, steps: int, info: ValidationInfo) -> int:
        said = info.data
        if {"columns", "spacing", "mean_velocity", "contrast", "peak_frequency", "time_step"} <= said.keys():
            distance = (said["columns"] - 1 - 2 * WELL) * said["spacing"]
            seconds = distance / (said["mean_velocity"] - said["contrast"]) + 2 * DELAY / said["peak_frequency"]
            if steps < seconds / said["time_step"]:
                raise ValueError(
                    f"it should be at least {math.ceil(seconds / said['time_step'])}, as the wavelet takes "
                    f"{seconds:.3g} s to cross from well to well in the slowest rock"
                )
        return steps

    @field_validator("keep_every")
    @classmethod
    def _keeps_the_wavelet(cls, every: int, info: ValidationInfo) -> int:
        if {"peak_frequency", "time_step"} <= info.data.keys():
            most = int(1 / (2 * BANDWIDTH * info.data["peak_frequency"] * info.data["time_step"]))
            if every > max(most, 1):
                raise ValueError(
                    f"it should be at most {max(most, 1)}, for frequencies up to {BANDWIDTH} times peak_frequency"
                )
        return every


def _ceiling(mean: float, contrast: float) -> float:
    return HEADROOM * (mean + contrast)


def _below(value: float) -> float:
    """``value`` rounded down to four digits, so that what a message advises is accepted."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 3)
    return float(f"{math.floor(value / unit) * unit:.4g}")
