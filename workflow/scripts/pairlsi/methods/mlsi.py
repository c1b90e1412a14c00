"""Model-based latent space inference (16): latents of x whose simulated data explain what was measured."""

from functools import cached_property
from typing import Annotated

from pydantic import Field

from pairlsi.core.base import Distinct, Weight
from pairlsi.methods.search import Search, sample, variational


class MLSI(Search):
    """min ‖P A(d_x(z_x)) - ỹ‖², with the simulation in the loop, from latents of the mean model or of an estimate.

    Where asked for with a prior that the truth is near them.
    """

    label = "M-LSI"
    colour = "#DD8452"
    description = (
        "Find the latent of the model whose simulated data explain what was measured, "
        "$\\min_{z_x} \\|P A(d_x(z_x)) - \\tilde y\\|$, from the mean model of the training set or from an estimate."
    )
    wants = "latents"
    differentiable = True
    simulates = True

    class Settings(Search.Settings):
        """Where it starts."""

        start: str = Field("mean", description="mean: the mean model of the training split; or a method: its estimates")
        precondition: Annotated[float, Field(gt=0)] | None = Field(
            None,
            description="search where the misfit of the network's own forward model, d_y(M z), is about as curved in "
            "all directions: the part of its mean curvature that is added to each; null: in the latents as they are",
        )
        weights: Annotated[list[Weight], Field(min_length=1), Distinct] = Field(
            [0.0],
            description="of a prior, the squared distance from the start in the coordinates of the search, to choose "
            "from on the validation split",
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
        if settings.members > 1 and settings.start != "mean":
            return f"members' is {settings.members}: all would start from the same estimate, so 1 will do"
        if settings.members > 1 and not variational(settings, experiment):
            return f"members' is {settings.members}: starts are drawn from a variational network, else it is 1"
        return None

    @property
    def weights(self):
        return self.settings.weights

    @property
    def stops_by_validation(self):
        # a search from the mean often goes astray, and then the best number is one; from an estimate it does not
        return self.settings.stop == "validation" or self.settings.start != "mean"

    def random_numbers(self):
        return self.network.forward_map.in_features if self.settings.start == "mean" else 0

    def begin(self, y, noise, estimates):
        import torch

        models = estimates
        if models is None:
            models = self.tensor(self.given.statistics.means["x"]).expand(len(y), -1, -1, -1)
        with torch.no_grad():
            mean, deviation = self.network.distribution_x(models)
            return sample(mean, deviation, noise) if self.random_numbers() else mean

    def follow(self, y, start, iterations, weight, evaluations):
        from pairlsi.solvers.model_based import model_based_lsi

        steps = iterations, self.settings.history, evaluations, self.root, weight
        return model_based_lsi(self.network, self.problem, y, self.keep, start, *steps)

    @cached_property
    def root(self):
        """What turns the coordinates of the search into latents, None where they are these."""
        import torch

        from pairlsi.solvers.model_based import surrogate_root

        if self.settings.precondition is None:
            return None
        with torch.no_grad():
            mean = self.network.encode_x(self.tensor(self.given.statistics.means["x"])[None])[0]
            return surrogate_root(self.network, self.keep, mean, self.settings.precondition)

    def decoded(self, points):
        return self.network.decode_x(points)

    def completed(self, points):
        return self.problem.simulate(self.decoded(points))
