"""How often the trust of predictions is right on test data: false alarms, power, and what intervals and bands hold."""

from collections.abc import Iterator

import numpy as np

from pairlsi.evaluation.metrics import relative_error
from pairlsi.predictions import inconsistent
from pairlsi.predictions.model import Model, Observed
from pairlsi.predictions.results import Estimate

FIRST = 100  # test samples at most


def cases(experiment) -> list[str]:
    """Those that rates are told of: full data, and what is missing of the data that the claims are about."""
    from pairlsi.observations import split_case

    wanted = (0, experiment.evaluation.percent)
    return [case for case in experiment.cases if split_case(case)[1] in wanted] or experiment.cases[:1]


def rows(model: Model, masks: dict[str, np.ndarray], splits: dict[str, tuple], seed: int) -> Iterator[dict]:
    """A row a mask, kind of data, severity and sample, by the method that speaks for all.

    masks: name -> keep (rows,); splits: "test" and "ood" -> x, y (N, C, H, W), full data; seed: of what goes wrong.
    kind: "test", as in training; "ood", of another distribution; or one of `inconsistent.KINDS`.
    """
    method = model.methods[0]
    for name, keep in masks.items():
        mask = Observed(model.problem, keep).mask
        said = [(split, 0.0, x[:FIRST], y[:FIRST]) for split, (x, y) in splits.items()]
        x, y = (u[:FIRST] for u in splits["test"])
        for kind, one in inconsistent.KINDS.items():
            for severity in one.severities:
                rng = np.random.default_rng([seed, list(inconsistent.KINDS).index(kind), round(100 * severity)])
                said.append((kind, severity, x, one.spoil(y, severity, rng, model.problem).astype(np.float32)))
        data = np.concatenate([mask(y) for *_, y in said])
        [(_, found)] = model.behind(keep, data, [method])
        truth = np.concatenate([x for _, _, x, _ in said])
        told = [(kind, severity, sample) for kind, severity, x, _ in said for sample in range(len(x))]
        for (kind, severity, sample), row in zip(told, measured(found, truth), strict=True):
            yield {"mask": name, "kind": kind, "severity": severity, "sample": sample, "method": method} | row


def measured(found: Estimate, truth: np.ndarray) -> Iterator[dict]:
    """What was foretold of each sample, and what was the case; truth (N, C, H, W)."""
    errors = relative_error(found.x, truth)
    within = (np.abs(found.x - truth) <= found.band).reshape(len(truth), -1).mean(1)
    for sample, error in enumerate(errors):
        yield {
            "p_value": found.trust.p_value[sample],
            "known": found.trust.known,
            "error": error,
            "expected": found.trust.error[sample],
            "low": found.trust.interval[sample, 0],
            "high": found.trust.interval[sample, 1],
            "within_band": within[sample],
        }
