"""Cross-well simulation: shots a second of our forward against a bare, batched call of deepwave.scalar.

Run: python benchmarks/crosswell_simulation.py [--repeats 5]. Same run, same models, same settings, one thread each;
the contestants take turns in every repeat, so that a busy machine slows both. Prints a table of medians and writes
benchmarks/results/crosswell_simulation.csv with the facts of the machine. Always exits 0; says whether the target is
met.

"ours" is crosswell.Problem.forward, float32 in and out: limits on the velocity, repetition of models over shots,
blocks and copies included. "bare" is one call of deepwave.scalar with all shots of all models, whose tensors lie ready.
"""

import argparse
import time
from statistics import median

import machine  # first: it holds libraries to one thread

# isort: split
import deepwave
import numpy as np
import torch

from pairlsi import problems
from pairlsi.problems import crosswell
from pairlsi.problems.crosswell.velocity import velocity_model

TARGET = 0.95  # of the shots a second of the bare call
GRIDS = {32: {"time_step": 0.00125, "steps": 288, "models": 32}, 64: {"time_step": 0.00125, "steps": 544, "models": 4}}


def make(size: int) -> crosswell.Problem:
    return problems.create(
        {
            "kind": "crosswell",
            "rows": size,
            "columns": size,
            "spacing": 10.0,
            "mean_velocity": 2150.0,
            "contrast": 650.0,
            "sources_per_well": 8,
            "receivers_per_well": 32,
            "peak_frequency": 20.0,
            "time_step": GRIDS[size]["time_step"],
            "steps": GRIDS[size]["steps"],
            "keep_every": 6,
            "pml_width": 10,
            "noise_level": 0.0,
        }
    )


def bare_call(problem: crosswell.Problem, x: np.ndarray):
    """A function of nothing -> receiver amplitudes (models * shots, receivers, steps); all it needs is made here."""
    s, shots = problem.settings, len(problem.sources)
    velocity = torch.from_numpy(x[:, 0].repeat(shots, axis=0))
    amplitudes = torch.from_numpy(problem.wavelet.astype(np.float32)).repeat(len(velocity), 1, 1)
    sources = torch.from_numpy(problem.sources[:, None]).repeat(len(x), 1, 1)
    receivers = torch.from_numpy(problem.receivers).repeat(len(x), 1, 1)

    def call() -> torch.Tensor:
        return deepwave.scalar(
            velocity,
            s.spacing,
            s.time_step,
            source_amplitudes=amplitudes,
            source_locations=sources,
            receiver_locations=receivers,
            accuracy=crosswell.ACCURACY,
            pml_width=s.pml_width,
            max_vel=s.ceiling * (1 + 1e-6),
            pml_freq=s.peak_frequency,
        ).receiver_amplitudes

    return call


def measure(size: int, repeats: int) -> list[dict]:
    problem, number = make(size), GRIDS[size]["models"]
    drawn = [velocity_model(np.random.default_rng(i), size, size, 2150.0, 650.0) for i in range(number)]
    x = np.stack(drawn)[:, None]
    contestants = {"ours": lambda: problem.forward(x), "bare": bare_call(problem, x)}
    reference = contestants["bare"]().numpy()[..., :: problem.settings.keep_every]  # first calls also warm up
    difference = np.abs(contestants["ours"]().reshape(reference.shape) - reference).max() / np.abs(reference).max()
    seconds = {name: [] for name in contestants}
    for repeat in range(repeats):
        for name in sorted(contestants, reverse=repeat % 2 == 1):  # each goes first every other time
            start = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - start)
    shots = number * len(problem.sources)
    ratios = [bare / ours for bare, ours in zip(seconds["bare"], seconds["ours"], strict=True)]
    return [
        {
            "size": size,
            "steps": problem.settings.steps,
            "contestant": name,
            "shots": shots,
            "repeats": repeats,
            "shots_per_second": round(shots / median(times), 1),
            "slowest": round(shots / max(times), 1),
            "fastest": round(shots / min(times), 1),
            "times_bare": round(median(ratios), 3) if name == "ours" else 1.0,  # of the two within a repeat
            "difference_from_bare": f"{difference:.1e}" if name == "ours" else "",
        }
        for name, times in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement (default 5)")
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    facts = machine.facts("deepwave", "numpy", "torch")
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    rows = []
    print("\n size contestant  shots/s  slowest  fastest  x bare  difference")
    for size in GRIDS:
        for row in measure(size, repeats):
            numbers = "{size:>5} {contestant:>10} {shots_per_second:>8.1f} {slowest:>8.1f} {fastest:>8.1f}"
            print((numbers + " {times_bare:>7.3f} {difference_from_bare:>11}").format(**row))
            rows.append({**row, **facts})
    print()
    for row in rows:
        if row["contestant"] == "ours":
            verdict = "met" if row["times_bare"] >= TARGET else "NOT met"
            print(f"{row['size']}: target at least {TARGET} of the bare call: {verdict}, {row['times_bare']:.3f}")
    machine.write(rows, "crosswell_simulation")


if __name__ == "__main__":
    main()
