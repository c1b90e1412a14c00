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
from pathlib import Path

import numpy as np
import torch

from pairlsi import memory, store
from pairlsi.inference import baselines, ensembles
from pairlsi.inference.closed_form import solve_y
from pairlsi.inference.ensembles import Ensemble, deal
from pairlsi.inference.estimates import Estimates
from pairlsi.operators import Mask

log = logging.getLogger(__name__)


class Method:
    """The method `name` for data behind one mask.

    said: what the config says of it: "batch_size", and "search" or "cgls_iterations" for the methods that read them.
    network: the trained network it needs (see `settings.network_of`), on the device to work on; None for none.
    statistics: the scalars and pixel-wise means of the training split. starts: of another method, for the methods that
    start from its estimates, what "{split}/x", "{split}/y" and "{split}/seconds" name. device: where to work without a
    network. seed: of the network's training, draw: of the mask, both of random starts.
    """

    def __init__(
        self, name, network, problem, mask, said: dict, statistics: tuple, starts=None, device="cpu", seed=0, draw=0
    ):
        self.name, self.network, self.problem, self.mask, self.said = name, network, problem, mask, said
        self.mean, self.starts = statistics[1]["x"], starts
        self.iterations = said.get("cgls_iterations")  # None for all that does not solve by CGLS
        self.ensemble = None
        if "search" in said:
            self.ensemble = Ensemble(name, network, problem, mask, said, statistics, starts, device, seed, draw)
        self.batched = self.ensemble.batched if self.ensemble else memory.Batched(said["batch_size"])

    def samples(self, split: str) -> slice:
        """The samples of a split that the method works on: all, but for methods that are too dear."""
        return slice(self.said.get("search", {}).get("samples", {}).get(split))

    def errors(self, x: np.ndarray, y: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Relative errors (1 + I, n) of validation pairs, samples `numbers` (n,), after 0 … I iterations of CGLS."""
        data, mask, start = self._classical(self.mask(y), "validation", numbers)
        return baselines.errors(self.problem, x, data, mask, self.said["cgls_iterations"], start)

    def __call__(self, y: np.ndarray, split: str) -> Estimates:
        """Estimate x from full data y (N, C, H, W) of a split: the mask is applied here, batch by batch."""
        started = time.perf_counter()

        def estimate(part: slice) -> tuple:
            found = (self.ensemble or self._batch)(self.mask(y[part]), split, part.start)
            log.info("%s on %s: %d of %d samples", self.name, self.mask.name, part.stop, len(y))
            return found

        parts = list(self.batched(estimate, len(y)))
        seconds = (time.perf_counter() - started) / len(y)
        if self.starts is not None:
            seconds += float(self.starts.get(f"{split}/seconds", 0.0))
        joined = [None if column[0] is None else np.concatenate(column) for column in zip(*parts, strict=True)]
        return Estimates(*joined, seconds=seconds)

    def _batch(self, y: np.ndarray, split: str, first: int) -> tuple:
        """x, y, surrogate data and iterations for one batch of masked data, samples `first`, … of a split."""
        none = np.zeros(len(y), np.int64)
        if self.name == "mean":
            return np.repeat(self.mean[None], len(y), axis=0), None, None, none
        if self.iterations is not None:
            data, mask, start = self._classical(y, split, np.arange(first, first + len(y)))
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
                z = self.network.encode_y(self._tensor(y))
                completed = self.network.decode_y(z)
            return self._invert(y), completed.cpu().numpy(), y, none, None, None, z[:, None].cpu().numpy(), None
        return self._invert(y), None, None, none  # an encoder-decoder

    def _classical(self, y: np.ndarray, split: str, numbers: np.ndarray) -> tuple:
        """Data, mask and start of CGLS for masked data y (N, C, H, W) of the samples `numbers` (N,)."""
        if self.name == "cgls-completed":
            every = Mask("none-0-0", self.mask.axis, np.ones_like(self.mask.keep))
            return y + self.starts[f"{split}/y"][:][numbers] * (1 - self.mask.weights()), every, None
        if self.name == "lsi-refined":
            return y, self.mask, self.starts[f"{split}/x"][:][numbers]
        return y, self.mask, np.repeat(self.mean[None], len(y), axis=0) if self.name == "cgls-mean" else None

    def _invert(self, y: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return self.network.invert(self._tensor(y)).cpu().numpy()

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(next(self.network.parameters()).device)


def choose(methods: list[Method], validation: Path) -> dict:
    """Choose on the validation split at this path what a method leaves open, for all its draws of the masks at once.

    methods: the method on each draw; the validation samples are dealt to them in turn. All take the choice; returned
    are the choice and its curve, {} where nothing is left open.
    """
    first = methods[0]
    if first.iterations is None and first.ensemble is None:
        return {}
    x, y = (store.read(validation, name)[first.samples("validation")] for name in store.ARRAYS)
    if first.ensemble is not None:
        return ensembles.choose([method.ensemble for method in methods], x, y)
    dealt = deal(len(x), len(methods))
    parts = [method.errors(x[own], y[own], own) for method, own in zip(methods, dealt, strict=True) if len(own)]
    errors = np.concatenate(parts, axis=1).mean(1)
    for method in methods:
        method.iterations = int(np.argmin(errors))
    return {"iterations": first.iterations, "validation_rre": errors.tolist()}
