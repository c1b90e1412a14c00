"""The optimal linear PAIR in closed form, fitted from second moments or from samples (METHOD.md, "Linear theory").

Among linear encoders, decoders and maps of given latent lengths these minimise the Bayes risk, the expected squared
error over x and noise. With U_x, S_x² the leading eigenpairs of Γ_x = E[x xᵀ], likewise U_y, S_y² of Γ_y, and
Γ_xy = E[x yᵀ],

    e_x = U_xᵀ, d_x = U_x,   e_y = U_yᵀ, d_y = U_y,   M = U_yᵀ Γ_xyᵀ U_x S_x⁻²,   M† = U_xᵀ Γ_xy U_y S_y⁻²,

which for y = A x + ε with independent noise, Γ_xy = Γ_x Aᵀ, are U_yᵀ A U_x and S_x² U_xᵀ Aᵀ U_y S_y⁻². Both maps are
the linear regressions of one latent vector on the other. Everything is computed in float64 on the host.
"""

import numpy as np
import torch
from torch import Tensor, nn

from pairlsi.networks.autoencoders import Scaling, moments, squared_error


class LinearPair(nn.Module):
    """A PAIR of linear maps on scaled data, with the interface of `PairedAutoencoder` that inference uses.

    Parameters
    ----------
    x_shape, y_shape: (C, H, W) of a sample.
    latent_x, latent_y: lengths of the latent vectors, at most the number of entries of a sample.

    `basis_x` (n, latent_x) and `basis_y` (m, latent_y) hold U_x and U_y; zero until one of the fits below sets them.
    `variances_y` (latent_y,) holds S_y², the variances of z_y, `tail_y` that of what U_y leaves, over all entries, and
    `square_x` (n,) the diagonal of Γ_x.
    Raises ValueError for a latent longer than a sample.
    """

    def __init__(self, x_shape, y_shape, latent_x: int, latent_y: int):
        super().__init__()
        self.weights = dict.fromkeys(("autoencode_x", "autoencode_y", "forward", "inverse"), 1.0)
        self.x_shape, self.y_shape = tuple(x_shape), tuple(y_shape)
        self.x_scaling, self.y_scaling = Scaling(x_shape), Scaling(y_shape)
        for space, shape, latent in (("x", self.x_shape, latent_x), ("y", self.y_shape, latent_y)):
            entries = int(np.prod(shape))
            if latent > entries:
                raise ValueError(f"latent_{space} is {latent}: a sample of {space} has {entries} entries, no more")
            self.register_buffer(f"basis_{space}", torch.zeros(entries, latent))
        self.register_buffer("variances_y", torch.zeros(latent_y))
        self.register_buffer("tail_y", torch.zeros(()))
        self.register_buffer("square_x", torch.zeros(int(np.prod(self.x_shape))))
        self.forward_map = nn.Linear(latent_x, latent_y, bias=False)
        self.inverse_map = nn.Linear(latent_y, latent_x, bias=False)

    @property
    def left_y(self) -> Tensor:
        """The variance that an entry of y, scaled, has beyond U_y."""
        return self.tail_y / len(self.basis_y)

    def encode_x(self, x: Tensor) -> Tensor:
        """z_x = U_xᵀ x: (B, C, H, W) -> (B, latent_x)."""
        return self.x_scaling(x).flatten(1) @ self.basis_x

    def encode_y(self, y: Tensor) -> Tensor:
        """z_y = U_yᵀ y: (B, C, H, W) -> (B, latent_y)."""
        return self.y_scaling(y).flatten(1) @ self.basis_y

    def distribution_x(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z_x = e_x(x) and the standard deviation of a point, 0: each (B, latent_x)."""
        return moments(self.encode_x(x), variational=False)

    def distribution_y(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """z_y = e_y(y) and the standard deviation of a point, 0: each (B, latent_y)."""
        return moments(self.encode_y(y), variational=False)

    def decode_x(self, z: Tensor) -> Tensor:
        """U_x z_x: (B, latent_x) -> (B, C, H, W)."""
        return self.x_scaling.inverse((z @ self.basis_x.T).unflatten(1, self.x_shape))

    def decode_y(self, z: Tensor) -> Tensor:
        """U_y z_y: (B, latent_y) -> (B, C, H, W)."""
        return self.y_scaling.inverse((z @ self.basis_y.T).unflatten(1, self.y_shape))

    def invert(self, y: Tensor) -> Tensor:
        """x̂ = d_x(M† e_y(y)), equation (5)."""
        return self.decode_x(self.inverse_map(self.encode_y(y)))

    def predict(self, x: Tensor) -> Tensor:
        """ŷ = d_y(M e_x(x)), the surrogate of the forward operator."""
        return self.decode_y(self.forward_map(self.encode_x(x)))

    def loss_terms(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The four terms of (4), each (B,), in units of the training split's variance."""
        z_x, z_y = self.encode_x(x), self.encode_y(y)
        estimates = {
            "autoencode_x": (self.decode_x(z_x), x, self.x_scaling),
            "autoencode_y": (self.decode_y(z_y), y, self.y_scaling),
            "forward": (self.decode_y(self.forward_map(z_x)), y, self.y_scaling),
            "inverse": (self.decode_x(self.inverse_map(z_y)), x, self.x_scaling),
        }
        return {name: squared_error(a, b) / scaling.scale**2 for name, (a, b, scaling) in estimates.items()}


def fit_moments(network: LinearPair, moment_x, moment_y, moment_xy) -> None:
    """Set all maps from Γ_x (n, n), Γ_y (m, m), Γ_xy (n, m), second moments of the *scaled* x and y.

    Raises ValueError where a latent is longer than the rank of its moment: S⁻² does not exist there.
    """
    moment_x, moment_y, moment_xy = (np.asarray(u, float) for u in (moment_x, moment_y, moment_xy))
    values_x, basis_x = leading(moment_x, network.basis_x.shape[1], "x")
    values_y, basis_y = leading(moment_y, network.basis_y.shape[1], "y")
    found = (values_x, basis_x), (values_y, basis_y), basis_x.T @ moment_xy @ basis_y
    set_maps(network, *found, np.trace(moment_y), np.diag(moment_x))


def leading(moment: np.ndarray, latent: int, space: str) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues (latent,), descending, of a symmetric matrix, and their vectors (·, latent).

    Raises ValueError naming `space` where the last of them is zero to rounding.
    """
    import scipy.linalg  # slow to import, and needed to fit only

    size = len(moment)
    values, vectors = scipy.linalg.eigh(moment, subset_by_index=[max(0, size - latent), size - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    possible = int(np.sum(values > size * np.finfo(float).eps * values[0]))
    if possible < latent:
        raise ValueError(f"latent_{space} is {latent}: the second moment of {space} has rank {possible}, ask for less")
    return values, vectors


def set_maps(network, of_x, of_y, cross: np.ndarray, total: float, square_x: np.ndarray) -> None:
    """Set all maps from eigenvalues and vectors of Γ_x and Γ_y, cross U_xᵀ Γ_xy U_y (latent_x, latent_y), the trace
    `total` of Γ_y and the diagonal `square_x` (n,) of Γ_x.
    """
    (values_x, basis_x), (values_y, basis_y) = of_x, of_y
    found = {
        "basis_x": basis_x,
        "basis_y": basis_y,
        "forward_map.weight": cross.T / values_x,
        "inverse_map.weight": cross / values_y,
        "variances_y": values_y,
        "tail_y": np.asarray(max(0.0, total - values_y.sum())),
        "square_x": square_x,
    }
    state = network.state_dict()
    for name, value in found.items():
        state[name].copy_(torch.from_numpy(np.array(value, order="C")))
