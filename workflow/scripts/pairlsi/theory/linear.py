"""Linear estimators that a linear PAIR is measured against (METHOD.md, "Linear theory").

Everything is computed in float64 on the host.
"""

import numpy as np
import scipy.linalg


def lmmse(matrix, moment_x, moment_noise, keep) -> np.ndarray:
    """The linear estimator of x from P y with the least mean square error, Γ_x Aᵀ Pᵀ (P Γ_y Pᵀ)⁻¹: (n, m).

    matrix: A (m, n); moment_x: Γ_x (n, n); moment_noise: Γ_ε (m, m); keep (m,) bool. Columns of missing entries are
    zero. Raises scipy.linalg.LinAlgError where P Γ_y Pᵀ is singular, as without noise.
    """
    keep = np.asarray(keep, bool)
    seen = np.asarray(matrix, float)[keep]
    moment_y = seen @ moment_x @ seen.T + np.asarray(moment_noise, float)[np.ix_(keep, keep)]
    estimator = np.zeros((seen.shape[1], len(keep)))
    estimator[:, keep] = scipy.linalg.solve(moment_y, seen @ moment_x, assume_a="pos").T
    return estimator


def numerical_rank(values: np.ndarray) -> int:
    """The number of singular values, descending, that are not zero to rounding."""
    return int(np.sum(values > values[0] * len(values) * np.finfo(float).eps))
