"""Whether a measurement is like those that networks were trained for, and how far off its estimates are likely to be.

Everything is held against validation samples behind the very mask of the measurement, estimated in the same way.
"""

from dataclasses import dataclass

import numpy as np

from pairlsi.methods.estimates import Estimates
from pairlsi.predictions import conformal

LEVEL = 0.05  # of false alarms
ROUNDING = 1e-4  # what is relatively smaller, as the residual of a network in closed form, says nothing
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # at which bands are tried out
COVERED = LEVELS[-1]  # part of the cases that intervals and bands hold


def scores(method, found, measured: np.ndarray) -> dict[str, np.ndarray]:
    """How odd samples look to a method that estimated them, name -> (N,), larger is odder.

    found: its `Estimates` of ỹ, measured (N, C, H, W), zero where nothing arrived.
    amplitude: |log ‖ỹ‖ - log of its root mean square over training|; misfit: ‖P y* - ỹ‖ / ‖ỹ‖ of the completed data;
    latents: Mahalanobis distance of z_y from those of training; the surrogate metrics (`evaluation.surrogate`) of a
    paired network; and what is odd about the data whatever x is (`problems.Problem.oddities`).
    """
    keep = method.observation.mask.keep
    norm = np.linalg.norm(measured.reshape(len(measured), -1), axis=1)
    said = method.given.statistics.scalars["y"]
    entries = measured[0].size * keep.mean()
    usual = np.sqrt(entries * (said["mean"] ** 2 + said["std"] ** 2))
    values = {"amplitude": np.abs(np.log(np.maximum(norm, 1e-30) / max(usual, 1e-30)))}
    if found.y is not None:
        off = method.observation.mask(found.y) - measured
        values["misfit"] = np.log(np.linalg.norm(off.reshape(len(off), -1), axis=1) / norm + ROUNDING)
    network = method.network
    if found.latents is not None and hasattr(network, "latent_whitening"):
        z = found.latents[:, 0] - network.latent_mean.cpu().numpy()
        values["latents"] = np.log(np.linalg.norm(z @ network.latent_whitening.cpu().numpy().T, axis=1))
    if found.surrogate_data is not None:
        for name, value in surrogates(method, found, measured).items():
            values[name] = np.log(np.maximum(value, ROUNDING))
    values |= {name: np.abs(value) for name, value in method.problem.oddities(measured, keep).items()}
    return {name: value for name, value in values.items() if np.isfinite(value).all()}


def surrogates(method, found, measured: np.ndarray) -> dict[str, np.ndarray]:
    """The surrogate metrics of estimates, (N,) each."""
    from pairlsi.evaluation.surrogate import surrogate_metrics

    given = found.surrogate_data, found.x, measured
    b, x, seen = (method.tensor(np.ascontiguousarray(u, np.float32)) for u in given)
    latents = None if found.surrogate_latents is None else method.tensor(found.surrogate_latents)
    values = surrogate_metrics(method.network, b, x, seen, method.tensor(method.given.keep), latents)
    return {name: value.cpu().numpy() for name, value in values.items()}


@dataclass(frozen=True)
class Calibration:
    """What validation samples behind one mask say of a method.

    names: of the scores (n, k); errors (n,): relative errors of x̂; half (C, H, W): the band, see `conformal.band`;
    parts (levels,): of its width that `LEVELS` need; choice: what the method chose on them.
    """

    names: list[str]
    scores: np.ndarray
    errors: np.ndarray
    half: np.ndarray
    parts: np.ndarray
    choice: dict

    @classmethod
    def of(cls, method, x: np.ndarray, y: np.ndarray, choice: dict) -> "tuple[Calibration, Estimates]":
        """From validation pairs x, y (n, C, H, W), full data, and what the method makes of them."""
        from pairlsi.evaluation.metrics import relative_error

        measured = method.observation(y, "validation", np.arange(len(y)))
        found = method(y, "validation")
        known = scores(method, found, measured)
        table, errors = np.stack(list(known.values()), axis=1), relative_error(found.x, x)
        expected = conformal.ErrorModel.fit(table, errors).foretell(table)
        return cls(list(known), table, errors, *conformal.band(found.x - x, expected, LEVELS), choice), found

    def judge(self, found: dict[str, np.ndarray]) -> "Judgement":
        """Samples with these scores, name -> (N,)."""
        # a score that cannot be computed for these, as a norm that is infinite, is as odd as can be
        values = np.stack([found.get(name, np.full(len(next(iter(found.values()))), np.inf)) for name in self.names], 1)
        values = np.nan_to_num(values, posinf=1e6, nan=1e6)
        model = conformal.ErrorModel.fit(self.scores, self.errors)
        return Judgement(
            p_value=conformal.p_values(self.scores, values),
            of_each=dict(zip(self.names, conformal.ranks(self.scores, values).T, strict=True)),
            error=model.foretell(values),
            interval=model.interval(values, COVERED),
            known=len(self.scores),
            off=np.tile(np.sort(model.off), (len(values), 1)),
            parts=np.tile(self.parts, (len(values), 1)),
        )


@dataclass(frozen=True)
class Table:
    """What validation samples say behind one mask, keep (rows,) bool: methods, name -> `Calibration`; oddities: the
    largest of each (`problems.Problem.oddities`); name: of the mask, for people.
    """

    name: str
    keep: np.ndarray
    methods: dict[str, Calibration]
    oddities: dict[str, float]


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """How unlike two masks (rows,) bool are: by how much is missing, and how much of it in one gap."""

    def told(keep: np.ndarray) -> np.ndarray:
        gaps = np.diff(np.flatnonzero(np.concatenate([[True], keep, [True]]))) - 1
        return np.array([1 - keep.mean(), gaps.max() / len(keep)])

    return float(np.abs(told(one) - told(other)).sum()) + 1e-6 * float((one != other).mean())


@dataclass(frozen=True)
class Judgement:
    """p_value (N,): that a sample is like those of training; of_each: score -> the same by that alone; error (N,): the
    relative error to be expected, interval (N, 2): what holds it in `COVERED` of the cases, where the sample is like
    them; known: how many validation samples this is held against; off (N, known): how far the logarithms of their
    errors were from the expected ones, from the least; parts (N, levels): see `Calibration`.
    """

    p_value: np.ndarray
    of_each: dict[str, np.ndarray]
    error: np.ndarray
    interval: np.ndarray
    known: int
    off: np.ndarray
    parts: np.ndarray
