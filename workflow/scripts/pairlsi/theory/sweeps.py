"""Exact expected errors of linear estimators, from moments and without a sample, against what makes x hard to find.

For y = A x + ε, x and ε independent with second moments Γ_x and Γ_ε, a matrix B that estimates x from P y has

    E‖B P y − x‖² = tr Γ_x − 2 tr(B P A Γ_x) + tr(B P Γ_y P Bᵀ),     Γ_y = A Γ_x Aᵀ + Γ_ε,

and its relative error here is the root of this over tr Γ_x = E‖x‖²: of means, not the mean of samples' errors.
The estimators of METHOD.md, "Linear theory", by the names of the methods in the config where they have one:

    pair     U_x M† U_yᵀ               (5), missing data taken for zeros
    lsi      U_x M† (P U_y)⁺           (9)
    lsi-zx   U_x (P U_y M)⁺            (8)
    lmmse    Γ_x Aᵀ Pᵀ (P Γ_y Pᵀ)⁻¹    the least that a linear estimator can have
    tsvd     truncated (P A)⁺          knows A but neither Γ_x nor Γ_ε; its rank, where not swept, is the best one
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from pairlsi.methods import closed_form
from pairlsi.networks import linear_pair
from pairlsi.theory import bounds as theory_bounds
from pairlsi.theory import linear


@dataclass(frozen=True)
class Moments:
    """A (m, n), Γ_x (n, n) and Γ_ε (m, m), float64; Γ_ε positive definite."""

    matrix: np.ndarray
    moment_x: np.ndarray
    moment_noise: np.ndarray

    @cached_property
    def moment_y(self) -> np.ndarray:
        return self.matrix @ self.moment_x @ self.matrix.T + self.moment_noise

    @cached_property
    def eigen_x(self) -> tuple[np.ndarray, np.ndarray]:
        return linear_pair.leading(self.moment_x, len(self.moment_x), "x")

    @cached_property
    def eigen_y(self) -> tuple[np.ndarray, np.ndarray]:
        return linear_pair.leading(self.moment_y, len(self.moment_y), "y")

    @property
    def noise_level(self) -> float:
        """Root mean square of the noise over that of the clean data."""
        return float(np.sqrt(np.trace(self.moment_noise) / np.trace(self.moment_y - self.moment_noise)))

    def with_noise(self, level: float) -> "Moments":
        """The same with the noise scaled to this `noise_level`."""
        return replace(self, moment_noise=self.moment_noise * (level / self.noise_level) ** 2)


def expected_error(estimator: np.ndarray, moments: Moments, keep: np.ndarray) -> float:
    """√(E‖B P y − x‖² / E‖x‖²) of B = estimator (n, m), for data of which keep (m,) bool arrive."""
    seen = estimator[:, keep]
    cross = np.sum(seen * (moments.moment_x @ moments.matrix[keep].T))
    square = np.sum(seen @ moments.moment_y[np.ix_(keep, keep)] * seen)
    whole = np.trace(moments.moment_x)
    return float(np.sqrt(max(whole - 2 * cross + square, 0) / whole))


def pair_estimators(moments: Moments, keep: np.ndarray, rank: int) -> dict[str, np.ndarray]:
    """The matrices (n, m) of pair, lsi and lsi-zx; rank: the length of both latents, that of x at most n."""
    values_y, basis_y = (part[..., :rank] for part in moments.eigen_y)
    values_x, basis_x = (part[..., :rank] for part in moments.eigen_x)
    forward_map = basis_y.T @ moments.matrix @ basis_x
    to_x = basis_x @ ((forward_map * values_x).T / values_y)  # U_x M†
    seen = basis_y[keep]
    of_kept = {
        "pair": to_x @ seen.T,
        "lsi": to_x @ np.linalg.pinv(seen, rtol=closed_form.RESOLVED),
        "lsi-zx": basis_x @ np.linalg.pinv(seen @ forward_map, rtol=closed_form.RESOLVED),
    }
    return {method: _spread(estimator, keep) for method, estimator in of_kept.items()}


def truncation_errors(moments: Moments, keep: np.ndarray) -> np.ndarray:
    """`expected_error` of the truncated SVD of every rank from 1 to that of P A, at the cost of one."""
    left, values, right = np.linalg.svd(moments.matrix[keep], full_matrices=False)
    possible = linear.numerical_rank(values)
    left, values, right = left[:, :possible], values[:possible], right[:possible]
    found = np.sum(right @ moments.moment_x * right, axis=1)  # of E‖x‖², by each singular vector
    noise = np.sum(left * (moments.moment_noise[np.ix_(keep, keep)] @ left), axis=0) / values**2
    whole = np.trace(moments.moment_x)
    return np.sqrt(np.maximum(whole + np.cumsum(noise - found), 0) / whole)


def by_rank(moments: Moments, keep: np.ndarray, ranks: Iterable[int]) -> pd.DataFrame:
    """Table of method, rank, rre; ranks beyond that of P A have no truncated SVD.

    A rank that parts equal eigenvalues, as symmetry makes them, leaves the basis open: lsi and lsi-zx depend on it.
    """
    least = expected_error(_lmmse(moments, keep), moments, keep)
    truncated, rows = truncation_errors(moments, keep), []
    for rank in ranks:
        for method, estimator in pair_estimators(moments, keep, rank).items():
            rows.append((method, rank, expected_error(estimator, moments, keep)))
        rows.append(("lmmse", rank, least))
        if rank <= len(truncated):
            rows.append(("tsvd", rank, truncated[rank - 1]))
    return pd.DataFrame(rows, columns=["method", "rank", "rre"])


def by_noise(moments: Moments, keep: np.ndarray, rank: int, levels: Iterable[float]) -> pd.DataFrame:
    """Table of method, noise_level, rre; the PAIR is fitted anew to the moments at each level."""
    rows = [(*row, level) for level in levels for row in _errors(moments.with_noise(level), keep, rank)]
    return pd.DataFrame(rows, columns=["method", "rre", "noise_level"])


def by_percent(moments: Moments, masks: Iterable[tuple[int, np.ndarray]], rank: int) -> pd.DataFrame:
    """Table of method, percent, rre; masks: (percent, keep) of every draw, of which the table has a row each."""
    rows = [(*row, percent) for percent, keep in masks for row in _errors(moments, keep, rank)]
    return pd.DataFrame(rows, columns=["method", "rre", "percent"])


def bounds_by_percent(network, matrix: np.ndarray, x, y, masks: Iterable[tuple[int, torch.Tensor]]) -> pd.DataFrame:
    """Both sides of the bounds on a `LinearPair`, a row for each mask, sample and statement.

    x, y (N, C, H, W) full data; masks: (percent, keep), keep (C, H, W), broadcastable. Columns percent, draw (the
    number of the mask in the order given), sample, statement, left, right, lower (c_P), and movement: ‖z* − e_y(y)‖
    relative to ε_y on scaled data, of which 1 / c_P is the bound.
    """
    a = torch.from_numpy(matrix).to(y.dtype)
    scale, parts = network.y_scaling.scale, []
    for draw, (percent, keep) in enumerate(masks):
        z = closed_form.solve_y(network, keep * y, keep)
        constants = theory_bounds.linear_constants(network, a, keep)
        found = theory_bounds.bounds(
            network, lambda u: (u.flatten(1) @ a.T).unflatten(1, network.y_shape), x, y, z, keep, constants
        )
        completed = network.encode_y(y)
        movement = scale * theory_bounds.norms(z - completed) / theory_bounds.norms(network.decode_y(completed) - y)
        for statement, (left, right) in found.items():
            columns = {"sample": np.arange(len(x)), "left": left, "right": right, "movement": movement}
            told = {"percent": percent, "draw": draw, "statement": statement, "lower": constants.lower}
            parts.append(pd.DataFrame({name: np.asarray(u) for name, u in columns.items()}).assign(**told))
    return pd.concat(parts, ignore_index=True)


def looseness(table: pd.DataFrame) -> pd.DataFrame:
    """Of a table of `bounds_by_percent`, for each percentage: c_P, mean over draws, and bound over what it bounds.

    The latter is the median over samples and draws for each statement, of bounds that are finite.
    """
    finite = table[np.isfinite(table.right)]
    ratios = (finite.right / finite.left).groupby([finite.statement, finite.percent]).median().unstack("statement")
    ratios = ratios[[*theory_bounds.STATEMENTS]]
    ratios.insert(0, "c_P, mean over draws", table.groupby("percent").lower.mean())
    return ratios


def broken(table: pd.DataFrame) -> int:
    """How many inequalities of a table of `bounds_by_percent` fail, but for rounding."""
    return int((table.left > table.right * (1 + 1e-9)).sum())


def _errors(moments: Moments, keep: np.ndarray, rank: int) -> list[tuple[str, float]]:
    """(method, rre) of every estimator."""
    estimators = {**pair_estimators(moments, keep, rank), "lmmse": _lmmse(moments, keep)}
    rows = [(method, expected_error(estimator, moments, keep)) for method, estimator in estimators.items()]
    return [*rows, ("tsvd", float(truncation_errors(moments, keep).min()))]


def _lmmse(moments: Moments, keep: np.ndarray) -> np.ndarray:
    return linear.lmmse(moments.matrix, moments.moment_x, moments.moment_noise, keep)


def _spread(of_kept: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """An estimator of the kept data (n, kept) as one of all (n, m), with zeros for the missing."""
    estimator = np.zeros((len(of_kept), len(keep)))
    estimator[:, keep] = of_kept
    return estimator
