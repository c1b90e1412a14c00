"""Statistics of the training split as they are stored: what scales both spaces, and data ranges."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Statistics(NamedTuple):
    """scalars: "x" and "y" -> mean, std, pixel_std, min, max, samples; means: pixel-wise, (C, H, W) float32 each."""

    scalars: dict[str, dict[str, float]]
    means: dict[str, np.ndarray]

    def scale(self, space: str, scaling: str) -> float:
        """The standard deviation: around the pixel-wise mean for scaling "pixel", else around the mean of all."""
        return self.scalars[space]["pixel_std" if scaling == "pixel" else "std"]

    def shift(self, space: str, scaling: str) -> np.ndarray | float:
        """The mean that it is the deviation around."""
        return self.means[space] if scaling == "pixel" else self.scalars[space]["mean"]

    @property
    def data_range(self) -> float:
        """Of the training samples x: what SSIM and PSNR are taken at."""
        return self.scalars["x"]["max"] - self.scalars["x"]["min"]


def read_statistics(folder: Path) -> Statistics:
    """Those of statistics.json and mean.npz in a data folder."""
    scalars = json.loads((Path(folder) / "statistics.json").read_text(encoding="utf-8"))
    with np.load(Path(folder) / "mean.npz") as stored:
        return Statistics(scalars, {name: stored[name] for name in stored.files})
