"""Bootstrap over samples, masks and seeds: means, and whatever is computed from them, with intervals.

Every quantity is an array of 1 + R values: the estimate on all there is first, then one for each of R resamples.
The same resamples serve all methods, so that comparisons are paired. Arithmetic on such arrays gives the interval of
any effect.

A resample does not draw samples again, it draws weights for them: of n samples with mean m and deviation s, sum_i
w_i x_i is distributed as m + s / sqrt(n) t with t Student's, n - 1 degrees of freedom. So the interval of a mean is the
t interval, for few seeds too, where resampling can only reach the extreme ones; intervals of other effects are those
of a multiplier bootstrap. Samples, masks and seeds are crossed: their weights multiply, and each source of variation
keeps degrees of freedom of its own. Sources: Wu (1986), doi:10.1214/aos/1176350142, for weights; Owen (2007),
doi:10.1214/07-AOAS122, for crossed factors; Fisher (1935) for sums of t variables (Behrens-Fisher).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betaincinv, chdtri

from pairlsi.core.base import SPLITS

BLIND = ("mean",)  # the method of the paper's claims that sees no data
FEWEST = 5  # samples: an interval over fewer would say nothing, so there is none


class Levels:
    """The levels of one source of variation, `count` samples, masks or seeds, and their weights on each resample."""

    def __init__(self, rng: np.random.Generator, count: int, resamples: int, fewest: int):
        half = rng.standard_normal((-(-resamples // 2), count)), rng.random(-(-resamples // 2))
        # each normal vector with its mirror image: the interval of a mean is symmetric, whatever was drawn
        self.normal = np.concatenate([half[0], -half[0]])[:resamples]
        self.uniform = np.concatenate([half[1], half[1]])[:resamples]
        self.fewest, self.found = fewest, {}

    def weights(self, known: np.ndarray) -> np.ndarray:
        """Weights (1 + R, k) of the k levels that are `known` (count,) bool; equal ones in the first row.

        Of fewer levels than `fewest` the weights are equal in all rows: they tell no spread.
        """
        key = known.tobytes()
        if key not in self.found:
            self.found[key] = self._weights(known, int(known.sum()))
        return self.found[key]

    def _weights(self, known: np.ndarray, k: int) -> np.ndarray:
        if k < self.fewest:
            return np.full((1 + len(self.normal), k), 1 / max(k, 1))
        deviations = self.normal[:, known]
        deviations = deviations - deviations.mean(1, keepdims=True)
        student = np.sqrt((k - 1) / chdtri(k - 1, self.uniform))  # a normal number times this is t distributed
        return np.vstack([np.full(k, 1 / k), 1 / k + deviations * (student / np.sqrt(k * (k - 1)))[:, None]])


@dataclass(frozen=True)
class Measured:
    """A metric of one method: values (seeds, draws, samples), NaN for what it was not run on; of which kind of mask
    and which draws."""

    values: np.ndarray
    kind: str
    draws: list[int]

    def where(self, other: "Measured") -> "Measured":
        """The same on the draws and samples that the other was run on too."""
        ours, theirs = self.of_draws(set(other.draws)), other.of_draws(set(self.draws))
        values = np.where(np.isnan(theirs.values).any((0, 1)), np.nan, ours.values)
        return Measured(values, self.kind, ours.draws)

    def of_draws(self, draws: set[int]) -> "Measured":
        """The same on these draws alone."""
        places = [place for place, draw in enumerate(self.draws) if draw in draws]
        return Measured(self.values[:, places], self.kind, [self.draws[place] for place in places])


class Bootstrap:
    """Resamples of the samples of one split in a tidy table of metrics, of its masks, and of its seeds.

    table: rows of metrics.csv with a column "mask". Masks and seeds vary only where there are three or more of them:
    two tell no spread, and intervals then hold for these masks and seeds. blind: the methods that see no data, whose
    estimates are the same on all masks, so that they are run on one.
    """

    def __init__(self, table: pd.DataFrame, split: str, seed: int, resamples: int, blind: tuple[str, ...] = BLIND):
        self.table, self.blind = table[table.split == split], blind
        self.samples, self.seeds = sorted(self.table["sample"].unique()), sorted(self.table["seed"].unique())
        self.draws = sorted(self.table["draw"].unique())

        def levels(what: int, count: int, fewest: int) -> Levels:
            return Levels(np.random.default_rng([seed, SPLITS.index(split), what]), count, resamples, fewest)

        self.of_samples = levels(0, len(self.samples), 2)
        self.of_seeds = levels(1, len(self.seeds), 3)
        # draws of two observations have nothing in common, those of one are nested over its levels
        first = ("none", "random", "block")  # so that those of others change no interval of these
        seen = [*first, *sorted(set(self.table["mask"].str.rsplit("-", n=2).str[0]) - set(first))]
        self.of_draws = {kind: levels(2 + i, len(self.draws), 3) for i, kind in enumerate(seen)}
        self.rows = self.table.groupby(["method", "mask"]).indices  # (method, mask) -> rows
        self.places = (
            np.searchsorted(self.seeds, self.table["seed"].to_numpy()),
            np.searchsorted(self.samples, self.table["sample"].to_numpy()),
        )

    def was_run(self, method: str, masks: list[str]) -> bool:
        """Whether a method was run on any of these masks, or is blind and was run at all."""
        return any(name == method and (name in self.blind or mask in masks) for name, mask in self.rows)

    def measured(self, method: str, masks: list[str], metric: str) -> Measured:
        """The metric on those of the masks {kind}-{percent}-{draw}, of one kind, that the method was run on.

        What a blind method has on one counts for each. Raises KeyError where the method was run on none of them.
        """
        rows_of = {mask: self.rows[method, mask] for mask in masks if (method, mask) in self.rows}
        if method in self.blind:
            rows_of = dict.fromkeys(masks, next(rows for (name, _), rows in self.rows.items() if name == method))
        found = list(rows_of)
        if not found:
            raise KeyError(f"the metrics have no {method} on {', '.join(masks)}")
        column = self.table[metric].to_numpy(float)
        values = np.full((len(found), len(self.seeds), len(self.samples)), np.nan)
        for of_mask, mask in zip(values, found, strict=True):
            rows = rows_of[mask]
            of_mask[self.places[0][rows], self.places[1][rows]] = column[rows]
        kind, draws = found[0].rsplit("-", 2)[0], [int(mask.rpartition("-")[2]) for mask in found]
        return Measured(values.swapaxes(0, 1), kind, draws)

    def values(self, method: str, mask: str, metric: str) -> np.ndarray:
        """The metric of each seed and sample on one mask, (seeds, samples), NaN where the method was not run on one."""
        return self.measured(method, [mask], metric).values[:, 0]

    def mean(self, method: str, mask: str, metric: str) -> np.ndarray:
        """Mean of the metric on one mask, (1 + R,)."""
        return self.mean_of(self.measured(method, [mask], metric))

    def mean_of(self, found: Measured) -> np.ndarray:
        """Mean over seeds, draws and the samples that have a value, on each resample, (1 + R,).

        NaN on the resamples where there are fewer than `FEWEST` samples: then there is no interval.
        """
        values = found.values[~np.isnan(found.values).all((1, 2))]
        known = ~np.isnan(values).any((0, 1))
        draws = self.of_draws[found.kind].weights(np.isin(self.draws, found.draws))
        seeds = self.of_seeds.weights(~np.isnan(found.values).all((1, 2)))
        by_mask = values[:, :, known] @ self.of_samples.weights(known).T  # (seeds, draws, 1 + R)
        means = np.einsum("sdr,rd,rs->r", by_mask, draws, seeds)
        if known.sum() < FEWEST:
            means[1:] = np.nan
        return means

    def weights(self) -> np.ndarray:
        """Weights (1 + R, N) of all samples; NaN on the resamples where there are fewer than `FEWEST`."""
        found = self.of_samples.weights(np.ones(len(self.samples), bool))
        if len(self.samples) < FEWEST:
            found = np.vstack([found[:1], np.full_like(found[1:], np.nan)])
        return found

    def share(self, holds: np.ndarray) -> np.ndarray:
        """The share of the samples for which something holds (N,) bool, (1 + R,), with Clopper and Pearson's interval.

        Where it holds for all of few samples, their spread is zero and the share is not known exactly all the same.
        """
        n, k, u = len(holds), int(holds.sum()), self.of_samples.uniform
        lower = betaincinv(k, n - k + 1, u) if k else np.zeros_like(u)
        upper = betaincinv(k + 1, n - k, u) if k < n else np.ones_like(u)
        drawn = np.where(u < 0.5, lower, upper) if n >= FEWEST else np.full_like(u, np.nan)
        return np.concatenate([[k / n], drawn])


def interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Estimate, lower and upper end of the interval of a quantity (1 + R,); NaN for the ends where there is none."""
    low, high = np.quantile(values[1:], [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(values[0]), float(low), float(high)
