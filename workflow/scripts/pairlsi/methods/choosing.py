"""What methods leave open is chosen on validation samples, which are dealt out over the draws of an observation."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from pairlsi.methods import Method


def deal(samples: int, draws: int) -> list[np.ndarray]:
    """The numbers of the validation samples that each draw of an observation gets, in turn."""
    return [np.arange(draw, samples, draws) for draw in range(draws)]


def dealt(methods: Sequence[Method], samples: int) -> list[tuple[Method, np.ndarray]]:
    """The method on each draw that gets any of so many validation samples, with their numbers."""
    return [(m, own) for m, own in zip(methods, deal(samples, len(methods)), strict=True) if len(own)]


def best_of(methods: Sequence[Method], name: str, values: Sequence, x: np.ndarray, y: np.ndarray) -> tuple:
    """Give all methods the attribute `name` of these values that is best on validation pairs x, y (N, C, H, W).

    Returned are the value and [value, mean relative error] of each that was tried (`downhill`).
    """
    given = dealt(methods, len(x))

    def take(value) -> None:
        for method in methods:
            setattr(method, name, value)

    def error(value) -> float:
        take(value)
        return float(np.concatenate([_errors(m, x[own], y[own], own) for m, own in given]).mean())

    tried = downhill(values, error)
    best = min(tried, key=tried.get)
    take(best)
    return best, [list(pair) for pair in tried.items()]


def downhill(values: Sequence, error: Callable) -> dict:
    """value -> error(value) of those tried, in ascending order: from the middle one to both its neighbours, and on
    while the error falls.

    An error that falls, then rises over all values has its least one among them, both neighbours of which were tried.
    """
    values, tried = sorted(values), {}

    def tested(value) -> float:
        found = error(value)
        tried[value] = math.inf if math.isnan(found) else found
        return tried[value]

    middle = len(values) // 2
    least = tested(values[middle])
    for side in (values[:middle][::-1], values[middle + 1 :]):
        for value in side:
            found = tested(value)
            if found >= least:
                break
            least = found
        if least < tried[values[middle]]:
            break  # it lies on this side
    return dict(sorted(tried.items()))


def stopped_where_best(methods: Sequence[Method], x: np.ndarray, y: np.ndarray) -> dict:
    """Give all methods the number of iterations that is best on validation pairs x, y (N, C, H, W).

    A method's `errors` are relative ones (1 + I, n) of samples after 0 … I iterations. Returned are the choice, and the
    mean error after each number as "validation_rre"; samples are dealt out over the draws.
    """
    errors = np.concatenate([m.errors(x[own], y[own], own) for m, own in dealt(methods, len(x))], axis=1).mean(1)
    for method in methods:
        method.iterations = int(np.argmin(errors))
    return {"iterations": methods[0].iterations, "validation_rre": errors.tolist()}


def _errors(method: Method, x: np.ndarray, y: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Relative errors (n,) of validation pairs, samples `numbers` (n,), estimated batch by batch."""

    def estimated(part: slice) -> np.ndarray:
        own = numbers[part]
        found = method.estimate(method.observation(y[part], "validation", own), "validation", own).x
        return (found - x[part]).reshape(len(own), -1)

    off = np.concatenate(list(method.batched(estimated, len(x))))
    return np.linalg.norm(off, axis=1) / np.linalg.norm(x.reshape(len(x), -1), axis=1)
