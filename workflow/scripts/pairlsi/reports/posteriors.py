"""How far off methods say that they are, and how far they were (`evaluation.metrics.stated`)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pairlsi.evaluation.comparisons import Sweep
from pairlsi.evaluation.metrics import STATED
from pairlsi.reports.members import APART, calibration


def rows(sweep: Sweep, in_words: Callable[[str], str]) -> pd.DataFrame:
    """The rows of the test split of methods that say how far off they are, but for data that are spoiled, of which none
    says that it knows; in_words: what a case is called.
    """
    known = ~sweep.table.observation.isin(sweep.spoiling)
    table = sweep.table[(sweep.table.split == "test") & sweep.table.stated.notna() & known]
    return table.assign(case=(table.observation + "-" + table.percent.map("{:g}".format)).map(in_words))


def coverage(found: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """Of `rows`: method -> case -> part of the entries within the bands of each level of `STATED`, mean over samples
    and draws.
    """
    columns = [f"inside_{level}" for level in STATED]
    means = found.groupby(["method", "case"], sort=False)[columns].mean()
    return {
        method: {case: values.to_numpy() for (_, case), values in of_method.iterrows()}
        for method, of_method in means.groupby(level=0, sort=False)
    }


def told(found: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """A row a method and case: errors, stated ones, and how much the bands of two levels hold."""
    result = []
    for (method, case), own in found.groupby(["method", "case"], sort=False):
        result.append(
            {
                "method": labels[method],
                "data": case,
                "error": f"{own.rre.mean():.3f}",
                "stated": f"{own.stated.mean():.3f}",
                "error over stated": f"{ratio(own):.2f}",
                "entries within 50 %": f"{own.inside_50.mean():.0%}",
                "within 90 %": f"{own.inside_90.mean():.0%}",
            }
        )
    return pd.DataFrame(result)


def ratio(found: pd.DataFrame) -> float:
    """Error over stated error, of root mean squares."""
    return float(calibration(found.rre.to_numpy(), found.stated.to_numpy())["error over spread"])


def sentences(found: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """What the table says of each method, over all cases."""
    result = []
    for method, own in found.groupby("method", sort=False):
        off = ratio(own)
        verdict = "about as far off as it says"
        if off > APART:
            verdict = f"{off:.1f} times as far off as it says"
        elif off < 1 / APART:
            verdict = f"closer than it says: its errors are {off:.2f} of the stated ones"
        result.append(
            f"**{labels[method]}** is {verdict}; its 90 % bands hold {own.inside_90.mean():.0%} of the entries."
        )
    return result
