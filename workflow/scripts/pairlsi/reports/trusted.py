"""Tables of what predictions say of themselves on test data (`predictions.rates`)."""

import numpy as np
import pandas as pd

from pairlsi.core.parts import find
from pairlsi.observations import ROOM
from pairlsi.predictions.trust import COVERED, LEVEL

Z = 1.96


def label(kind: str) -> str:
    """What stands for a kind of spoiled data in tables and legends."""
    return "another distribution of objects" if kind == "ood" else find(ROOM, kind).label


def severity_of(kind: str, severity: float) -> str:
    """A severity in its unit: "0.1 entries"."""
    part = find(ROOM, kind)
    return " ".join(filter(None, [f"{severity:g}", part.unit, part.where]))


def first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the method that speaks for all."""
    return table[table.method == table.method.iloc[0]]


def chance(level: float, samples: int, known: int) -> str:
    """Where 95 % of rates lie that are `level` in truth: of so many samples, held against the same validation
    samples.
    """
    spread = Z * np.sqrt(level * (1 - level) * (1 / samples + 1 / known))
    return f"({max(0, level - spread):.1%} to {min(1, level + spread):.1%})"


def nominal(table: pd.DataFrame) -> pd.DataFrame:
    """A row a mask: rates of false alarms and coverage on test data that are as they should be."""
    rows = []
    table = first(table)
    for mask, own in table[table.kind == "test"].groupby("mask", sort=False):
        samples, known = len(own), int(own.known.iloc[0])
        held = (own.low <= own.error) & (own.error <= own.high)
        rows.append(
            {
                "mask": mask,
                "false alarms": f"{(own.p_value <= LEVEL).mean():.1%} {chance(LEVEL, samples, known)}",
                "error in its interval": f"{held.mean():.1%} {chance(COVERED, samples, known)}",
                "pixels in the band": f"{own[f'within_{COVERED:.0%}'].mean():.1%}",
                "error": f"{own.error.mean():.1%}",
                "expected": f"{own.expected.mean():.1%}",
            }
        )
    return pd.DataFrame(rows)


def power(table: pd.DataFrame) -> pd.DataFrame:
    """A row a kind of spoiled data and severity: how often it is noticed, over all masks, and the area under the
    ROC.
    """
    rows = []
    table = first(table)
    usual = table[table.kind == "test"]
    for (kind, severity), own in table[table.kind != "test"].groupby(["kind", "severity"], sort=False):
        rows.append(
            {
                "what": label(kind),
                "severity": severity_of(kind, severity) if severity else "",
                "noticed": f"{(own.p_value <= LEVEL).mean():.0%}",
                "area under the ROC": f"{area(own.p_value.to_numpy(), usual.p_value.to_numpy()):.2f}",
                "error": f"{own.error.mean():.1%}",
            }
        )
    return pd.DataFrame(rows)


def area(spoiled: np.ndarray, usual: np.ndarray) -> float:
    """How often a p-value of spoiled data is the smaller one, ties by half."""
    less = (spoiled[:, None] < usual[None]).mean()
    return float(less + 0.5 * (spoiled[:, None] == usual[None]).mean())


def in_words(table: pd.DataFrame, name: str) -> str:
    """What the tables say."""
    table = first(table)
    usual, odd = table[table.kind == "test"], table[table.kind != "test"]
    held = ((usual.low <= usual.error) & (usual.error <= usual.high)).mean()
    noticed = (odd.p_value <= LEVEL).groupby([odd.kind, odd.severity]).mean()
    worst = noticed.groupby(level=0).last()
    seen = [label(kind) for kind, part in worst.items() if part >= 0.9 and kind != "ood"]
    sentence = (
        f"What `snakemake predict` says of data of your own, tried on test data with {name}: of samples that are as in "
        f"training {(usual.p_value <= LEVEL).mean():.1%} raise an alarm where 5 % should, and {held:.1%} of the "
        "errors lie in their 90 % interval."
    )
    if seen:
        sentence += f" At the largest severity tried, nine of ten are noticed of: {'; '.join(seen)}."
    if "ood" in worst:
        sentence += (
            f" Of objects of the other distribution {worst['ood']:.0%} are noticed; an object that the data fit well "
            "passes, whatever it is."
        )
    return sentence
