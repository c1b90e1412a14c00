"""What designs.csv says (`designs.trial`): mean errors, and what is gained on evenly spread rows, with intervals."""

import numpy as np
import pandas as pd

from pairlsi.evaluation.bootstrap import Levels, interval

LABELS = {
    "even": "evenly spread",
    "random": "at random",
    "trace": "least expected error",
    "determinant": "least determinant",
    "weights": "relaxed weights",
    "exchange": "moved on validation samples",
}
REACH = {"all": "all rows", "first": "the first two thirds alone"}
CHOSEN = ("trace", "determinant", "weights", "exchange")


class Designs:
    """The table, and resamples of its samples, the same for all designs.

    evaluation: `evaluation.settings.Evaluation`.
    """

    def __init__(self, table: pd.DataFrame, evaluation):
        self.table, self.confidence = table, evaluation.confidence
        levels = Levels(np.random.default_rng(evaluation.seed), table["sample"].nunique(), evaluation.resamples, 2)
        self.weights = levels.weights(np.ones(table["sample"].nunique(), bool))

    def errors(self, method: str, reach: str, design: str, count: int) -> np.ndarray:
        """Mean RRE over samples and draws, (1 + R,)."""
        own = self.table.query("method == @method and reach == @reach and design == @design and count == @count")
        return self.weights @ own.groupby("sample").rre.mean().to_numpy()

    def gain(self, method: str, reach: str, design: str, count: int) -> tuple[float, float, float]:
        """By how much the error is smaller than behind evenly spread rows, relatively, with its interval."""
        evenly = self.errors(method, reach, "even", count)
        return interval(1 - self.errors(method, reach, design, count) / evenly, self.confidence)

    def each(self) -> list[tuple[str, str, str]]:
        """(method, reach, design) as they were tried."""
        return list(self.table[["method", "reach", "design"]].drop_duplicates().itertuples(index=False, name=None))

    def counts(self, method: str, reach: str, design: str) -> list[int]:
        """How many rows it was tried with."""
        own = self.table.query("method == @method and reach == @reach and design == @design")
        return sorted(own["count"].unique().tolist())

    def chosen(self, reach: str, design: str, count: int) -> tuple[list[int], list[float]]:
        """Rows and positions of the first draw of a design."""
        own = self.table.query("reach == @reach and design == @design and count == @count and draw == 0").iloc[0]
        return [int(row) for row in str(own["rows"]).split()], [float(at) for at in str(own.positions).split()]


def gains(found: Designs, label) -> pd.DataFrame:
    """A row a method, reach, design and number of rows; label: what a method is called."""
    rows = []
    for method, reach, design in found.each():
        for count in found.counts(method, reach, design):
            mean, low, high = found.gain(method, reach, design, count)
            row = {"method": label(method), "of": REACH[reach], "rows": count, "chosen": LABELS[design]}
            row["RRE"] = f"{found.errors(method, reach, design, count)[0]:.3f}"
            row["smaller than evenly spread by"] = "" if design == "even" else f"{mean:.1%} ({low:.1%} to {high:.1%})"
            rows.append(row)
    return pd.DataFrame(rows)


def in_words(found: Designs, label, rows: str) -> str:
    """Whether chosen rows beat evenly spread ones; rows: what they are called."""
    said = []
    for method, reach in dict.fromkeys((method, reach) for method, reach, _ in found.each()):
        tried = [
            (LABELS[design], count, *found.gain(method, reach, design, count))
            for one, where, design in found.each()
            if (one, where) == (method, reach) and design in CHOSEN
            for count in found.counts(method, reach, design)
        ]
        won = [one for one in tried if one[3] > 0]
        lost = [one for one in tried if one[4] < 0]
        sentence = (
            f"With {label(method)}, of {REACH[reach]}, chosen {rows} leave less error than evenly spread ones in "
            f"{len(won)} of {len(tried)} designs, the interval above zero, and more in {len(lost)}, the interval below "
            f"(were there no difference, {len(tried) * (1 - found.confidence) / 2:.1g} of either by chance)."
        )
        if tried:
            name, count, mean, low, high = max(tried, key=lambda one: one[2])
            sentence += f" The most: {mean:.1%} ({low:.1%} to {high:.1%}), {count} {rows} by {name}."
        said.append(sentence)
    return " ".join(said)
