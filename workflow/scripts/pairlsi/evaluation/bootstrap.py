"""Bootstrap over samples and seeds: means, and whatever is computed from them, with intervals.

Every quantity is an array of 1 + R values: the estimate on all samples first, then one for each of R resamples.
The same resamples serve all methods and masks, so that comparisons are paired by sample. Arithmetic on such arrays
gives the interval of any effect. Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), percentile
intervals.
"""

import numpy as np
import pandas as pd

from pairlsi.settings import SPLITS


class Bootstrap:
    """Resamples of the samples of one split in a tidy table of metrics, and of its seeds where there are several.

    table: rows of metrics.csv with a column "mask". Seeds are resampled only from three on: two tell no spread.
    """

    def __init__(self, table: pd.DataFrame, split: str, seed: int, resamples: int):
        self.table = table[table.split == split]
        self.samples, self.seeds = sorted(self.table["sample"].unique()), sorted(self.table["seed"].unique())
        rng = np.random.default_rng([seed, SPLITS.index(split)])
        self.sample_weights = self._weights(rng, len(self.samples), resamples)
        count = len(self.seeds) if len(self.seeds) > 2 else 1
        self.seed_weights = self._weights(rng, count, resamples) if count > 1 else None

    @staticmethod
    def _weights(rng: np.random.Generator, count: int, resamples: int) -> np.ndarray:
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count
        return np.vstack([np.full(count, 1 / count), drawn])

    def values(self, method: str, mask: str, metric: str) -> np.ndarray:
        """The metric of each seed and sample, (seeds, samples), NaN for samples that the method was not run on.

        Raises KeyError where the table lacks the method on that mask.
        """
        rows = self.table[(self.table.method == method) & (self.table["mask"] == mask)]
        if rows.empty:
            raise KeyError(f"the metrics have no {method} on {mask}")
        return rows.pivot(index="seed", columns="sample", values=metric).reindex(columns=self.samples).to_numpy()

    def mean(self, method: str, mask: str, metric: str) -> np.ndarray:
        """Mean of the metric, (1 + R,)."""
        return self.mean_of(self.values(method, mask, metric))

    def mean_of(self, values: np.ndarray) -> np.ndarray:
        """Mean of values (seeds, samples) on each resample, (1 + R,), over the samples that have one."""
        known = ~np.isnan(values).any(0)
        weights = self.sample_weights[:, known]
        # a resample without any of few known samples tells nothing: it takes the estimate on all of them
        weights = np.where(weights.sum(1, keepdims=True) > 0, weights, weights[:1])
        by_seed = values[:, known] @ (weights / weights.sum(1, keepdims=True)).T
        if self.seed_weights is None:
            return by_seed.mean(0)
        return (self.seed_weights * by_seed.T).sum(1)


def interval(values: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Estimate, lower and upper end of the percentile interval of a quantity (1 + R,)."""
    low, high = np.quantile(values[1:], [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(values[0]), float(low), float(high)
