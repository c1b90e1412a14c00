"""Full waveform inversion: classical inversion over pixels with the simulation in the loop."""

from typing import Annotated

from pydantic import Field

from pairlsi.core.base import Distinct, Weight
from pairlsi.methods.search import Search


class FWI(Search):
    """min ‖P A(x) - ỹ‖² + weight ‖∇(x - x⁰)‖² over pixels, without any network."""

    label = "FWI"
    colour = "#64B5CD"
    description = (
        "Classical full waveform inversion over pixels, without any network, with a smoothness prior around its start: "
        "the mean model, or an estimate."
    )
    differentiable = True
    simulates = True

    class Settings(Search.Settings):
        """Where it starts, and its prior."""

        start: str = Field("mean", description="mean: the mean model of the training split; or a method: its estimates")
        roughness: Annotated[list[Weight], Field(min_length=1), Distinct] = Field(
            description="weights of the roughness, to choose from on the validation split"
        )

    @classmethod
    def starts_from(cls, settings):
        return None if settings.start == "mean" else settings.start

    @classmethod
    def title(cls, settings, labels):
        start = labels.get(settings.start, settings.start)
        return cls.label if settings.start == "mean" else f"{cls.label} from {start}"

    def __init__(self, settings, given):
        super().__init__(settings, given)
        self.scales = tuple(given.statistics.scale(space, given.scaling) for space in "xy")

    @property
    def weights(self):
        return self.settings.roughness

    @property
    def stops_by_validation(self):
        return self.settings.stop == "validation" or self.settings.start != "mean"  # as in `mlsi`

    def begin(self, y, noise, estimates):
        models = estimates
        if models is None:
            models = self.tensor(self.given.statistics.means["x"]).expand(len(y), -1, -1, -1)
        return models.flatten(1) / self.scales[0]

    def follow(self, y, start, iterations, weight, evaluations):
        from pairlsi.solvers.model_based import waveform_inversion

        steps = iterations, self.settings.history, evaluations
        shape = self.problem.x_shape
        return waveform_inversion(self.problem, y, self.keep, start, shape, self.scales, weight, *steps)

    def decoded(self, points):
        return (points * self.scales[0]).unflatten(1, self.problem.x_shape)

    def completed(self, points):
        return self.problem.simulate(self.decoded(points))
