"""What the methods that search share: an ensemble of starts, the mean over members, choices by validation.

Members differ in their starts, so their spread says how much the outcome depends on the start. It is no posterior.
Rows of a search are samples times members, a sample's members side by side.
"""

import logging
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from pairlsi.core.base import SPLITS, Count, Integer, Iterations
from pairlsi.methods import Given, Method, deal
from pairlsi.methods.estimates import Estimates

log = logging.getLogger(__name__)
SHOWN = 2  # samples of a split whose data are kept member by member, for figures


class Search(Method):
    """A method that searches latents, or pixels, for what explains the data; see the methods below for its own part.

    latents_of_data: the unknowns are z_y; simulates: the forward operator is in the loop.
    """

    latents_of_data: ClassVar[bool] = False
    simulates: ClassVar[bool] = False

    class Settings(Method.Settings):
        """Of L-BFGS and its ensemble."""

        iterations: Iterations = Field(description="of L-BFGS, at most where stop is validation")
        history: Annotated[Integer, Field(ge=1, le=100)] = Field(10, description="pairs of vectors that L-BFGS keeps")
        members: Count = Field(1, description="of an ensemble of starts; more need a variational network")
        stop: Literal["fixed", "validation"] = Field(
            "fixed", description="fixed: after `iterations`; validation: after the best number up to these"
        )

    def __init__(self, settings, given: Given):
        super().__init__(settings, given)
        self.iterations, self.weight = settings.iterations, self.weights[0]
        self.members = settings.members if settings.members > 1 and self.random_numbers() else 1
        self.batch_size = max(1, given.batch_size // self.members)
        self.keep = self.tensor(given.keep)

    @property
    def weights(self) -> list[float]:
        """What the weight of the regularisation is chosen from."""
        return [0.0]

    def random_numbers(self) -> int:
        """How many random numbers the start of a member takes, 0 where starts are not drawn."""
        return 0

    def begin(self, y, noise, estimates):
        """Starts (N * K, n) for zero-filled data y (N, C, H, W).

        noise: (N, K, `random_numbers`), zeros to start from the means. estimates: x (N, C, H, W) of the method that
        this one starts from, or None.
        """
        raise NotImplementedError

    def follow(self, y, start, iterations: int, weight: float, evaluations: int):
        """The `solvers.trajectory.Trajectory` from `start` (R, n) for zero-filled data y (R, C, H, W)."""
        raise NotImplementedError

    def decoded(self, points):
        """x̂ (R, C, H, W) at points (R, n)."""
        raise NotImplementedError

    def completed(self, points):
        """The data that belong to points (R, n), (R, C, H, W)."""
        raise NotImplementedError

    def search(self, y, split: str, numbers: np.ndarray, weight: float):
        """The trajectory for data (N, C, H, W) of samples `numbers` (N,): it sees what was observed."""
        y, estimates = self.keep * y, None
        if self.given.starts is not None:
            estimates = self.tensor(self.given.starts[f"{split}/x"][:][numbers])
        start = self.begin(y, self.noise(split, numbers), estimates)
        y = y.repeat_interleave(len(start) // len(y), dim=0)
        # fewer evaluations than choose() looks at would end the search before the iterations that were chosen
        return self.follow(y, start, self.iterations, weight, self.settings.iterations * 5 // 4)

    def noise(self, split: str, numbers: np.ndarray):
        """Standard normal numbers (N, K, n), each by training, draw, sample and member; zeros for a single member."""
        if self.members == 1:  # it starts from the mean
            return self.tensor(np.zeros((len(numbers), 1, 1), np.float32))
        noise = np.zeros((len(numbers), self.members, self.random_numbers()), np.float32)
        for own, number in zip(noise, numbers, strict=True):
            rng = np.random.default_rng([self.given.seed, self.observation.draw, SPLITS.index(split), int(number)])
            own[:] = rng.standard_normal(own.shape)
        return self.tensor(noise)

    def estimate(self, y: np.ndarray, split: str, numbers: np.ndarray) -> Estimates:
        import torch

        found = self.search(self.tensor(y), split, numbers, self.weight)
        points, count = found.points[-1], len(y)
        with torch.no_grad():
            members = self.decoded(points).unflatten(0, (count, -1))
            data = self.completed(points).unflatten(0, (count, -1))
        completed = data.mean(1).cpu().numpy()
        several, shown = self.members > 1, int((numbers < SHOWN).sum())
        z, start = (u.unflatten(0, (count, -1)).cpu().numpy() for u in (points, found.points[0]))
        return Estimates(
            x=members.mean(1).cpu().numpy(),
            y=completed,
            surrogate_data=None if self.network is None else completed,
            iterations=found.iterations.double().view(count, -1).mean(1).cpu().numpy(),
            members=members.cpu().numpy() if several else None,
            stated=members.std(1).cpu().numpy() if several else None,
            data_members=data[:shown].cpu().numpy() if several else None,
            latents=z if self.latents_of_data else None,
            starts=start if self.latents_of_data else None,
        )

    @property
    def leaves_open(self) -> bool:
        # a search with simulations that stops after a fixed number has its curves, which tell whether that was wise
        return self.simulates or self.settings.stop == "validation" or len(self.weights) > 1

    @property
    def stops_by_validation(self) -> bool:
        """Whether the number of iterations is chosen."""
        return self.settings.stop == "validation"

    @classmethod
    def choose(cls, methods, x, y):
        from pairlsi.solvers.trajectory import best_iterations, sufficient_members

        first = methods[0]
        found = {weight: curves(methods, x, y, weight) for weight in first.weights}
        best = {weight: best_iterations(curve["rre"][:, -1]) for weight, curve in found.items()}
        stop = best if first.stops_by_validation else dict.fromkeys(found, first.settings.iterations)
        weight = min(found, key=lambda weight: found[weight]["rre"][stop[weight], -1])
        curve, iterations = found[weight], stop[weight]
        for method in methods:
            method.weight, method.iterations = weight, iterations
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

    def errors(self, x: np.ndarray, y: np.ndarray, numbers: np.ndarray, weight: float) -> dict[str, np.ndarray]:
        """Errors of validation pairs, samples `numbers` (n,), after 0 … I iterations.

        rre (1 + I, n, K): of the estimate averaged over the first 1 … K members; data_rre (1 + I, n): of the completed
        data, averaged over members, against the full ones; misfit (1 + I, n): the same on what was measured.
        """

        def errors(part: slice) -> list:
            seen = self.observation(y[part], "validation", numbers[part])
            truth, full, measured = self.tensor(x[part]), self.tensor(y[part]), self.tensor(seen)
            trajectory = self.search(measured, "validation", numbers[part], weight)
            return [self._errors(points, truth, full, measured) for points in trajectory.points]

        found = list(self.batched(errors, len(x)))
        return {
            name: np.concatenate([np.stack([e[i] for e in part]) for part in found], axis=1)
            for i, name in enumerate(("rre", "data_rre", "misfit"))
        }

    def _errors(self, points, truth, full, measured) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each sample's errors at points (N * K, n): (N, K) by members, (N,) of all data, (N,) of the measured ones."""
        import torch

        with torch.no_grad():
            members = self.decoded(points).unflatten(0, (len(truth), -1))
            completed = self.completed(points).unflatten(0, (len(truth), -1)).mean(1)
        counts = torch.arange(1, 1 + members.shape[1], device=members.device).view(1, -1, 1, 1, 1)
        rre = norm(members.cumsum(1) / counts - truth[:, None]) / norm(truth[:, None])
        misfit = norm(self.keep * completed - measured) / norm(measured)
        return rre.cpu().numpy(), (norm(completed - full) / norm(full)).cpu().numpy(), misfit.cpu().numpy()


def curves(methods: Sequence[Search], x: np.ndarray, y: np.ndarray, weight: float) -> dict[str, np.ndarray]:
    """Means over validation pairs of what `Search.errors` tells, on (1 + I,) or (1 + I, K)."""
    dealt = zip(methods, deal(len(x), len(methods)), strict=True)
    parts = [method.errors(x[own], y[own], own, weight) for method, own in dealt if len(own)]
    return {name: np.concatenate([part[name] for part in parts], axis=1).mean(1) for name in parts[0]}


def sample(mean, deviation, noise):
    """mean + deviation * noise of each member: (N, n), (N, n), (N, K, n) -> (N * K, n)."""
    return (mean[:, None] + deviation[:, None] * noise).flatten(0, 1)


def norm(u):
    """The norm over the last three axes."""
    return u.flatten(-3).norm(dim=-1)


def variational(settings, experiment) -> bool:
    """Whether the network of a method with these settings has distributions of latents to draw starts from."""
    network = experiment.networks.get(settings.network)
    return getattr(network.settings, "divergence", None) is not None if network else False
