"""Total variation: classical regularisation for images of few edges, without any network."""

from functools import cached_property
from typing import Annotated

from pydantic import Field

from pairlsi.core.base import Distinct, Iterations
from pairlsi.methods import OWN
from pairlsi.methods.estimates import Estimates
from pairlsi.methods.weighed import Weighed

Positive = Annotated[float, Field(gt=0)]


class TV(Weighed):
    """min ½‖P(A x - ỹ)‖² + weight s TV(x), s the standard deviation of an entry of AᵀPε, in a mean over entries.

    s is what noise makes of the gradient of the first term, so that one weight fits whatever the noise, the units and
    the mask. The weight is chosen on validation samples.
    """

    label = "Total variation, no network"
    colour = "#6D4C41"
    description = (
        "Least squares on what was measured with total variation, "
        "$\\min_x \\frac{1}{2}\\|P(A x - \\tilde y)\\|^2 + \\lambda \\sum_{ij} |(\\nabla x)_{ij}|$, knowing the "
        "forward operator; $\\lambda$ is what noise makes of an entry of the gradient of the first term, times a "
        "weight that the validation split chooses."
    )
    linear = True
    on_gpu = False

    class Settings(Weighed.Settings):
        """How much it weighs, and where the iterations start and end."""

        iterations: Iterations = Field(description="of accelerated proximal gradients, two products with A each")
        weights: Annotated[list[Positive], Field(min_length=1), Distinct] = Field(
            description="of the total variation, to choose from on the validation split; 1: as noise in the gradient"
        )
        start: str = Field("zero", description="zero, mean (of the training split), or a method: its estimates")

    @classmethod
    def starts_from(cls, settings):
        return None if settings.start in OWN else settings.start

    @classmethod
    def title(cls, settings, labels):
        told = {"zero": cls.label, "mean": "Total variation from the mean"}
        return told.get(settings.start, f"Total variation from {labels.get(settings.start, settings.start)}")

    @cached_property
    def norms(self) -> tuple[float, float]:
        """‖P A‖² and the mean squared norm of its columns."""
        from pairlsi.problems.operator_norm import norms

        return norms(self.problem, self.observation.mask)

    def estimate(self, y, split, numbers):
        from collections import deque

        from pairlsi.solvers.total_variation import total_variation

        steepest, column = self.norms
        scale = column**0.5 * self.deviation(self.tensor(y)).cpu().numpy()
        start = self.given.start(self.settings.start, split, numbers)
        steps = self.weight * scale, self.settings.iterations, steepest, start
        iterates = total_variation(self.problem, y, self.observation.mask, *steps)
        x = deque(iterates, maxlen=1).pop()  # without keeping the others
        return Estimates(x, self.problem.forward(x), iterations=self.settings.iterations)
