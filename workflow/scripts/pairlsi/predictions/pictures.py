"""Pictures of a prediction: what was measured, what was completed, the estimates and where they are guesswork."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

DATA = colormaps["viridis"].with_extremes(bad="#c8c8c8")
DOUBT = "magma"
STACK = 16  # samples from which on a measurement may be a volume of slices
ALIKE = 0.7  # times as far apart as any two samples: what neighbours in a volume are at most


def panel(axes, values: np.ndarray, title: str, cmap, limits=None, aspect="equal"):
    """One picture (H, W) without ticks."""
    low, high = limits if limits is not None else (np.nanmin(values), np.nanmax(values))
    image = axes.imshow(values, cmap=cmap, vmin=low, vmax=high, aspect=aspect, interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    return image


def limits_of(found, quantiles=(0.5, 99.5)) -> tuple[float, float]:
    """One scale for all estimates."""
    values = np.concatenate([one.x.ravel() for one in found.estimates.values()])
    return tuple(np.percentile(values, quantiles))


def of_sample(found, problem, labels: dict[str, str], sample: int, plain: np.ndarray | None) -> Figure:
    """Measured and completed data, every method's estimate, and the band of the first one.

    plain (N, 1, H, W): a simple inversion of what was measured to stand beside, or None.
    """
    seen = shown(found, problem, sample)
    first = found.estimates[found.first]
    count = 2 + (first.y is not None) + len(found.estimates) + (plain is not None) + (found.truth is not None)
    figure = Figure(figsize=(2.25 * count, 2.7), layout="constrained")
    panels = iter(figure.subplots(1, count, squeeze=False)[0])
    limits = np.nanmin(seen), np.nanmax(seen)
    panel(next(panels), seen, f"Measured (grey: missing {problem.missing_name})", DATA, limits, "auto")
    if first.y is not None:
        panel(next(panels), middle(first.y[sample]), f"Completed by {labels[found.first]}", DATA, limits, "auto")
    limits = limits_of(found)
    if found.truth is not None:
        panel(next(panels), middle(found.truth[sample]), "The truth, or what\nstands for it", "gray", limits)
    if plain is not None:
        panel(next(panels), middle(plain[sample]), f"{problem.inverse_label}\nof what was measured", "gray", limits)
    for name, one in found.estimates.items():
        title = f"{labels[name]}\nexpected error {one.trust.error[sample]:.1%}"
        panel(next(panels), middle(one.x[sample]), title, "gray", limits)
    image = panel(next(panels), middle(first.band[sample]), f"± of {labels[found.first]}, 90 % of pixels", DOUBT)
    figure.colorbar(image, ax=figure.axes, shrink=0.8, pad=0.01, label=problem.x_unit)
    return figure


def of_stack(found, problem, labels: dict[str, str], plain: np.ndarray | None) -> Figure:
    """Three cuts through samples that are the slices of a volume, a row a method."""
    volumes = {labels[name]: one.x[:, 0] for name, one in found.estimates.items()}
    if plain is not None:
        volumes = {problem.inverse_label: plain[:, 0]} | volumes
    if found.truth is not None:
        volumes = {"Truth, or what stands for it": found.truth[:, 0]} | volumes
    depth, height, width = next(iter(volumes.values())).shape
    figure = Figure(figsize=(9, 2.6 * len(volumes)), layout="constrained")
    limits = limits_of(found)
    for row, (name, volume) in zip(figure.subplots(len(volumes), 3, squeeze=False), volumes.items(), strict=True):
        panel(row[0], volume[depth // 2], f"{name}: sample {depth // 2}", "gray", limits)
        panel(row[1], volume[:, height // 2], f"row {height // 2} of all samples", "gray", limits, "auto")
        panel(row[2], volume[:, :, width // 2], f"column {width // 2} of all samples", "gray", limits, "auto")
    return figure


def is_volume(x: np.ndarray) -> bool:
    """Whether samples (N, C, H, W) look like slices of a volume: many, and neighbours alike."""
    if len(x) < STACK or x.shape[1] > 1 or min(x.shape[2:]) == 1:
        return False
    near, far = (np.linalg.norm(x - np.roll(x, by, axis=0)) for by in (1, len(x) // 2))
    return bool(near < ALIKE * far)


def of_trust(found, labels: dict[str, str]) -> Figure:
    """Expected errors and p-values over the samples."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, one in found.estimates.items():
        line = left.plot(one.trust.error, label=labels[name], linewidth=1.2)[0]
        left.fill_between(range(len(one.x)), *one.trust.interval.T, color=line.get_color(), alpha=0.15, linewidth=0)
    left.set(xlabel="sample", ylabel="expected relative error", ylim=(0, None))
    left.legend(fontsize=8, frameon=False)
    right.semilogy(found.p_value, ".", color="0.2")
    right.axhline(0.05, color="#C44E52", linewidth=1)
    right.set(xlabel="sample", ylabel="p-value: like the training data?", ylim=(None, 1.2))
    return figure


def shown(found, problem, sample: int) -> np.ndarray:
    """Measured data of a sample (H, W), NaN where they are missing; of several channels the middle one."""
    keep = np.moveaxis(np.ones_like(found.y[sample]), problem.missing_axis - 1, -1) * found.keep[sample]
    keep = np.moveaxis(keep, -1, problem.missing_axis - 1) > 0
    return middle(np.where(keep, found.y[sample], np.nan))


def middle(values: np.ndarray) -> np.ndarray:
    """(C, H, W) -> (H, W): the middle channel, one-dimensional signals as a line of pixels."""
    return values[len(values) // 2]
