"""What claims are made of: means over a sweep, and comparisons of methods with thresholds."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pairlsi.evaluation.bootstrap import BLIND, Bootstrap, Measured

CLEARLY = 0.10  # relative difference that counts as clear where the paper has no number
ABOUT = 0.10  # relative difference up to which two errors are about equal, likewise
SYMBOLS = {"random": "R", "block": "B"}  # the paper's, of its masks; with ′ the draws that no network was trained on
NAMES = {
    "pair": "PAIR",
    "lsi": "PAIR+LSI",
    "lsi-zx": "LSI in Z_x (8)",
    "mlsi": "M-LSI",
    "encdec": "the encoder-decoder",
}


@dataclass(frozen=True)
class Part:
    """One comparison: `effect` (1 + R,) against `threshold`; `below`: it is to lie under it, not above."""

    statement: str
    effect: np.ndarray
    threshold: float = 0.0
    below: bool = False


class Sweep:
    """Shorthands on the tidy metrics of one experiment: masks by the paper's names, matched encoder-decoders.

    evaluation: `evaluation.settings.Evaluation`, which says what percentage the paper's names stand for; noise_level:
    norm of the data's noise over that of the data; labels: what methods are called; blind: see `Bootstrap`; spoiling:
    observations that do something to data without taking rows away.
    """

    def __init__(
        self,
        metrics: pd.DataFrame,
        evaluation,
        noise_level: float = 0.0,
        labels: dict | None = None,
        blind: tuple[str, ...] = BLIND,
        spoiling: tuple[str, ...] = (),
    ):
        self.blind, self.spoiling = blind, spoiling
        self.noise_level, self.labels, percent = noise_level, labels or {}, evaluation.percent
        names = metrics.observation + "-" + metrics.percent.map("{:g}".format) + "-" + metrics.draw.astype(str)
        self.table = metrics.assign(mask=names)
        self.test, self.ood = (
            Bootstrap(self.table, split, evaluation.seed, evaluation.resamples, blind) for split in ("test", "ood")
        )
        new = sorted(d for d in metrics.draw.unique() if d > 0)
        masks = {"none": ["none-0-0"]}
        for kind, symbol in SYMBOLS.items():
            masks[symbol] = [f"{kind}-{percent}-0"]
            masks[f"{symbol}′"] = [f"{kind}-{percent}-{draw}" for draw in new]
        swept = set(names)
        self.masks = {
            symbol: present for symbol, names in masks.items() if (present := [n for n in names if n in swept])
        }
        # and what else was run, which no claim is about: every draw of another level, "R 50 %", or observation
        self.shown, known = dict(self.masks), {name for names in masks.values() for name in names}
        others = self.table[~names.isin(known) & (metrics.observation != "none")]
        kinds = [*SYMBOLS, *sorted(set(others.observation) - set(SYMBOLS))]
        for kind in kinds:
            for level, rows in others[others.observation == kind].groupby("percent"):
                told = f"{SYMBOLS[kind]} {level:g} %" if kind in SYMBOLS else f"{kind} {level:g}"
                self.shown[told] = sorted(rows["mask"].unique())
        # of these, what takes rows away, and with full data as well
        whole = [symbol for symbol, names in self.shown.items() if names[0].rsplit("-", 2)[0] not in spoiling]
        self.masked, self.missing = whole, [symbol for symbol in whole if symbol != "none"]
        self.pictured = list(self.masks) if len(self.masks) > 1 else whole  # of a sweep over everything: the paper's

    def label(self, method: str) -> str:
        """What a method is called."""
        return self.labels.get(method, method)

    def measured(
        self, method: str, symbol: str, metric: str = "rre", split: str = "test", among: Iterable[str] = ()
    ) -> Measured:
        """A metric on the masks of a symbol; "encdec" is the one trained on that kind of mask.

        among: only on the masks and samples that these methods were run on too, so that all compare.
        """
        bootstrap, masks = getattr(self, split), self.names(symbol)
        found = bootstrap.measured(matched(method, symbol), masks, metric)
        for other in among:
            found = found.where(bootstrap.measured(matched(other, symbol), masks, "rre"))
        return found

    def mean(
        self, method: str, symbol: str, metric: str = "rre", split: str = "test", among: Iterable[str] = ()
    ) -> np.ndarray:
        """Mean over samples, seeds and draws, (1 + R,); see `measured`."""
        return getattr(self, split).mean_of(self.measured(method, symbol, metric, split, among))

    def was_run(self, method: str, symbol: str) -> bool:
        """Whether a method was run on any of the masks of a symbol, or is blind and was run at all."""
        return self.test.was_run(method, self.names(symbol))

    def names(self, symbol: str) -> list[str]:
        """The masks {kind}-{percent}-{draw} that a symbol stands for. Raises KeyError where the sweep has none."""
        if symbol not in self.shown:
            raise KeyError(f"the sweep has no mask {symbol}")
        return self.shown[symbol]

    def gain(self, method: str, other: str, symbol: str, metric: str = "rre") -> np.ndarray:
        """How much better `method` is than `other`: by how much smaller its RRE is, or larger its SSIM."""
        a, b = (self.mean(*both, metric, among=(method, other)) for both in ((method, symbol), (other, symbol)))
        return a / b - 1 if metric == "ssim" else 1 - a / b

    def random(self, percent: int) -> list[str]:
        """The random masks, over all draws, with that percentage missing; 0 is full data."""
        kind = self.table.observation == ("random" if percent else "none")
        found = sorted(self.table["mask"][kind & (self.table.percent == percent)].unique())
        if not found:
            raise KeyError(f"the sweep has no random mask with {percent} % missing")
        return found

    def at(self, percent: int, method: str, metric: str = "rre", among: Iterable[str] = ()) -> np.ndarray:
        """Mean over samples, seeds and random masks with that percentage missing, (1 + R,); among: see `measured`."""
        found = self.test.measured(method, self.random(percent), metric)
        for other in among:
            found = found.where(self.test.measured(other, self.random(percent), "rre"))
        return self.test.mean_of(found)

    def gain_at(self, percent: int, method: str, other: str) -> np.ndarray:
        """By how much the error of `method` is smaller than that of `other` at that percentage, (1 + R,)."""
        both = method, other
        return 1 - self.at(percent, method, among=both) / self.at(percent, other, among=both)

    def percents(self, method: str) -> list[int]:
        """The percentages missing at which a method was run on random masks, 0 being full data."""
        rows = self.table[(self.table.method == method) & self.table.observation.isin(["none", "random"])]
        return sorted(rows.percent.unique().tolist())

    def by_mask(self, method: str, symbols: Iterable[str] | None = None) -> np.ndarray:
        """Mean RRE on each single mask of these symbols, by default of all, (masks, 1 + R)."""
        found = []
        for symbol in self.masks if symbols is None else symbols:
            name, masks = matched(method, symbol), self.names(symbol)
            run = set(self.test.table["mask"][self.test.table.method == name])
            if not run & set(masks):
                raise KeyError(f"the metrics have no {name} on {', '.join(masks)}")
            found += [self.test.mean(name, mask, "rre") for mask in masks if mask in run]
        return np.array(found)

    def spread(self, method: str) -> np.ndarray:
        """Largest over smallest mean RRE of single masks, less one: an average over draws would hide the worst."""
        means = self.by_mask(method)
        return means.max(0) / means.min(0) - 1


def matched(method: str, symbol: str) -> str:
    """The method itself; for "encdec" the encoder-decoder that was trained on the kind of mask, if on any."""
    if method != "encdec":
        return method
    return next((f"encdec-{kind}" for kind, known in SYMBOLS.items() if symbol.startswith(known)), "encdec-none")


def beats(sweep: Sweep, method: str, other: str, symbol: str, metrics=("rre", "ssim")) -> list[Part]:
    return [
        Part(
            f"{NAMES[method]} beats {NAMES[other]} on {describe(symbol)} ({metric.upper()})",
            sweep.gain(method, other, symbol, metric),
        )
        for metric in metrics
    ]


def describe(symbol: str) -> str:
    """What a symbol of `Sweep.shown` stands for, in words."""
    if symbol == "none":
        return "full data"
    return f"mask {symbol}" if symbol.startswith(tuple(SYMBOLS.values())) else symbol
