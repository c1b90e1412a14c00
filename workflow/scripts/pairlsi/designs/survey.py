"""What every row of the data says of x, and the error that is left behind some of them, in closed form.

On principal components of the data with variances s, y = U z + what they leave, the latents behind the rows S have the
posterior covariance C_S = (diag(1/s) + U_Sᵀ U_S / (σ² + ρ))⁻¹ (`methods.closed_form.Posterior`), whatever the data
were, and x̂ = B z the expected squared error tr(B C_S Bᵀ) + what x has that is no linear function of z. In units in
which prior and noise have variance 1, ζ = z / √s, this is tr(Tᵀ (I + Σ_{i ∈ S} V_iᵀ V_i)⁻¹ T), V_i a block a row.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

LATENTS = 512  # at most: a few hundred say nearly all that few rows can tell; the others count as noise
RESOLVED = 1e-3  # what a row says with less than this of the noise's variance is left out


@dataclass(frozen=True)
class Survey:
    """Rows that could be measured.

    blocks (n, r, L): V_i, padded with zeros; turned (n, b, r): what makes them of the b entries of a row, so that data
    turn into coordinates with noise of variance 1; target (L, p): T; axes (latent_x, p): in which latents of x that is
    told; beyond: the expected squared error where all latents are known.
    """

    blocks: np.ndarray
    turned: np.ndarray
    target: np.ndarray
    axes: np.ndarray
    beyond: float = 0.0

    @cached_property
    def everywhere(self) -> np.ndarray:
        """The numbers of all rows."""
        return np.arange(len(self.blocks))

    def precision(self, weights: np.ndarray) -> np.ndarray:
        """I + Σ w_i V_iᵀ V_i, (L, L), of weights (n,)."""
        some = np.flatnonzero(weights)
        rows = (self.blocks[some] * np.sqrt(weights[some])[:, None, None]).reshape(-1, self.blocks.shape[2])
        return np.eye(rows.shape[1]) + rows.T @ rows

    def expected(self, rows) -> float:
        """The expected squared error of x̂, scaled, behind these rows."""
        return float(np.sum(self.target * self.left(np.isin(self.everywhere, rows).astype(float)))) + self.beyond

    def trace(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """tr(Tᵀ C T) for weights (n,) of the rows, and its gradient (n,), -‖V_i C T‖² for each."""
        left = self.left(weights)
        return float(np.sum(self.target * left)), -np.square(self.blocks @ left).sum((1, 2))

    def left(self, weights: np.ndarray) -> np.ndarray:
        """C T (L, p) for weights (n,) of the rows."""
        import scipy.linalg

        return scipy.linalg.cho_solve(scipy.linalg.cho_factor(self.precision(weights)), self.target)

    def coordinates(self, rows_of_data: np.ndarray) -> np.ndarray:
        """Coordinates (N, n, r) of scaled data (N, n, b)."""
        return np.einsum("Nnb,nbr->Nnr", rows_of_data, self.turned)


def by_row(problem, entries: np.ndarray) -> np.ndarray:
    """Arrays (m, …) over the entries of y -> (n, b, …), those of a row of the data together."""
    apart = np.moveaxis(entries.reshape(*problem.y_shape, *entries.shape[1:]), problem.missing_axis - 1, 0)
    return apart.reshape(problem.missing_count, -1, *entries.shape[1:])


def of_network(network, problem, statistics, square_x: float = 0.0) -> Survey:
    """The rows of a problem on a fitted `networks.linear_pair.LinearPair`; square_x: E ‖x‖² of scaled x.

    The noise is that of data as large as those of training are on average. Memory: the basis in float64.
    """
    latents = min(LATENTS, len(network.variances_y))
    variances = network.variances_y.double().cpu().numpy()
    said = statistics.scalars["y"]
    square = (said["mean"] ** 2 + said["std"] ** 2) / network.y_scaling.scale.item() ** 2
    left = (network.tail_y.item() + variances[latents:].sum()) / len(network.basis_y)
    noise = problem.noise_level**2 * square + left
    spread = np.sqrt(variances[:latents])
    seen = by_row(problem, network.basis_y[:, :latents].double().cpu().numpy() * (spread / np.sqrt(noise)))
    blocks, turned = told_apart(seen)
    regression = network.inverse_map.weight[:, :latents].double().cpu().numpy() * spread  # U_x is orthonormal
    values, vectors = np.linalg.eigh(regression.T @ regression)
    values, vectors = (u[..., values > len(values) * np.finfo(float).eps * values.max()] for u in (values, vectors))
    target, axes = vectors * np.sqrt(values), regression @ (vectors / np.sqrt(values))
    beyond = max(0.0, square_x - float(np.sum(target**2)))
    return Survey(blocks, turned / np.sqrt(noise), target, axes, beyond)


def told_apart(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blocks (n, b, L) with noise of variance 1 -> the same in the directions of their entries that say something,
    (n, r, L), and those (n, b, r), orthonormal; zero beyond a row's own.
    """
    values, vectors = np.linalg.eigh(seen @ seen.transpose(0, 2, 1))
    kept = int((values > RESOLVED).sum(1).max())
    turned = vectors[:, :, len(values[0]) - kept :] * (values[:, None, len(values[0]) - kept :] > RESOLVED)
    return turned.transpose(0, 2, 1) @ seen, turned
