"""Data that are not as they were in training, by kind and severity: what the trust of predictions has to notice.

Each makes of test data y (N, C, H, W) what would have been measured had something gone wrong that nobody knows of.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Inconsistency:
    """label: what it is, with the unit of its severity; severities: from the least on; spoil(y, severity, rng,
    problem).
    """

    label: str
    severities: tuple[float, ...]
    spoil: Callable


def noise(y, severity, rng, problem):
    level = max(problem.noise_level, 1e-3) * np.sqrt(severity**2 - 1)
    drawn = rng.standard_normal(y.shape)
    norms = (np.linalg.norm(u.reshape(len(u), -1), axis=1).reshape(-1, 1, 1, 1) for u in (y, drawn))
    clean, white = norms
    return y + level * clean / white * drawn


def gain(y, severity, rng, problem):
    shape = [len(y), 1, 1, 1]
    shape[problem.missing_axis] = y.shape[problem.missing_axis]
    return y * (1 + severity / 100 * rng.standard_normal(shape))


def shift(y, severity, rng, problem):
    whole, part = int(severity // 1), severity % 1
    return (1 - part) * np.roll(y, whole, -1) + part * np.roll(y, whole + 1, -1)


def dead(y, severity, rng, problem):
    """The same entries of every row, those about the middle, where there is something to be lost."""
    middle, spoiled = y.shape[-1] // 2, y.copy()
    spoiled[..., middle - 2 : middle - 2 + int(severity)] = 0
    return spoiled


def silent(y, severity, rng, problem):
    """Rows that are believed to have been measured, others for each sample."""
    spoiled = np.moveaxis(y.copy(), problem.missing_axis, 1)
    for own in spoiled:
        own[rng.choice(len(own), int(severity), replace=False)] = 0
    return np.moveaxis(spoiled, 1, problem.missing_axis)


KINDS = {
    "noise": Inconsistency("stronger noise, times that of training", (1.5, 2.0, 4.0), noise),
    "gain": Inconsistency("gain of every row off at random, %", (1.0, 3.0, 10.0), gain),
    "shift": Inconsistency("data shifted along the last axis, entries", (0.1, 0.3, 1.0), shift),
    "dead": Inconsistency("entries of all rows that are dead and not known to be", (1, 2, 4), dead),
    "silent": Inconsistency("rows without data that are believed to have some", (1, 2, 4), silent),
}
