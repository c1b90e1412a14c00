"""What methods, splits and masks are called in the reports, and how numbers with their intervals are written."""

import numpy as np

from pairlsi.evaluation.bootstrap import interval

SPLITS = {"test": "in distribution", "ood": "out of distribution"}
ROWS = {"pair": "PAIR", "encdec": "Encoder-decoder", "lsi": "PAIR+LSI"}  # of the paper's Table 1


def with_interval(values: np.ndarray, confidence: float) -> str:
    """A mean on each resample (1 + R,) as "0.100 (0.090 to 0.110)", without the brackets where there is no interval."""
    mean, low, high = interval(values, confidence)
    return f"{mean:.3f}" if np.isnan(low) else f"{mean:.3f} ({low:.3f} to {high:.3f})"


def plus_minus(values: np.ndarray, confidence: float) -> str:
    """A mean on each resample (1 + R,) as "0.100 ± 0.010", half the interval."""
    mean, low, high = interval(values, confidence)
    return f"{mean:.3f}" if np.isnan(low) else f"{mean:.3f} ± {(high - low) / 2:.3f}"


def difference(values: np.ndarray, others: np.ndarray, name: str, confidence: float) -> str:
    """By how many percent one mean (1 + R,) lies below or above that of another method, called `name`, in words."""
    change, low, high = (100 * v for v in interval(values / others - 1, confidence))
    side, ends = ("below", (-high, -low)) if change < 0 else ("above", (low, high))
    if np.isnan(low):
        return f"{round(abs(change))} % {side} that of {name} (too few samples for an interval)"
    return f"{round(abs(change))} % {side} that of {name} ({round(ends[0])} to {round(ends[1])} %)"


def sources(seeds: int, draws: int) -> str:
    """Over what intervals are, to follow "intervals": samples, and masks and seeds where there are three or more."""
    over = ["samples", *(["seeds"] if seeds > 2 else [])]
    over += ["masks (of methods that were run on three or more)"] if draws > 2 else []
    fixed = [name for name, count in (("masks", draws), ("trainings", seeds)) if count < 3]
    told = f"over {' and '.join(over)}"
    return told + (f"; fewer than three {' and '.join(fixed)} say nothing of the spread between them" if fixed else "")
