"""ASTRA's line projector as one sparse matrix that multiplies many images at once."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ANGLE_BLOCK = 30  # views for which ASTRA makes its double-precision matrix at a time, to bound the memory


def line_matrix(size: int, angles: int, bins: int, rays: int = 1) -> "csr_matrix":
    """ASTRA's line projector (angles * bins, size * size) as float32 CSR, lengths in image widths.

    Each of the ``bins`` is ``rays`` pixels of this grid wide and averages over as many rays, a pixel apart.
    """
    import astra
    import scipy.sparse as sparse

    grid = astra.create_vol_geom(size, size)
    theta = np.arange(angles) * (np.pi / angles)
    blocks = []
    for start in range(0, angles, ANGLE_BLOCK):
        views = theta[start : start + ANGLE_BLOCK]
        projector = astra.create_projector("line", astra.create_proj_geom("parallel", 1.0, bins * rays, views), grid)
        identifier = astra.projector.matrix(projector)
        matrix = astra.matrix.get(identifier)
        astra.matrix.delete(identifier)
        astra.projector.delete(projector)
        average = sparse.kron(sparse.eye(len(views) * bins), np.full((1, rays), 1 / (rays * size)), format="csr")
        blocks.append((average @ matrix).astype(np.float32))
    return sparse.vstack(blocks, format="csr")


class BatchedMatrix:
    """A sparse matrix (m, k) that multiplies many vectors at once, so that it is read from memory once a block.

    It is held in torch's CSR layout, whose product takes 0.6 of the time of SciPy's; blocks are as wide as keeps the
    vectors in the cache. benchmarks/ct_simulation.py compares it with ASTRA image by image.
    """

    def __init__(self, matrix: "csr_matrix"):
        import torch

        with warnings.catch_warnings():  # torch announces on first use that CSR tensors are a beta feature
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            rows, columns = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
            parts = (torch.from_numpy(part) for part in (rows, columns, matrix.data))
            self.matrix = torch.sparse_csr_tensor(*parts, matrix.shape, check_invariants=False)
        self.width = int(np.clip(2**21 // max(matrix.shape), 8, 32))  # 2**21 floats: 8 MiB

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """(n, k) float32 -> (n, m) float32; a row of the result does not depend on the other rows, to the last bit."""
        import torch

        out = np.empty((len(vectors), self.matrix.shape[0]), np.float32)
        # a whole block in any case: on some processors the product of fewer vectors rounds another way
        block = np.zeros((self.matrix.shape[1], self.width), np.float32)
        for start in range(0, len(vectors), self.width):
            part = vectors[start : start + self.width]
            block[:, : len(part)] = part.T
            with torch.autocast("cpu", enabled=False):  # also within training in mixed precision
                out[start : start + self.width] = (self.matrix @ torch.from_numpy(block)).T.numpy()[: len(part)]
        return out


def rows_of(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Samples (N, *shape) as rows (N, entries). Raises ValueError naming the array for another shape."""
    array = np.asarray(array)
    if array.ndim != 4 or array.shape[1:] != shape:
        raise ValueError(f"{name} has shape {array.shape}; expected (N, {', '.join(map(str, shape))})")
    return array.reshape(len(array), -1)
