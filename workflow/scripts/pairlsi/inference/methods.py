"""Every method of inference under one call: from masked data to an estimate of x.

pair          x̂ = d_x(M† e_y(ỹ)), equation (5)
interpolate   missing rows interpolated, then (5)
encdec-*      an encoder-decoder trained with nothing, a random mask or a block missing
cgls          conjugate gradients on the measured rows, stopped by the validation split; no network
mean          the pixel-wise mean of the training split, whatever was measured
lsi and what else is listed in `searches`: latent space inference, model-based inversion
"""

import logging
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pairlsi import store
from pairlsi.inference import baselines
from pairlsi.inference.ensembles import Ensemble

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
    statistics: the scalars and pixel-wise means of the training split. starts: the Zarr group with the estimates of
    lsi, for the methods that start from them.
    """

    def __init__(self, name: str, network, problem, mask, said: dict, statistics: tuple[dict, dict], starts=None):
        self.name, self.network, self.problem, self.mask, self.said = name, network, problem, mask, said
        self.mean = statistics[1]["x"]
        self.cgls_iterations = said.get("cgls_iterations") or 0
        self.ensemble = None
        if "search" in said:
            self.ensemble = Ensemble(name, network, problem, mask, said, statistics, starts)

    def samples(self, split: str) -> slice:
        """The samples of a split that the method works on: all, but for methods that are too dear."""
        return slice(self.said.get("search", {}).get("samples", {}).get(split))

    def choose(self, validation: Path) -> dict:
        """Choose on the validation split at this path what the method leaves open; return the choice and its curve."""
        if self.name != "cgls" and self.ensemble is None:
            return {}
        x, y = (store.read(validation, name)[self.samples("validation")] for name in store.ARRAYS)
        if self.ensemble is not None:
            return self.ensemble.choose(x, y)
        limit = self.said["cgls_iterations"]
        self.cgls_iterations, errors = baselines.best_iterations(self.problem, x, y, self.mask, limit)
        return {"iterations": self.cgls_iterations, "validation_rre": errors}

    def __call__(self, y: np.ndarray, split: str) -> Estimates:
        """Estimate x from full data y (N, C, H, W) of a split: the mask is applied here, batch by batch."""
        started = time.perf_counter()
        size = self.ensemble.samples_at_once if self.ensemble else self.said["batch_size"]
        parts = []
        for first in range(0, len(y), size):
            masked = self.mask(y[first : first + size])
            parts.append(self.ensemble(masked, split, first) if self.ensemble else self._batch(masked))
            log.info("%s on %s: %d of %d samples", self.name, self.mask.name, min(first + size, len(y)), len(y))
        seconds = (time.perf_counter() - started) / len(y)
        joined = [None if column[0] is None else np.concatenate(column) for column in zip(*parts, strict=True)]
        return Estimates(*joined, seconds=seconds)

    def _batch(self, y: np.ndarray) -> tuple:
        """x, y, surrogate data and iterations for one batch of masked data."""
        none = np.zeros(len(y), np.int64)
        if self.name == "mean":
            return np.repeat(self.mean[None], len(y), axis=0), None, None, none
        if self.name == "cgls":
            iterates = baselines.cgls(self.problem, y, self.mask, self.cgls_iterations)
            x = deque(iterates, maxlen=1).pop()  # the last one, without keeping the others
            return x, self.problem.forward(x), None, none + self.cgls_iterations
        if self.name == "interpolate":
            y = baselines.interpolate(y, self.mask.keep, self.mask.axis, self.problem.mirrored)
            return self._invert(y), y, y, none
        if self.name == "pair":
            with torch.no_grad():
                completed = self.network.decode_y(self.network.encode_y(self._tensor(y)))
            return self._invert(y), completed.cpu().numpy(), y, none
        return self._invert(y), None, None, none  # an encoder-decoder

    def _invert(self, y: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return self.network.invert(self._tensor(y)).cpu().numpy()

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(next(self.network.parameters()).device)
