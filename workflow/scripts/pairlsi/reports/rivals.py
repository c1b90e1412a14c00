"""Is one method the best of all? Case by case it is held against every other, each on what both were run on."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pairlsi.evaluation.bootstrap import FEWEST, Bootstrap, interval
from pairlsi.evaluation.comparisons import Sweep, describe
from pairlsi.reports.wording import SPLITS


@dataclass(frozen=True)
class Held:
    """The mean errors of one method and of a rival, on all that both were run on and on each resample, (1 + R,) each;
    how many samples and draws of the masks these are."""

    own: np.ndarray
    other: np.ndarray
    samples: int
    draws: int

    @property
    def gain(self) -> np.ndarray:
        """By how much the error lies below the rival's, relative to it, (1 + R,)."""
        return 1 - self.own / self.other


def against_best(cases: dict[str, dict[str, Held]], confidence: float, labels: dict[str, str]) -> pd.DataFrame:
    """For every case the rival that comes closest or is furthest ahead, and by how much the error lies below its.

    cases: case -> rival -> `Held`. The verdict is "better" where the whole interval of the difference from every rival
    says so, "worse" where that from any says the contrary, else "undecided".
    """
    rows = []
    for case, rivals in cases.items():
        if not rivals:
            continue
        gains = {name: [100 * v for v in interval(held.gain, confidence)] for name, held in rivals.items()}
        best = min(gains, key=lambda name: gains[name][0])
        worse = any(high < 0 for _, _, high in gains.values())
        verdict = "worse" if worse else "better" if all(low > 0 for _, low, _ in gains.values()) else "undecided"
        held, (gain, low, high) = rivals[best], gains[best]
        told = {"best of the others": labels[best], "its mean RRE": f"{held.other[0]:.3f}"}
        told |= {"mean RRE": f"{held.own[0]:.3f}", "lower by, %": f"{gain:.1f} ({low:.1f} to {high:.1f})"}
        rows.append({"data": case, **told, "samples": held.samples, "masks": held.draws, "verdict": verdict})
    return pd.DataFrame(rows)


LISTED = 6  # cases that a sentence names; more are counted


def named(cases: list[str]) -> str:
    return "; ".join(cases) if len(cases) <= LISTED else f"{len(cases)} cases"


def in_words(table: pd.DataFrame, name: str) -> str:
    """What a table of `against_best` comes to, in a sentence or two; name: of the method."""
    if table.empty:
        return f"{name} could not be held against others."
    by_verdict = {verdict: list(rows.data) for verdict, rows in table.groupby("verdict")}
    better = len(by_verdict.get("better", []))
    said = [f"**{name} is better than every other method in {better} of {len(table)} cases**, by the whole interval."]
    if by_verdict.get("worse"):
        said.append(f"Another is better, by the whole interval, on {named(by_verdict['worse'])}.")
    if by_verdict.get("undecided"):
        said.append(f"It is undecided on {named(by_verdict['undecided'])}.")
    return " ".join(said)


def kin(method: str, methods: dict) -> list[str]:
    """The methods that start from this one's estimates, or that it starts from, at however many removes.

    methods: name -> `core.instances.Instance`.
    """

    def line(name: str) -> list[str]:
        start = methods[name].part.starts_from(methods[name].settings)
        return [start, *line(start)] if start else []

    return [name for name in methods if name != method and (name in line(method) or method in line(name))]


def hold(bootstrap: Bootstrap, masks: list[str], method: str, others: Iterable[str]) -> dict[str, Held]:
    """A method against each of the others that was run on any of these masks of one kind, rival -> `Held`.

    Each pair is compared on the draws and samples that both were run on, so that a rival too dear for all of them
    takes none away from the others; pairs that share fewer than `FEWEST` samples are left out.
    """

    def measured(name):
        return bootstrap.measured(name, masks, "rre") if bootstrap.was_run(name, masks) else None

    own, found = measured(method), {}
    for name in others if own else ():
        other = measured(name)
        if name == method or other is None or not set(own.draws) & set(other.draws):
            continue
        ours, theirs = own.where(other), other.where(own)
        samples = int((~np.isnan(ours.values)).any((0, 1)).sum())
        if samples >= FEWEST:
            found[name] = Held(bootstrap.mean_of(ours), bootstrap.mean_of(theirs), samples, len(ours.draws))
    return found


def on_masks(sweep: Sweep, name: str, method: str, others: Iterable[str]) -> dict[str, dict[str, Held]]:
    """The cases of `against_best` by the paper's names of masks, in and out of distribution; name: of the experiment,
    where there are several, else "".
    """
    before = f"{name}: " if name else ""
    return {
        f"{before}{describe(symbol)}, {told}": hold(getattr(sweep, split), sweep.names(symbol), method, others)
        for split, told in SPLITS.items()
        for symbol in sweep.shown
    }


def on_percents(
    sweep: Sweep, others: Iterable[str], kinds: list[str], method: str, where: dict[str, str]
) -> dict[str, dict[str, Held]]:
    """The cases of `against_best` by the percentages at which `method` was run, in and out of distribution.

    Full data are a case of the first kind alone.
    """
    cases, own = {}, sweep.table[sweep.table.method == method]
    for split, name in SPLITS.items():
        for kind in kinds:
            for percent, rows in own[own.observation.isin([kind, "none"])].groupby("percent"):
                if percent or kind == kinds[0]:
                    masks = sorted(rows["mask"].unique())
                    held = hold(getattr(sweep, split), masks, method, others)
                    cases[f"{percent:g} % missing {where[kind]}, {name}"] = held
    return cases
