"""Every method of inference under one call: from masked data to an estimate of x.

pair          x̂ = d_x(M† e_y(ỹ)), equation (5)
lsi, lsi-zx   latent space inference by (9) and by (8)
interpolate   missing rows interpolated, then (5)
encdec-*      an encoder-decoder trained with nothing, a random mask or a block missing
cgls          conjugate gradients on the measured rows, stopped by the validation split; no network
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
from pairlsi.inference.lsi import latent_space_inference

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Estimates:
    """What a method made of a split of N samples, all arrays float32 and on the host.

    x (N, C, H, W); y (N, C, H, W): the data as the method completes or predicts them, None where it does not;
    surrogate_data (N, C, H, W): b of the surrogate quality metrics (METHOD.md), None without a PAIR network;
    iterations (N,): of the solver, 0 without one; seconds: wall time a sample.
    """

    x: np.ndarray
    y: np.ndarray | None
    surrogate_data: np.ndarray | None
    iterations: np.ndarray
    seconds: float


class Method:
    """The method `name` for data behind one mask.

    said: what the config says of it: "batch_size", and "lsi" or "cgls_iterations" for the methods that read them.
    network: the trained network it needs (see `settings.network_of`), on the device to work on; None for cgls.
    """

    def __init__(self, name: str, network, problem, mask, said: dict):
        self.name, self.network, self.problem, self.mask, self.said = name, network, problem, mask, said
        self.cgls_iterations = said.get("cgls_iterations", 0)

    def choose(self, validation: Path) -> dict:
        """Choose on the validation split at this path what the method leaves open; return the choice and its curve."""
        if self.name != "cgls":
            return {}
        x, y = (store.read(validation, name) for name in store.ARRAYS)
        limit = self.said["cgls_iterations"]
        self.cgls_iterations, errors = baselines.best_iterations(self.problem, x, y, self.mask, limit)
        return {"cgls_iterations": self.cgls_iterations, "validation_rre": errors}

    def __call__(self, y: np.ndarray) -> Estimates:
        """Estimate x from full data y (N, C, H, W): the mask is applied here, batch by batch."""
        started = time.perf_counter()
        size = self.said["batch_size"]
        parts = []
        for first in range(0, len(y), size):
            parts.append(self._batch(self.mask(y[first : first + size])))
            log.info("%s on %s: %d of %d samples", self.name, self.mask.name, min(first + size, len(y)), len(y))
        seconds = (time.perf_counter() - started) / len(y)
        joined = [None if column[0] is None else np.concatenate(column) for column in zip(*parts, strict=True)]
        return Estimates(*joined, seconds=seconds)

    def _batch(self, y: np.ndarray) -> tuple:
        """x, y, surrogate data and iterations for one batch of masked data."""
        none = np.zeros(len(y), np.int64)
        if self.name == "cgls":
            iterates = baselines.cgls(self.problem, y, self.mask, self.cgls_iterations)
            x = deque(iterates, maxlen=1).pop()  # the last one, without keeping the others
            return x, self.problem.forward(x), None, none + self.cgls_iterations
        if self.name == "interpolate":
            keep, axis = self.mask.keep, self.mask.axis
            y = baselines.interpolate(y, keep, axis, self.problem.mirrored)
            return to_host(self._invert(y)), y, y, none
        if self.name.startswith("encdec-"):
            return to_host(self._invert(y)), None, None, none
        if self.name == "pair":
            with torch.no_grad():
                completed = self.network.decode_y(self.network.encode_y(self._tensor(y)))
            return to_host(self._invert(y)), to_host(completed), y, none
        found = latent_space_inference(
            self.network,
            self._tensor(y),
            self._tensor(self.mask.weights()),
            "x" if self.name == "lsi-zx" else "y",
            self.said["lsi"]["iterations"],
            self.said["lsi"]["history"],
        )
        completed = to_host(found.y)
        return to_host(found.x), completed, completed, to_host(found.iterations)

    def _invert(self, y: np.ndarray) -> torch.Tensor:
        with torch.no_grad():
            return self.network.invert(self._tensor(y))

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(next(self.network.parameters()).device)


def to_host(values: torch.Tensor) -> np.ndarray:
    return values.cpu().numpy()
