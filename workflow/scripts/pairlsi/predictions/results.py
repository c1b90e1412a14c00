"""What a prediction gives back, as arrays."""

from dataclasses import dataclass, field

import numpy as np

from pairlsi.evaluation.metrics import relative_error
from pairlsi.predictions.trust import Judgement


@dataclass(frozen=True)
class Estimate:
    """What one method makes of N samples, float32: x (N, C, H, W); y (N, C, H, W), the completed data, None where the
    method completes none; unfit: "rows" (N, rows) and "bins" (N, bins) bool that do not fit what the others say
    (`misfits`), None likewise;
    band (N, C, H, W), half the width of a band about x that holds 90 % of the pixels; trust
    (`trust.Judgement`): where the samples are like those of training, its error and interval hold; choice: what the
    method chose on validation samples, of the first mask.
    """

    x: np.ndarray
    y: np.ndarray | None
    band: np.ndarray
    trust: Judgement
    choice: dict = field(default_factory=dict)
    unfit: dict[str, np.ndarray] | None = None


@dataclass(frozen=True)
class Prediction:
    """estimates: method -> `Estimate`; y (N, C, H, W), keep (N, rows): what was measured, on the rows of training;
    said: what was done to the data, in sentences; odd: what is odd about it, likewise; first: the method that speaks
    for all; truth (N, C, H, W): x where the file had it, else None.
    """

    estimates: dict[str, Estimate]
    y: np.ndarray
    keep: np.ndarray
    first: str
    said: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    truth: np.ndarray | None = None

    def __repr__(self) -> str:
        told = ", ".join(f"{name}: {np.median(one.trust.error):.1%} expected" for name, one in self.estimates.items())
        return f"Prediction of {len(self.y)} samples ({told}; p-value {np.median(self.p_value):.3f})"

    @property
    def x(self) -> np.ndarray:
        """The estimates of the first method, (N, C, H, W)."""
        return self.estimates[self.first].x

    def errors(self, method: str) -> np.ndarray | None:
        """Relative errors (N,) of a method's estimates, where the truth is known."""
        if self.truth is None:
            return None
        return relative_error(self.estimates[method].x, self.truth)

    @property
    def p_value(self) -> np.ndarray:
        """(N,): small where a sample is unlike those of training."""
        return self.estimates[self.first].trust.p_value


def together(parts: list[Estimate], back: np.ndarray) -> Estimate:
    """Estimates of groups of samples as one, in the order `back`."""

    def joined(values):
        return None if values[0] is None else np.concatenate(values)[back]

    judged = [part.trust for part in parts]
    return Estimate(
        joined([part.x for part in parts]),
        joined([part.y for part in parts]),
        joined([part.band for part in parts]),
        Judgement(
            joined([j.p_value for j in judged]),
            {name: joined([j.of_each[name] for j in judged]) for name in judged[0].of_each},
            joined([j.error for j in judged]),
            joined([j.interval for j in judged]),
            judged[0].known,
            joined([j.off for j in judged]),
            joined([j.parts for j in judged]),
        ),
        parts[0].choice,
        parts[0].unfit and {key: joined([part.unfit[key] for part in parts]) for key in parts[0].unfit},
    )
