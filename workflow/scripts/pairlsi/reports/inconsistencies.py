"""At which kind and amount of inconsistency is which method best, and is it noticed? See `predictions.rates`."""

import numpy as np
import pandas as pd

from pairlsi.core.parts import find
from pairlsi.observations import ROOM
from pairlsi.predictions.trust import LEVEL
from pairlsi.reports.trusted import first, label, severity_of

HARM = 1.2  # times the error on data as they should be


def spoiled(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of data that something went wrong with."""
    return table[~table.kind.isin(["test", "ood"])]


def usual(table: pd.DataFrame) -> pd.Series:
    """Mean error of each method on the samples that were spoiled, as they are: by method."""
    odd = spoiled(table)
    same = table[(table.kind == "test") & (table["mask"] == odd["mask"].iloc[0]) & table["sample"].isin(odd["sample"])]
    return same.groupby("method", sort=False).error.mean()


def comparison(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """A row a kind and severity: mean errors of the methods, which is best and clearly so, how often it is noticed.

    labels: of methods. Best is the least mean, clearly so where the 95 % Student interval of the mean difference to
    every other lies on one side of zero.
    """
    rows = []
    for (kind, severity), own in spoiled(table).groupby(["kind", "severity"], sort=False):
        errors = own.pivot_table(index="sample", columns="method", values="error", sort=False)
        means = errors.mean()
        best = means.idxmin()
        clear = len(means) > 1 and all(differs(errors[other] - errors[best]) for other in errors if other != best)
        noticed = (first(own).p_value <= LEVEL).mean()
        row = {"what": label(kind), "severity": severity_of(kind, severity)}
        row |= {labels[method]: f"{error:.3f}" for method, error in means.items()}
        rows.append(row | {"best": labels[best] if clear else "no clear one", "noticed": f"{noticed:.0%}"})
    return pd.DataFrame(rows)


def differs(differences: pd.Series) -> bool:
    """Whether the mean of paired differences is above zero by its whole 95 % Student interval."""
    from scipy.stats import t

    count = len(differences)
    if count < 2:
        return False
    half = t.ppf(0.975, count - 1) * differences.std(ddof=1) / np.sqrt(count)
    return bool(differences.mean() - half > 0)


def in_words(table: pd.DataFrame, labels: dict[str, str]) -> str:
    """What the comparison comes to."""
    rows = comparison(table, labels)
    counts = rows.best[rows.best != "no clear one"].value_counts()
    sentence = f"Of {len(rows)} cases, kinds of inconsistency at so many severities, "
    if len(labels) > 1 and len(counts):
        told = ", ".join(f"{name} in {count}" for name, count in counts.items())
        sentence += f"the clear best is {told}; in {len(rows) - counts.sum()} no method is."
    else:
        sentence += "none has a clear best."
    if quiet := unnoticed(table):
        sentence += f" Noticed in less than half of the samples where the error is a fifth larger: {'; '.join(quiet)}."
    return sentence


def unnoticed(table: pd.DataFrame) -> list[str]:
    """Kinds and severities that do harm to the method that speaks for all, and are mostly not noticed."""
    own, clean = first(spoiled(table)), usual(table).iloc[0]
    found: dict[str, list[str]] = {}
    for (kind, severity), part in own.groupby(["kind", "severity"], sort=False):
        if part.error.mean() > HARM * clean and (part.p_value <= LEVEL).mean() < 0.5:
            found.setdefault(kind, []).append(f"{severity:g}")
    return [f"{label(kind)} ({', '.join(said)} {find(ROOM, kind).unit})" for kind, said in found.items()]
