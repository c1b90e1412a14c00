"""The deep image prior: the structure of a network that was never trained is what regularises."""

import itertools
from collections import deque
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from pairlsi.core.base import SPLITS, Count, Iterations
from pairlsi.methods import Method
from pairlsi.methods.choosing import stopped_where_best
from pairlsi.methods.estimates import Estimates


class DIP(Method):
    """min_θ ‖P(A(f_θ(z)) - ỹ)‖² for each sample on its own, z noise and fixed, stopped early; x̂ = f_θ(z).

    A network makes smooth images sooner than noise, so that the number of iterations is what regularises: it is chosen
    on validation samples. Sources: Ulyanov, Vedaldi & Lempitsky, doi:10.1007/s11263-020-01303-4; for CT Baguer,
    Leuschner & Schmidt, doi:10.1088/1361-6420/aba415, who add total variation, which is left to `tv` here.
    """

    label = "Deep image prior"
    colour = "#AD1457"
    description = (
        "No training: the weights of a small network that makes the estimate of fixed noise $z$ are fitted to what was "
        "measured, sample by sample, $\\min_\\theta \\|P(A(f_\\theta(z)) - \\tilde y)\\|^2$, knowing the forward "
        "operator, and stopped where the validation split says."
    )
    differentiable = True
    seeded = True

    class Settings(Method.Settings):
        """Of the network, and of Adam, which fits it."""

        iterations: Iterations = Field(description="of Adam, at most; the validation split says how many")
        learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(0.005, description="of Adam")
        width: Count = Field(16, description="channels of the network at full resolution, twice as many where coarser")

    def __init__(self, settings, given):
        super().__init__(settings, given)
        self.iterations = settings.iterations
        self.keep = self.tensor(given.keep)

    def estimate(self, y, split, numbers):
        import torch

        x = deque(self.iterates(self.tensor(y), split, numbers, self.iterations), maxlen=1).pop()
        with torch.no_grad():
            data = self.problem.simulate(x)
        return Estimates(x.cpu().numpy(), data.cpu().numpy(), iterations=self.iterations)

    def iterates(self, y, split: str, numbers: np.ndarray, iterations: int) -> Iterator:
        """Yield x̂ (N, C, H, W) after 0 … I iterations for ỹ (N, C, H, W), tensors, of samples `numbers` (N,)."""
        import torch

        from pairlsi.networks.deep_prior import Generators

        # two numbers of the training split, in whose units the network's output is: f_θ(z) has none of its own, and no
        # inverse of a nonlinear operator tells them. A pixel-wise mean would be a prior that it is not meant to have
        mean, scale = (of("x", "global") for of in (self.given.statistics.shift, self.given.statistics.scale))
        network = Generators(self.problem.x_shape, self.settings.width, self.random(split, numbers)).to(y.device)
        adam = torch.optim.Adam(network.parameters(), lr=self.settings.learning_rate)  # each weight on its own
        norms = y.flatten(1).norm(dim=1)
        norms = norms.where(norms > 0, 1.0)
        for done in itertools.count():
            with torch.enable_grad():
                x = mean + scale * network()
            yield x.detach()
            if done == iterations:
                return
            with torch.enable_grad():
                misfits = (self.keep * (self.problem.simulate(x) - y)).flatten(1).norm(dim=1) / norms
                adam.zero_grad()
                misfits.square().sum().backward()
            adam.step()

    def random(self, split: str, numbers: np.ndarray) -> list[np.random.Generator]:
        """What each sample's noise and first weights are drawn from: by training, draw and sample."""
        of = self.given.seed, self.observation.draw, SPLITS.index(split)
        return [np.random.default_rng([*of, int(number)]) for number in numbers]

    @property
    def leaves_open(self):
        return True

    @classmethod
    def choose(cls, methods, x, y):
        return stopped_where_best(methods, x, y)

    def errors(self, x: np.ndarray, y: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Relative errors (1 + I, n) of validation pairs, samples `numbers` (n,), after 0 … I iterations."""

        def errors(part: slice) -> np.ndarray:
            own, truth = numbers[part], self.tensor(x[part])
            seen = self.tensor(self.observation(y[part], "validation", own))
            iterates = self.iterates(seen, "validation", own, self.settings.iterations)
            off = np.stack([(found - truth).flatten(1).norm(dim=1).cpu().numpy() for found in iterates])
            return off / np.linalg.norm(x[part].reshape(len(own), -1), axis=1)

        return np.concatenate(list(self.batched(errors, len(x))), axis=1)
