"""The same methods on variants of an experiment: where does the paper's finding about M-LSI hold?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pairlsi.evaluation import by_percent
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.comparisons import CLEARLY, Sweep
from pairlsi.reports.stored import Stored, regime_of
from pairlsi.reports.wording import with_interval

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


def comparable(sweeps: dict[str, Sweep], kind: str) -> bool:
    """Whether all regimes, name -> sweep, have the methods to be compared, on a mask of this kind or on full data."""
    return all(
        {*COMPARED, "mean"} <= set(sweep.table.method)
        and set.intersection(*by_percent.run_at(sweep, [*COMPARED], kind).values())
        for sweep in sweeps.values()
    )


def regime(name: str, sweep: Sweep, kind: str) -> Regime:
    """The test split of one regime, masks of one kind."""
    methods = [*COMPARED, "mean"]
    found = by_percent.means(sweep, "test", methods, kind, by_percent.shared_samples(sweep, "test", methods))
    relative = {m: {q: v / found["mean"][q] for q, v in found[m].items()} for m in COMPARED}
    ratio = {q: v / found["lsi"][q] for q, v in found["mlsi"].items() if q in found["lsi"]}
    return Regime(name, relative, ratio)


def sweeps(stored: Stored) -> dict[str, Sweep]:
    """The tidy metrics of an experiment, and of the relatives that lie beside its folder: name -> sweep."""
    here = stored.results
    beside = [name for name in stored.relatives if (here.parent / name / "metrics.csv").is_file()]
    return {here.name: stored.sweep, **{name: stored.other_sweep(here.parent / name) for name in beside}}


def differences(stored: Stored, name: str) -> str:
    """In what the problem and the training of a relative differ from an experiment's, as a sentence."""
    theirs, ours = (regime_of(results, stored.paired) for results in (stored.results.parent / name, stored.results))
    changed = [
        f"{key.replace('_', ' ')} {number(theirs[key])} instead of {number(ours.get(key))}"
        for key in theirs
        if theirs[key] != ours.get(key)
    ]
    return f"{name} differs from {stored.results.name} by: {', '.join(changed) or 'nothing in problem and training'}."


def number(value) -> object:
    """A setting as people write it, 0.1 for 0.10000000000000001."""
    return f"{value:g}" if isinstance(value, (int, float)) else value


def verdict(found: list[Regime], confidence: float) -> str:
    """Where the paper's finding holds and where M-LSI does well, in words."""
    holds = [each.name for each in found if each.finding_holds(confidence)]
    well = [f"{each.name} at {q} %" for each in found for q in each.does_well()]
    return (
        f"So the paper's finding, that M-LSI is clearly worse than PAIR+LSI (by {CLEARLY:.0%} and more, whatever is "
        f"missing), holds in {' and '.join(holds) or 'no regime here'}. M-LSI does at least as well as PAIR+LSI, and "
        f"better than the mean model, in {', '.join(well) or 'no case'}."
    )


def intervals(found: list[Regime], confidence: float) -> dict[str, dict]:
    """Errors over that of the mean model: regime -> method -> percent -> (mean, low, high)."""
    return {
        each.name: {m: {q: interval(v, confidence) for q, v in values.items()} for m, values in each.relative.items()}
        for each in found
    }


def table(found: list[Regime], confidence: float, labels: dict[str, str]) -> pd.DataFrame:
    """The same in words, a row a regime and method, for the percentages at which M-LSI was run."""
    rows = []
    for each in found:
        for method, values in each.relative.items():
            told = {f"{q} %": with_interval(values[q], confidence) for q in each.ratio}
            rows.append({"regime": each.name, "method": labels[method], **told})
    return pd.DataFrame(rows).fillna("")
