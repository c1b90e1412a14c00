"""Classical solving: conjugate gradients that stop early, without any network."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from pydantic import Field

from pairlsi.core.base import Iterations
from pairlsi.methods import OWN, Method
from pairlsi.methods.choosing import stopped_where_best
from pairlsi.methods.estimates import Estimates
from pairlsi.observations.mask import Mask


class CGLS(Method):
    """min ‖P(A x - ỹ)‖² by conjugate gradients, stopped after the number of iterations best on validation samples."""

    label = "CGLS, no network"
    colour = "#8C8C8C"
    description = (
        "Conjugate gradients for least squares on what was measured, knowing the forward operator, stopped where the "
        "validation split says."
    )
    linear = True
    on_gpu = False

    class Settings(Method.Settings):
        """Where it starts, and on which data it works."""

        iterations: Iterations = Field(description="at most; the validation split says how many")
        start: str = Field("zero", description="zero, mean (of the training split), or a method: its estimates")
        completed_by: str | None = Field(
            None, description="a method whose completed data stand where none arrived; null: only what arrived counts"
        )

    @classmethod
    def starts_from(cls, settings):
        return settings.completed_by or (None if settings.start in OWN else settings.start)

    @classmethod
    def title(cls, settings, labels):
        if settings.completed_by:
            return f"CGLS, data completed by {labels.get(settings.completed_by, settings.completed_by)}"
        told = {"zero": cls.label, "mean": "CGLS from the mean"}
        return told.get(settings.start, f"CGLS from {labels.get(settings.start, settings.start)}")

    @classmethod
    def unfit(cls, settings, experiment):
        if settings.completed_by and settings.start not in OWN:
            return f"start' is {settings.start!r}, and completed_by {settings.completed_by!r}: one method will do"
        return None

    def __init__(self, settings, given):
        super().__init__(settings, given)
        self.iterations = settings.iterations

    def estimate(self, y, split, numbers):
        data, mask, start = self.begin(y, split, numbers)
        x = deque(self.iterates(data, mask, self.iterations, start), maxlen=1).pop()  # without keeping the others
        return Estimates(x, self.problem.forward(x), iterations=self.iterations)

    def iterates(self, y: np.ndarray, mask: Mask, iterations: int, start: np.ndarray | None) -> Iterator[np.ndarray]:
        """x (N, C, H, W) after 0, 1, … iterations, for data and their mask as `begin` gives them."""
        from pairlsi.solvers.cgls import cgls

        return cgls(self.problem, y, mask, iterations, start)

    def begin(self, y: np.ndarray, split: str, numbers: np.ndarray) -> tuple:
        """Data, mask and start of CGLS for ỹ (N, C, H, W)."""
        mask = self.observation.mask
        if self.settings.completed_by:
            y = y + self.given.starts[f"{split}/y"][:][numbers] * (1 - mask.weights())
            mask = Mask("complete", mask.axis, np.ones_like(mask.keep))
        return y, mask, self.given.start(self.settings.start, split, numbers)

    @property
    def leaves_open(self):
        return True

    @classmethod
    def choose(cls, methods, x, y):
        return stopped_where_best(methods, x, y)

    def errors(self, x: np.ndarray, y: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Relative errors (1 + I, n) of validation pairs, samples `numbers` (n,), after 0 … I iterations."""
        from pairlsi.solvers.cgls import errors

        data, mask, start = self.begin(self.observation(y, "validation", numbers), "validation", numbers)
        return errors(self.iterates(data, mask, self.settings.iterations, start), x)
