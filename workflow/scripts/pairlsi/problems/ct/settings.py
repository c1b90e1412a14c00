"""What the problem block of an experiment may say for CT."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from pairlsi.core.base import Strict
from pairlsi.problems.ct import detect2d
from pairlsi.problems.ct.archives import Archive

MAX_ENTRIES = 2**31 - 1  # of a matrix: its indices are 32-bit integers, half the memory traffic of 64-bit ones


class Phantoms(Strict):
    """Images drawn by pairlsi.problems.ct.phantoms: nothing to download, as many as wanted."""

    kind: Literal["phantoms"] = Field(description="procedural trail-mix phantoms")


class Specimens(Strict):
    """Images drawn by pairlsi.problems.ct.specimens: nothing to download, as many as wanted."""

    kind: Literal["specimens"] = Field(description="procedural slices in the manner of electron tomography")


class Detect2D(Strict):
    """Reconstructions of the 2DeteCT data set, read by pairlsi.problems.ct.detect2d."""

    kind: Literal["2detect"] = Field(description="real 2DeteCT reconstructions")
    folder: str = Field(min_length=1, description="folder under which the archives are unpacked")
    scale: float = Field(gt=0, description="value in the reconstructions that becomes a relative attenuation of 1")
    archives: list[Archive] = Field([], description="url and md5 of each archive that download fetches")


class Settings(Strict):
    """What the ``problem`` block of an experiment says for CT."""

    image_size: int = Field(ge=8, le=1024, description="pixels a side of an image")
    angles: int = Field(ge=2, description="views, spread evenly over 180 degrees, the first at 0")
    detector_bins: int | None = Field(None, description="bins, each a pixel wide; null: round(sqrt(2) image_size)")
    noise_level: float = Field(ge=0, le=1, description="norm of the white noise over that of the clean sinogram")
    oversampling: int = Field(2, ge=1, le=4, description="data are simulated on a grid this many times finer")
    source: Annotated[
        Phantoms | Specimens | Detect2D, Field(discriminator="kind", description="where the images come from")
    ]

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
    def _has_pixels(cls, source: Phantoms | Specimens | Detect2D, info: ValidationInfo):
        fine = info.data.get("image_size", 0) * info.data.get("oversampling", 0)
        if isinstance(source, Detect2D) and fine > detect2d.SIZE:
            raise ValueError(
                f"its images have {detect2d.SIZE} pixels a side, but image_size x oversampling is {fine}: lower one"
            )
        return source


def _bins(detector_bins: int | None, image_size: int) -> int:
    return detector_bins or round(2**0.5 * image_size)
