"""Every method of inference under one call: from masked data to an estimate of x.

pair, linear     x̂ = d_x(M† e_y(ỹ)), equation (5), with the trained networks or the linear PAIR
linear-lsi       (9) on the linear PAIR, in closed form
interpolate      missing rows interpolated, then (5)
encdec-*         an encoder-decoder trained with nothing, a random mask or a block missing
mean             the pixel-wise mean of the training split, whatever was measured
cgls             conjugate gradients on the measured rows, stopped by the validation split, from zero
cgls-mean        the same from the mean of the training split
cgls-completed   the same from zero on all rows, missing ones as completed by lsi-prior
lsi-refined      the same on the measured rows from the estimate of lsi-prior; for nonlinear problems see `searches`
lsi and what else is listed in `searches`: latent space inference, model-based inversion
"""

import logging
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pairlsi import memory, store
from pairlsi.inference import baselines
from pairlsi.inference.closed_form import solve_y
from pairlsi.inference.ensembles import Ensemble
from pairlsi.operators import Mask

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Estimates:
    """What a method made of a split of N samples, all arrays float32 and on the host.

    x (N, C, H, W), the mean over members where there are several; y (N, C, H, W): the data as the method completes or
    predicts them, None where it does not; surrogate_data (N, C, H, W): b of the surrogate quality metrics
    (METHOD.md), None without a PAIR network; iterations (N,): of the solver, 0 without one, the mean over members;
    seconds: wall time a sample; members (N, K, C, H, W): the estimates of each member, None for a single one;
    data_members (n, K, C, H, W): the data of each member for the first few samples, likewise.
    """

    x: np.ndarray
    y: np.ndarray | None
    surrogate_data: np.ndarray | None
    iterations: np.ndarray
    members: np.ndarray | None = None
    data_members: np.ndarray | None = None
    seconds: float = 0.0


class Method:
    """The method `name` for data behind one mask.

    said: what the config says of it: "batch_size", and "search" or "cgls_iterations" for the methods that read them.
    network: the trained network it needs (see `settings.network_of`), on the device to work on; None for none.
    statistics: the scalars and pixel-wise means of the training split. starts: the Zarr group with the estimates
    of another method, for the methods that start from them.
    """

    def __init__(self, name: str, network, problem, mask, said: dict, statistics: tuple[dict, dict], starts=None):
        self.name, self.network, self.problem, self.mask, self.said = name, network, problem, mask, said
        self.mean, self.starts = statistics[1]["x"], starts
        self.iterations = said.get("cgls_iterations")  # None for all that does not solve by CGLS
        self.ensemble = None
        if "search" in said:
            self.ensemble = Ensemble(name, network, problem, mask, said, statistics, starts)
        self.batched = self.ensemble.batched if self.ensemble else memory.Batched(said["batch_size"])

    def samples(self, split: str) -> slice:
        """The samples of a split that the method works on: all, but for methods that are too dear."""
        return slice(self.said.get("search", {}).get("samples", {}).get(split))

    def choose(self, validation: Path) -> dict:
        """Choose on the validation split at this path what the method leaves open; return the choice and its curve."""
        if self.iterations is None and self.ensemble is None:
            return {}
        x, y = (store.read(validation, name)[self.samples("validation")] for name in store.ARRAYS)
        if self.ensemble is not None:
            return self.ensemble.choose(x, y)
        data, mask, start = self._classical(self.mask(y), "validation", 0)
        limit = self.said["cgls_iterations"]
        self.iterations, errors = baselines.best_iterations(self.problem, x, data, mask, limit, start)
        return {"iterations": self.iterations, "validation_rre": errors}

    def __call__(self, y: np.ndarray, split: str) -> Estimates:
        """Estimate x from full data y (N, C, H, W) of a split: the mask is applied here, batch by batch."""
        started = time.perf_counter()

        def estimate(part: slice) -> tuple:
            found = (self.ensemble or self._batch)(self.mask(y[part]), split, part.start)
            log.info("%s on %s: %d of %d samples", self.name, self.mask.name, part.stop, len(y))
            return found

        parts = list(self.batched(estimate, len(y)))
        seconds = (time.perf_counter() - started) / len(y)
        joined = [None if column[0] is None else np.concatenate(column) for column in zip(*parts, strict=True)]
        return Estimates(*joined, seconds=seconds)

    def _batch(self, y: np.ndarray, split: str, first: int) -> tuple:
        """x, y, surrogate data and iterations for one batch of masked data, samples `first`, … of a split."""
        none = np.zeros(len(y), np.int64)
        if self.name == "mean":
            return np.repeat(self.mean[None], len(y), axis=0), None, None, none
        if self.iterations is not None:
            data, mask, start = self._classical(y, split, first)
            iterates = baselines.cgls(self.problem, data, mask, self.iterations, start)
            x = deque(iterates, maxlen=1).pop()  # the last one, without keeping the others
            return x, self.problem.forward(x), None, none + self.iterations
        if self.name == "linear-lsi":
            with torch.no_grad():
                z = solve_y(self.network, self._tensor(y), self._tensor(self.mask.weights()))
                x, y = self.network.decode_x(self.network.inverse_map(z)), self.network.decode_y(z)
            return x.cpu().numpy(), y.cpu().numpy(), y.cpu().numpy(), none
        if self.name == "interpolate":
            y = baselines.interpolate(y, self.mask.keep, self.mask.axis, self.problem.mirrored)
            return self._invert(y), y, y, none
        if self.name in ("pair", "linear"):
            with torch.no_grad():
                completed = self.network.decode_y(self.network.encode_y(self._tensor(y)))
            return self._invert(y), completed.cpu().numpy(), y, none
        return self._invert(y), None, None, none  # an encoder-decoder

    def _classical(self, y: np.ndarray, split: str, first: int) -> tuple:
        """Data, mask and start of CGLS for masked data y (N, C, H, W)."""
        found = self.starts and self.starts[split]
        part = slice(first, first + len(y))
        if self.name == "cgls-completed":
            every = Mask("none-0-0", self.mask.axis, np.ones_like(self.mask.keep))
            return y + found["y"][part] * (1 - self.mask.weights()), every, None
        if self.name == "lsi-refined":
            return y, self.mask, found["x"][part]
        return y, self.mask, np.repeat(self.mean[None], len(y), axis=0) if self.name == "cgls-mean" else None

    def _invert(self, y: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return self.network.invert(self._tensor(y)).cpu().numpy()

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(next(self.network.parameters()).device)
