"""Figures of the report on cross-well seismics, each a matplotlib Figure; data come as arrays, nothing is read here."""

import textwrap
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from pairlsi.reports.figures.common import STYLE

VELOCITY, DEVIATION = "viridis", "magma"
WIDEST = 16  # signs of a title above one of eight columns
PRESSURE = colormaps["RdBu_r"].with_extremes(bad="#c8c8c8")  # missing receivers are NaN


@dataclass(frozen=True)
class Scales:
    """What all figures of one experiment share: sizes of a model and of a record, ends of the colour bars."""

    width: float  # m
    depth: float  # m
    duration: float  # s
    velocities: tuple[float, float]  # m/s
    pressure: float  # relative pressure, the colour bar's end on both sides

    @classmethod
    def of(cls, problem, y) -> "Scales":
        """Those of a cross-well problem, with the colours of pressure saturated for 1 % of some data y."""
        p = problem.settings
        return cls(
            width=p.columns * p.spacing,
            depth=p.rows * p.spacing,
            duration=p.steps * p.time_step,
            velocities=(p.mean_velocity - p.contrast, p.mean_velocity + p.contrast),
            pressure=float(np.quantile(np.abs(y), 0.99)),
        )

    def velocity(self, axes, x):
        """Draw a model (H, W) in m/s."""
        low, high = self.velocities
        extent = (0, self.width, self.depth, 0)
        return axes.imshow(x, cmap=VELOCITY, vmin=low, vmax=high, extent=extent, interpolation="nearest")

    def record(self, axes, y, cmap=PRESSURE, limits=None):
        """Draw a channel (receivers, samples), receivers going down, time to the right, over the axes' whole box."""
        low, high = limits or (-self.pressure, self.pressure)
        extent = (0, self.duration, self.depth, 0)
        return axes.imshow(y, cmap=cmap, vmin=low, vmax=high, extent=extent, aspect="auto", interpolation="nearest")


def receivers(problem, keep: np.ndarray) -> np.ndarray:
    """Distance and depth, m, of the receivers of both wells that work, (R, 2); keep (receivers of a well,) bool."""
    wells = np.unique(np.concatenate(problem.receivers[:, keep]), axis=0)
    return (wells[:, ::-1] + 0.5) * problem.settings.spacing


def shot(problem, channel: int) -> str:
    """What a channel of the data shows, in words."""
    side = "left" if channel < problem.settings.sources_per_well else "right"
    depth = (problem.sources[channel, 0] + 0.5) * problem.settings.spacing
    return f"shot in the {side} well, {depth:.0f} m deep"


def grid(rows: int, columns: int, width: float, height: float):
    """A figure of rows × columns panels of width × height inches, and the panels."""
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def bare(axes) -> None:
    axes.set(xticks=[], yticks=[])


def overview(truth, measured, estimates: dict, scales: Scales, kept: np.ndarray) -> Figure:
    """One sample: the truth with the receivers that work, one channel of their data, and what methods make of it.

    truth (H, W); measured (receivers, samples), NaN where missing; estimates: name -> ((H, W), RRE);
    kept (R, 2): distance and depth, m, of the receivers that work.
    """
    count = 2 + len(estimates)
    columns = count if count <= 5 else -(-count // 2)
    rows = -(-count // columns)
    figure, panels = grid(rows, columns, 2.5, 2.75)
    first, second, *others = panels.flat
    drawn = scales.velocity(first, truth)
    first.plot(*kept.T, "o", color="white", markeredgecolor="black", markersize=5.5, clip_on=False)
    first.set_title("truth, ○ receivers left", fontsize=11)
    first.set(xlabel="m", ylabel="depth, m")
    scales.record(second, measured)
    second.set_title("measured, one shot", fontsize=11)
    second.set(xlabel="time, s", yticks=[])
    second.set_box_aspect(scales.depth / scales.width)
    best = min(error for _, error in estimates.values())
    for axes, (name, (image, error)) in zip(others, estimates.items(), strict=False):
        scales.velocity(axes, image)
        axes.set_title(name, fontsize=11)
        axes.set_xlabel(f"RRE {error:.3f}", fontsize=11, fontweight="bold" if error == best else "normal")
        bare(axes)
    for axes in others[len(estimates) :]:
        axes.set_axis_off()
    figure.colorbar(drawn, ax=panels, label="velocity, m/s", shrink=0.7, aspect=30)
    return figure


def models(groups: dict[str, np.ndarray], scales: Scales) -> Figure:
    """The paper's Figure 4(a): rows of velocity models, name -> (n, H, W)."""
    columns = max(len(x) for x in groups.values())
    figure, panels = grid(len(groups), columns, 1.9, 2.0)
    for row, (name, x) in zip(panels, groups.items(), strict=True):
        for axes, model in zip(row, x, strict=False):
            drawn = scales.velocity(axes, model)
        for axes in row[len(x) :]:
            axes.set_axis_off()
        row[0].set_ylabel(f"{name}\ndepth, m", **STYLE)
    for axes in panels.flat:
        axes.tick_params(labelsize=7)
        axes.label_outer()
    for axes in panels[-1]:
        axes.set_xlabel("m", **STYLE)
    figure.colorbar(drawn, ax=panels, label="velocity, m/s")
    return figure


def records(data: dict[str, np.ndarray], scales: Scales) -> Figure:
    """The paper's Figure 4(b): channels of one model's data, title -> (receivers, samples)."""
    figure, panels = grid(1, len(data), 3.0, 2.8)
    for axes, (title, channel) in zip(panels[0], data.items(), strict=True):
        drawn = scales.record(axes, channel)
        axes.set_title(title, **STYLE)
        axes.set_xlabel("time, s", **STYLE)
        axes.tick_params(labelsize=7)
        axes.label_outer()
    panels[0, 0].set_ylabel("receiver depth, m", **STYLE)
    figure.colorbar(drawn, ax=panels, label="relative pressure")
    return figure


def completion(truth, measured, members, mean, error: float, scales: Scales) -> Figure:
    """The paper's Figure 5: one channel completed by an ensemble.

    truth, mean (receivers, samples); measured: NaN where missing; members (K, receivers, samples); error: of the mean.
    """
    above = {"full data": truth, "measured": measured, f"completed, error {error:.3f}": mean}
    above["completed less full data"] = mean - truth
    shown = [f"member {k}" for k in range(1, 1 + len(members))] if len(members) > 1 else []
    figure = Figure(figsize=(10, 5.1 if shown else 2.8), layout="constrained")
    rows = figure.subfigures(2 if shown else 1, 1, squeeze=False)[:, 0]
    panels, below = rows[0].subplots(1, len(above)), []
    for axes, (title, values) in zip(panels, above.items(), strict=True):
        drawn = scales.record(axes, values)
        axes.set_title(title, **STYLE)
    if shown:
        below = rows[1].subplots(1, len(shown) + 1)
        for axes, title, values in zip(below, shown, members, strict=False):
            scales.record(axes, values)
            axes.set_title(title, **STYLE)
        deviation = np.std(members, axis=0, ddof=1)
        spread = scales.record(below[-1], deviation, DEVIATION, (0, deviation.max()))
        below[-1].set_title("standard deviation", **STYLE)
        rows[1].colorbar(spread, ax=below, label="deviation", aspect=15)
    for row in (panels, below):
        for i, axes in enumerate(row):
            axes.tick_params(labelsize=7)
            axes.set_xlabel("time, s", **STYLE)
            if i:
                axes.set_yticks([])
            else:
                axes.set_ylabel("receiver depth, m", **STYLE)
    rows[0].colorbar(drawn, ax=panels, label="relative pressure", aspect=15)
    return figure


def estimates(truths, found: dict, errors: dict, deviations: dict, scales: Scales) -> Figure:
    """The paper's Figure 6: the truth and the estimates of each method, a row a sample.

    truths (S, H, W); found: name -> (S, H, W); errors: name -> (S,); deviations: name -> (H, W), the standard
    deviation over members for the last sample, of the methods that have any: they make a row of their own.
    """
    samples = len(truths)
    width = min(max(10.8 / (len(found) + 1), 1.35), 2.0)
    figure, panels = grid(samples + bool(deviations), len(found) + 1, width, width + 0.25)
    for axes in panels.flat:
        bare(axes)
    panels[0, 0].set_title("truth", **STYLE)
    best = np.min(list(errors.values()), axis=0)
    for row in range(samples):
        drawn = scales.velocity(panels[row, 0], truths[row])
    top = max((deviation.max() for deviation in deviations.values()), default=1.0)
    for column, (name, images) in enumerate(found.items(), 1):
        panels[0, column].set_title(textwrap.fill(name, WIDEST), **STYLE)
        for row in range(samples):
            scales.velocity(panels[row, column], images[row])
            weight = "bold" if errors[name][row] == best[row] else "normal"
            panels[row, column].set_xlabel(f"{errors[name][row]:.3f}", fontweight=weight, labelpad=2, **STYLE)
        if name in deviations:
            image = panels[-1, column].imshow(deviations[name], cmap=DEVIATION, vmin=0, vmax=top)
    figure.colorbar(drawn, ax=panels[:samples], label="velocity, m/s", aspect=30)
    if deviations:
        for column, name in enumerate(["", *found]):
            if name not in deviations:
                panels[-1, column].set_axis_off()
        panels[-1, 0].text(1, 0.5, "standard\ndeviation\nof members", ha="right", va="center", **STYLE)
        figure.colorbar(image, ax=panels[-1:], label="m/s", aspect=8)
    return figure
