"""Whether data can be what they are taken for: their unit and sign, and what no x at all would give."""

import numpy as np

from pairlsi.predictions import ObservationError

UNIT = 5.0  # times that values may be larger or smaller than those of training before they must be of another unit
ODD = 2.0  # times the oddest validation sample that is worth a sentence


def comparable(placed, problem, statistics, name: str) -> None:
    """Raise ObservationError where values are of another size than those of training: another unit, most likely."""
    said = statistics.scalars["y"]
    usual = np.sqrt(said["mean"] ** 2 + said["std"] ** 2)
    entries = placed.y[0].size * placed.keep.mean(1)
    found = np.sqrt(np.square(placed.y.reshape(len(placed.y), -1)).sum(1) / entries)
    ratio = float(np.median(found) / usual)
    if not 1 / UNIT < ratio < UNIT:
        raise ObservationError(
            f"{name}: its values are {ratio:.3g} times as large as those of training (root mean square "
            f"{np.median(found):.3g}, there {usual:.3g} {problem.y_unit}): give them in that unit, or say by "
            f"what to multiply them, as scale={1 / ratio:.3g}"
        )
    signs = np.median(placed.y.sum((1, 2, 3))) * statistics.means["y"].sum()
    if said["min"] >= -0.2 * said["max"] and signs < 0:
        raise ObservationError(
            f"{name}: its values are negative, those of training are not: give them with the other sign, as "
            "scale=-1, or take minus the logarithm of transmitted parts"
        )


def oddities(y: np.ndarray, keep: np.ndarray, usual: dict[str, float], problem) -> dict[str, str]:
    """What is odd about data y (N, C, H, W), which arrived on rows keep (rows,), whatever x is: name -> a sentence.

    usual: the largest that is found in data that are as they should be.
    """
    sentences = {}
    for name, values in problem.oddities(y, keep).items():
        middle = values[np.argsort(np.abs(values))[len(values) // 2]]
        if np.isfinite(middle) and abs(middle) > ODD * usual[name]:
            sentences[name] = problem.oddity_words[name].format(value=float(middle))
    return sentences
