"""The same methods on variants of an experiment: where does the paper's finding about M-LSI hold?"""

from dataclasses import dataclass

import numpy as np

from pairlsi.evaluation import tables
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.comparisons import CLEARLY, Sweep

COMPARED = ("pair", "lsi", "mlsi")


@dataclass(frozen=True)
class Regime:
    """Errors in one regime over those of the mean model, on the samples that all of `COMPARED` were run on.

    relative: method -> percent -> (1 + R,); ratio: percent -> (1 + R,), the error of M-LSI over that of PAIR+LSI.
    """

    name: str
    relative: dict[str, dict[int, np.ndarray]]
    ratio: dict[int, np.ndarray]

    def finding_holds(self, confidence: float) -> bool:
        """Whether M-LSI is clearly worse than PAIR+LSI, with its whole interval, whatever is missing."""
        return all(interval(ratio, confidence)[1] > 1 + CLEARLY for ratio in self.ratio.values())

    def does_well(self) -> list[int]:
        """The percentages missing where M-LSI is as good as PAIR+LSI or better, and better than the mean model."""
        return [q for q, ratio in self.ratio.items() if ratio[0] <= 1 and self.relative["mlsi"][q][0] < 1]

    def sentence(self) -> str:
        """What the regime's numbers are, in words."""
        ratios = ", ".join(f"{ratio[0]:.2f} times at {q} % missing" for q, ratio in self.ratio.items())
        least = min(self.ratio)
        return (
            f"**{self.name}**: the error of M-LSI over that of PAIR+LSI is {ratios}. "
            f"At {least} % it is {self.relative['mlsi'][least][0]:.2f} times that of the mean model."
        )


def comparable(sweeps: dict[str, Sweep]) -> bool:
    """Whether all regimes, name -> sweep, have the methods to be compared."""
    return all({*COMPARED, "mean"} <= set(sweep.table.method) for sweep in sweeps.values())


def regime(name: str, sweep: Sweep, kind: str) -> Regime:
    """The test split of one regime, masks of one kind."""
    methods = [*COMPARED, "mean"]
    found = tables.means(sweep, "test", methods, kind, tables.shared_samples(sweep, "test", methods))
    relative = {m: {q: v / found["mean"][q] for q, v in found[m].items()} for m in COMPARED}
    ratio = {q: v / found["lsi"][q] for q, v in found["mlsi"].items() if q in found["lsi"]}
    return Regime(name, relative, ratio)
