"""What validation samples say of a new one: p-values, intervals and bands whose rates hold without a model of anything.

All rest on the samples being exchangeable with the new one where it is like the training data (Vovk, Gammerman &
Shafer, Algorithmic Learning in a Random World, 2005): its rank among them is then uniform. Scores are the larger the
odder. MAPIE and crepes put intervals about regressors of scikit-learn; several scores at once and bands of images,
which are most of this, they leave to others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RIDGE = 1.0  # of the regression of errors, in samples: features are standardised
FAR = 4.0  # standard deviations beyond which a feature counts as no odder: a line goes on for ever, an error does not


def ranks(known: np.ndarray, found: np.ndarray) -> np.ndarray:
    """p-values (N, k) of each score (N, k) alone, against those (n, k) of validation samples."""
    return (1 + (known[None] >= found[:, None]).sum(1)) / (1 + len(known))


def p_values(known: np.ndarray, found: np.ndarray) -> np.ndarray:
    """One p-value (N,) for several scores at once, found (N, k) against known (n, k).

    What is ranked is the largest score in standard deviations, those of the n + 1 samples together: the samples are
    treated alike, so that the p-value is below any level in that part of the cases at most.
    """
    joined = np.concatenate([np.broadcast_to(known, (len(found), *known.shape)), found[:, None]], axis=1)
    deviation = joined.std(1, keepdims=True)
    standard = (joined - joined.mean(1, keepdims=True)) / np.where(deviation > 0, deviation, 1)
    largest = standard.max(2)
    return (largest >= largest[:, -1:]).sum(1) / largest.shape[1]


def quantile(scores: np.ndarray, level: float) -> float:
    """What a new score stays below with probability `level`: the ceil((n + 1) level)-th smallest; infinity where n is
    too small for that."""
    number = int(np.ceil((len(scores) + 1) * level - 1e-9))
    return float(np.sort(scores)[number - 1]) if number <= len(scores) else float("inf")


@dataclass(frozen=True)
class ErrorModel:
    """Errors of estimates, foretold from scores: log e = a + bᵀ s by ridge regression, and how far that is off.

    shift, scale, slopes (k,), intercept; off (n,): |log e - foretold| of each validation sample by a fit without it.
    """

    shift: np.ndarray
    scale: np.ndarray
    slopes: np.ndarray
    intercept: float
    off: np.ndarray

    @classmethod
    def fit(cls, scores: np.ndarray, errors: np.ndarray) -> "ErrorModel":
        """scores (n, k), errors (n,) > 0."""
        shift, scale = scores.mean(0), scores.std(0)
        scale = np.where(scale > 0, scale, 1.0)
        features, log = (scores - shift) / scale, np.log(errors)
        gram = features.T @ features + RIDGE * np.eye(scores.shape[1])
        slopes = np.linalg.solve(gram, features.T @ (log - log.mean()))
        leverage = 1 / len(log) + np.einsum("nk,nk->n", features, np.linalg.solve(gram, features.T).T)
        left = log - log.mean() - features @ slopes
        return cls(shift, scale, slopes, float(log.mean()), np.abs(left) / (1 - leverage))

    def foretell(self, scores: np.ndarray) -> np.ndarray:
        """The error (N,) to be expected of samples with these scores (N, k)."""
        features = np.clip((scores - self.shift) / self.scale, -FAR, FAR)
        return np.exp(self.intercept + features @ self.slopes)

    def interval(self, scores: np.ndarray, level: float) -> np.ndarray:
        """Bounds (N, 2) that hold the error with probability `level`."""
        factor = np.exp(quantile(self.off, level))
        middle = self.foretell(scores)
        return np.stack([middle / factor, middle * factor], axis=1)


def band(off: np.ndarray, expected: np.ndarray, levels: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Half the width (C, H, W) of a band about estimates that holds x in a part levels[-1] of all pixels, for a sample
    of which the error 1 is expected: a band is as wide as that times the error that is expected of it. And the part of
    that width which each of the levels needs, (levels,).

    off (n, C, H, W): x̂ - x of validation samples, expected (n,): the errors that were expected of them. Where the
    estimates are off by more, pixel by pixel, the band is wider; a factor for all makes its rate right.
    """
    unit = np.abs(off) / expected.reshape(-1, 1, 1, 1)
    shape = np.sqrt(np.square(unit).mean(0))
    shape = np.maximum(shape, 0.05 * shape.mean())  # a pixel that was never wrong may be so yet
    factors = np.quantile(unit / shape, levels)
    return shape * factors[-1], factors / factors[-1]
