"""What the methods that search share: an ensemble of starts, the mean over members, choices by validation.

Members differ in their starts, so their spread says how much the outcome depends on the start. It is no posterior.
Rows of a search are samples times members, a sample's members side by side.
"""

import logging
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from pairlsi.core.base import SPLITS, Count, Integer, Iterations
from pairlsi.methods import Given, Method
from pairlsi.methods.choosing import dealt, downhill
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

        given = dealt(methods, len(x))
        first, ways, best, stop = methods[0], {}, {}, {}

        def error(weight: float) -> float:
            """The mean error where a search with this weight would be stopped."""
            ways[weight] = [method.errors(x[own], y[own], own, weight) for method, own in given]
            rre = mean_over_samples(rre for rre, _ in ways[weight])[:, -1]
            best[weight] = best_iterations(rre)
            stop[weight] = best[weight] if first.stops_by_validation else first.settings.iterations
            return float(rre[stop[weight]])

        tried = downhill(first.weights, error)
        weight = min(tried, key=tried.get)
        iterations, rre = stop[weight], mean_over_samples(rre for rre, _ in ways[weight])
        of_data = [
            m.data_errors(points, y[own], own) for (m, own), (_, points) in zip(given, ways[weight], strict=True)
        ]
        data_rre, misfit = (mean_over_samples(of_each) for of_each in zip(*of_data, strict=True))
        for method in methods:
            method.weight, method.iterations = weight, iterations
        log.info("%d iterations (best: %d), weight %g", iterations, best[weight], weight)
        return {
            "iterations": iterations,
            "best_iterations": best[weight],
            "members": first.members,
            "sufficient_members": sufficient_members(rre[iterations]),
            "weight": weight,
            "validation_rre_by_weight": [list(pair) for pair in tried.items()],
            "validation_rre": rre[:, -1].tolist(),
            "validation_data_rre": data_rre.tolist(),
            "validation_misfit": misfit.tolist(),
            "validation_rre_by_members": rre[iterations].tolist(),
        }

    def errors(self, x: np.ndarray, y: np.ndarray, numbers: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray]:
        """Searches for validation pairs, samples `numbers` (n,): after 0 … I iterations the errors of the estimate
        averaged over the first 1 … K members, (1 + I, n, K), and the points, (1 + I, n, K, number of unknowns).
        """
        import torch

        def followed(part: slice) -> list[np.ndarray]:
            truth = self.tensor(x[part])[:, None]
            seen = self.tensor(self.observation(y[part], "validation", numbers[part]))
            found = self.search(seen, "validation", numbers[part], weight).points.unflatten(1, (len(truth), -1))
            counts = torch.arange(1, 1 + found.shape[2], device=found.device).view(1, -1, 1, 1, 1)
            rre = []
            with torch.no_grad():
                for points in found:
                    members = self.decoded(points.flatten(0, 1)).unflatten(0, points.shape[:2])
                    rre.append(norm(members.cumsum(1) / counts - truth) / norm(truth))
            return [torch.stack(rre).cpu().numpy(), found.cpu().numpy()]

        rre, points = zip(*self.batched(followed, len(x)), strict=True)
        return np.concatenate(rre, axis=1), np.concatenate(points, axis=1)

    def data_errors(self, points: np.ndarray, y: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Relative errors of the data that belong to points (1 + I, n, K, ...), averaged over members: against the full
        data y (n, C, H, W), and against what was measured of them; (1 + I, n) each.
        """
        import torch

        def compared(part: slice) -> list[np.ndarray]:
            seen = self.tensor(self.observation(y[part], "validation", numbers[part]))
            full, errors = self.tensor(y[part]), []
            with torch.no_grad():
                for of_iteration in points[:, part]:
                    completed = (
                        self.completed(self.tensor(of_iteration).flatten(0, 1)).unflatten(0, (len(full), -1)).mean(1)
                    )
                    errors.append(
                        (norm(completed - full) / norm(full), norm(self.keep * completed - seen) / norm(seen))
                    )
            return [torch.stack(of_each).cpu().numpy() for of_each in zip(*errors, strict=True)]

        data_rre, misfit = zip(*self.batched(compared, len(y)), strict=True)
        return np.concatenate(data_rre, axis=1), np.concatenate(misfit, axis=1)


def mean_over_samples(parts) -> np.ndarray:
    """The mean over samples of parts (1 + I, n) or (1 + I, n, K), which differ in their samples."""
    return np.concatenate(list(parts), axis=1).mean(1)


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
