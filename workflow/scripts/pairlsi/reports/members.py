"""Members of ensembles: what becomes of them, and whether their spread tells how wrong their mean is."""

import numpy as np
import pandas as pd

from pairlsi.evaluation import by_percent, metrics
from pairlsi.evaluation.comparisons import Sweep
from pairlsi.reports.stored import Stored

APART = 1.25  # factor by which error and spread differ when they are no more "about the same"
Spreads = dict[str, dict[int, tuple[np.ndarray, np.ndarray]]]  # method -> percent -> errors (n,), spreads (n,)


def outcomes(errors: np.ndarray, averaged: np.ndarray, mean_model: np.ndarray) -> dict[str, float]:
    """What became of the members of ensembles: means over samples of their relative errors.

    errors (N, K): of each member; averaged (N,): of the mean over members; mean_model (N,): of the mean model, which
    says when a member is successful (`metrics.SUCCESS`).
    """
    return {
        "members": errors.shape[1],
        "error of their mean": averaged.mean(),
        "median member": np.median(errors, axis=1).mean(),
        "best member": errors.min(axis=1).mean(),
        "members successful": (errors <= metrics.SUCCESS * mean_model[:, None]).mean(),
    }


def outcome(stored: Stored, method: str, mask: str, samples: np.ndarray, mean: np.ndarray) -> dict | None:
    """`outcomes` of a method on a mask over the test samples (N,) bool; None where none of these was run.

    mean: the pixel-wise mean model (C, H, W). An estimate without members is its own single member.
    """
    group = stored.estimates(method, mask)
    chosen = [i for i in np.flatnonzero(samples) if group is not None and i < group["test/x"].shape[0]]
    if not chosen:
        return None
    truths, images = stored.samples("test", "x")[chosen], group["test/x"][:][chosen]
    members = group["test/x_members"][:][chosen] if "x_members" in group["test"] else images[:, None]
    errors = [metrics.relative_error(members[:, k], truths) for k in range(members.shape[1])]
    return outcomes(np.stack(errors, axis=1), metrics.relative_error(images, truths), error_of_mean_model(truths, mean))


def error_of_mean_model(truths: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """RRE (N,) of the pixel-wise mean model (C, H, W) for truths (N, C, H, W)."""
    return metrics.relative_error(np.broadcast_to(mean, truths.shape), truths)


def outcomes_by_percent(
    stored: Stored, methods: list[str], kind: str, percents: list[int], samples: np.ndarray, mean: np.ndarray
) -> pd.DataFrame:
    """A row for each percentage missing and method, of what `outcome` tells."""
    rows = []
    for percent in percents:
        for method in methods:
            found = outcome(stored, method, stored.mask(kind, percent), samples, mean)
            if found:
                rows.append({"missing": f"{percent} %", "method": stored.label(method), **found})
    return pd.DataFrame(rows)


def spreads(sweep: Sweep, methods: list[str], kind: str) -> Spreads:
    """Errors and spreads of the test samples that have a spread, both relative to the norm of the truth."""
    found = {}
    for method in methods:
        for percent in by_percent.percents(sweep, kind):
            spread = by_percent.values(sweep, "test", method, kind, percent, "spread")
            if spread is None or np.isnan(spread).all():
                continue
            errors = by_percent.values(sweep, "test", method, kind, percent)
            errors, spread = (u.mean(0).ravel() for u in (errors, spread))  # of samples on each draw
            known = ~np.isnan(spread)
            found.setdefault(method, {})[percent] = errors[known], spread[known]
    return found


def calibration(errors: np.ndarray, spreads: np.ndarray) -> dict[str, float]:
    """How the spread of each sample's ensemble (n,) goes with its error (n,); the ratio is of root mean squares."""
    varied = len(errors) > 2 and errors.std() > 0 and spreads.std() > 0
    return {
        "samples": len(errors),
        "error": errors.mean(),
        "spread": spreads.mean(),
        "error over spread": np.sqrt((errors**2).mean() / (spreads**2).mean()),
        "correlation": np.corrcoef(errors, spreads)[0, 1] if varied else np.nan,
    }


def calibration_by_percent(found: Spreads, labels: dict[str, str]) -> pd.DataFrame:
    """A row for each method and percentage missing, of what `calibration` tells."""
    return pd.DataFrame(
        [
            {"method": labels[method], "missing": f"{percent} %", **calibration(*both)}
            for method, of_method in found.items()
            for percent, both in of_method.items()
        ]
    )


def sentence(label: str, of_method: dict[int, tuple[np.ndarray, np.ndarray]]) -> str:
    """Whether a method's ensembles know how wrong they are, over all masks: percent -> errors (n,), spreads (n,)."""
    told = calibration(*(np.concatenate(values) for values in zip(*of_method.values(), strict=True)))
    correlation = told["correlation"]
    known = np.isfinite(correlation)  # two samples tell none
    together = f" Over samples and masks both have a correlation of {correlation:.2f}." if known else ""
    return (
        f"**{label}**, over all these masks: the error is {told['error over spread']:.1f} times the spread, "
        f"{judged(told['error over spread'])}.{together}"
    )


def judged(ratio: float) -> str:
    """In words, what error over spread says of an ensemble: about one for samples of a posterior."""
    if ratio > APART:
        return (
            "so the ensemble is no posterior: it says how much the outcome depends on the start, and that is far less "
            "than how wrong it is"
        )
    if ratio < 1 / APART:
        return "so the members scatter more than their mean is off, which is no posterior either"
    return "about as for a posterior, though nothing makes it one: the members differ in their starts alone"
