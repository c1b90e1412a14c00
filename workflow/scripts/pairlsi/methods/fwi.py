"""Full waveform inversion: classical inversion over pixels with the simulation in the loop."""

import itertools
import math
from typing import Annotated

from pydantic import AfterValidator, Field

from pairlsi.core.base import Distinct, Weight
from pairlsi.methods.search import Search

Frequency = Annotated[float, Field(gt=0)]


def _wider(bands: list) -> list:
    highest = [math.inf if band is None else band for band in bands]
    if any(following <= band for band, following in itertools.pairwise(highest)):
        raise ValueError(f"each band should be wider than the one before, null is the widest; {bands} is not so")
    return bands


class FWI(Search):
    """min ‖P A(x) - ỹ‖² + weight ‖∇(x - x⁰)‖² over pixels, without any network."""

    label = "FWI"
    colour = "#64B5CD"
    description = (
        "Classical full waveform inversion over pixels, without any network, with a smoothness prior around its start: "
        "the mean model, or an estimate; low frequencies first where its `bands` say so."
    )
    differentiable = True
    simulates = True

    class Settings(Search.Settings):
        """Where it starts, its prior, and in what order it takes frequencies."""

        start: str = Field("mean", description="mean: the mean model of the training split; or a method: its estimates")
        roughness: Annotated[list[Weight], Field(min_length=1), Distinct] = Field(
            description="weights of the roughness, to choose from on the validation split"
        )
        bands: Annotated[list[Frequency | None], Field(min_length=1), AfterValidator(_wider)] = Field(
            [None], description="highest frequencies to fit one after the other, Hz, null: all; they share `iterations`"
        )
        precondition: Annotated[float, Field(gt=0)] | None = Field(
            None, description="search smooth steps: the smaller, the smoother; null: pixels as they are"
        )

    @classmethod
    def starts_from(cls, settings):
        return None if settings.start == "mean" else settings.start

    @classmethod
    def title(cls, settings, labels):
        start = labels.get(settings.start, settings.start)
        return cls.label if settings.start == "mean" else f"{cls.label} from {start}"

    @classmethod
    def unfit(cls, settings, experiment):
        if settings.members > 1:
            return f"members' is {settings.members}: all would start from the same model, so 1 will do"
        if len(settings.bands) > settings.iterations:
            return f"bands' are {len(settings.bands)}: at most one for each of the {settings.iterations} iterations"
        if settings.bands != [None] and experiment.problem.sample_interval is None:
            return "bands' has frequencies, and this problem's data are not said to be samples in time: leave it out"
        return None

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
        from pairlsi.solvers.continuation import bands
        from pairlsi.solvers.model_based import smoothing, waveform_inversion

        # of all iterations, however many are made: what was chosen on validation samples is a place on that way
        dealt = bands(self.settings.bands, self.problem.sample_interval, self.settings.iterations)
        shape, least = self.problem.x_shape, self.settings.precondition
        steps = iterations, self.settings.history, dealt, smoothing(shape, least) if least else None
        return waveform_inversion(self.problem, y, self.keep, start, shape, self.scales, weight, *steps)

    def decoded(self, points):
        return (points * self.scales[0]).unflatten(1, self.problem.x_shape)

    def completed(self, points):
        return self.problem.simulate(self.decoded(points))
