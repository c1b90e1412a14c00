"""Ensembles of searches: a start for each member, the mean over members as the estimate, choices by validation.

Members differ in their starts, so their spread says how much the outcome depends on the start. It is no posterior.
"""

import logging

import numpy as np
import torch

from pairlsi import memory
from pairlsi.inference.searches import Search
from pairlsi.inference.trajectory import best_iterations, sufficient_members
from pairlsi.settings import SPLITS

log = logging.getLogger(__name__)
SHOWN = 2  # samples of a split whose data are kept member by member, for figures


class Ensemble:
    """The search `name` with its members; the parameters are those of `methods.Method`."""

    def __init__(
        self, name, network, problem, mask, said: dict, statistics: tuple, starts, device="cpu", seed=0, draw=0
    ):
        scalars, means = statistics
        self.said, self.mask, self.starts, self.random = said["search"], mask, starts, (seed, draw)
        self.device = torch.device(device) if network is None else next(network.parameters()).device
        scale = "pixel_std" if said["centre"] == "pixel" else "std"
        scales = tuple(scalars[space][scale] for space in ("x", "y"))
        self.search = Search(name, self.said, network, problem, mask, self._tensor(means["x"]), scales)
        self.iterations, self.members = self.said["iterations"], self.said["members"] if self.search.latent() else 1
        self.drawn = self.members > 1  # a single member starts from the mean
        self.weight = self.search.weights[0]
        self.batched = memory.Batched(max(1, self.said["batch_size"] // self.members))

    def errors(self, x: np.ndarray, y: np.ndarray, numbers: np.ndarray, weight: float) -> dict[str, np.ndarray]:
        """Errors of validation pairs, samples `numbers` (n,), after 0 … I iterations.

        rre (1 + I, n, K): of the estimate averaged over the first 1 … K members; data_rre (1 + I, n): of the completed
        data, averaged over members, against the full ones; misfit (1 + I, n): the same on what was measured.
        """

        def errors(part: slice) -> list:
            truth, data = self._tensor(x[part]), self._tensor(y[part])
            trajectory = self._search(data, "validation", numbers[part], weight)
            return [self._errors(points, truth, data) for points in trajectory.points]

        found = list(self.batched(errors, len(x)))
        return {
            name: np.concatenate([np.stack([e[i] for e in part]) for part in found], axis=1)
            for i, name in enumerate(("rre", "data_rre", "misfit"))
        }

    def _errors(self, points, truth, data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each sample's errors at points (N * K, n): (N, K) by members, (N,) of all data, (N,) of the measured ones."""
        members = self.search.estimate(points).unflatten(0, (len(truth), -1))
        counts = torch.arange(1, 1 + members.shape[1], device=members.device).view(1, -1, 1, 1, 1)
        averages = members.cumsum(1) / counts
        rre = norm(averages - truth[:, None]) / norm(truth[:, None])
        completed = self.search.complete(points).unflatten(0, (len(truth), -1)).mean(1)
        measured = self.search.keep * data
        misfit = norm(self.search.keep * completed - measured) / norm(measured)
        return rre.cpu().numpy(), (norm(completed - data) / norm(data)).cpu().numpy(), misfit.cpu().numpy()

    def __call__(self, masked: np.ndarray, split: str, first: int) -> tuple:
        """The fields of `Estimates` up to starts, for masked data (N, C, H, W) of samples `first`, …."""
        y = self._tensor(masked)
        found = self._search(y, split, np.arange(first, first + len(y)), self.weight)
        points = found.points[-1]
        members = self.search.estimate(points).unflatten(0, (len(y), -1))
        data = self.search.complete(points).unflatten(0, (len(y), -1))
        completed = data.mean(1).cpu().numpy()
        iterations = found.iterations.double().view(len(y), -1).mean(1)
        several, of_data = self.members > 1, self.search.kind.unknowns == "z_y"
        return (
            members.mean(1).cpu().numpy(),
            completed,
            None if self.search.network is None else completed,
            iterations.cpu().numpy(),
            members.cpu().numpy() if several else None,
            data[: max(0, SHOWN - first)].cpu().numpy() if several else None,
            *(z.unflatten(0, (len(y), -1)).cpu().numpy() if of_data else None for z in (points, found.points[0])),
        )

    def _search(self, y: torch.Tensor, split: str, numbers: np.ndarray, weight: float):
        """The trajectory for data (N, C, H, W) of samples `numbers` (N,), measured or masked already: it sees what the
        mask keeps.
        """
        y = self.search.keep * y
        estimates = None
        if self.starts is not None:
            estimates = self._tensor(self.starts[f"{split}/x"][:][numbers])
        start = self.search.starts(y, self._noise(split, numbers), estimates)
        # fewer evaluations than choose() looks at would end the search before the iterations that were chosen
        evaluations = self.said["iterations"] * 5 // 4
        return self.search(y, start, self.iterations, weight, evaluations)

    def _noise(self, split: str, numbers: np.ndarray) -> torch.Tensor:
        """Standard normal numbers (N, K, latent), each by training, mask, sample and member; zeros for one member."""
        noise = np.zeros((len(numbers), self.members, self.search.latent()), np.float32)
        if self.drawn:
            for own, number in zip(noise, numbers, strict=True):
                rng = np.random.default_rng([*self.random, SPLITS.index(split), int(number)])
                own[:] = rng.standard_normal(own.shape)
        return self._tensor(noise)

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(self.device)


def choose(ensembles: list[Ensemble], x: np.ndarray, y: np.ndarray) -> dict:
    """Choose iterations and the weight of the regularisation on validation pairs; return both, with their curves.

    ensembles: of one search, on each draw of the masks; the samples are dealt to them in turn, and all take the choice.
    A search with simulations that stops after a fixed number of iterations has its curves too, which tell whether
    that was wise; latent space inference as in the paper chooses nothing.
    """
    first = ensembles[0]
    weights, limit = first.search.weights, first.iterations
    if not first.search.kind.simulates and first.said["stop"] == "fixed" and len(weights) == 1:
        return {}
    found = {weight: curves(ensembles, x, y, weight) for weight in weights}
    best = {weight: best_iterations(curve["rre"][:, -1]) for weight, curve in found.items()}
    # a search from the mean often goes astray, and then the best number is one; from an estimate it does not
    chooses = first.said["stop"] == "validation" or first.search.kind.start == "estimate"
    stop = best if chooses else dict.fromkeys(weights, limit)
    weight = min(found, key=lambda weight: found[weight]["rre"][stop[weight], -1])
    curve, iterations = found[weight], stop[weight]
    for ensemble in ensembles:
        ensemble.weight, ensemble.iterations = weight, iterations
    log.info("%d iterations (best: %d), weight %g", iterations, best[weight], weight)
    return {
        "iterations": iterations,
        "best_iterations": best[weight],
        "members": first.members,
        "sufficient_members": sufficient_members(curve["rre"][iterations]),
        "weight": weight,
        "validation_rre_by_weight": [[w, float(c["rre"][stop[w], -1])] for w, c in found.items()],
        "validation_rre": curve["rre"][:, -1].tolist(),
        "validation_data_rre": curve["data_rre"].tolist(),
        "validation_misfit": curve["misfit"].tolist(),
        "validation_rre_by_members": curve["rre"][iterations].tolist(),
    }


def curves(ensembles: list[Ensemble], x: np.ndarray, y: np.ndarray, weight: float) -> dict[str, np.ndarray]:
    """Means over validation pairs of what `Ensemble.errors` tells, on (1 + I,) or (1 + I, K)."""
    dealt = zip(ensembles, deal(len(x), len(ensembles)), strict=True)
    parts = [ensemble.errors(x[own], y[own], own, weight) for ensemble, own in dealt if len(own)]
    return {name: np.concatenate([part[name] for part in parts], axis=1).mean(1) for name in parts[0]}


def deal(samples: int, draws: int) -> list[np.ndarray]:
    """The numbers of the validation samples that each draw of a mask gets."""
    return [np.arange(draw, samples, draws) for draw in range(draws)]


def norm(u: torch.Tensor) -> torch.Tensor:
    """The norm over the last three axes."""
    return u.flatten(-3).norm(dim=-1)
