"""Latent space inference (9): the latents of the data that explain what was measured."""

from functools import cached_property
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pairlsi.core.base import Distinct, Weight
from pairlsi.methods.search import Search, sample, variational

START = {
    "zeros": "e_y of the data with zeros for what is missing",
    "interpolated": "e_y of the data with missing rows interpolated",
    "mean": "the mean of the training latents",
}


class LSI(Search):
    """min ‖P d_y(z_y) - ỹ‖² + weight R(z_y), then x̂ = d_x(M† z_y); by default the paper's, without R.

    space: whose latents are searched; those of x go to those of y by M (8).
    """

    label = "PAIR+LSI"
    colour = "#C44E52"
    description = (
        "Find the latents of the data that explain what was measured, "
        "$\\min_{z_y} \\|P d_y(z_y) - \\tilde y\\|$, then map and decode them; the completed data are $d_y(z_y)$."
    )
    wants = "latents"
    controlled = True
    latents_of_data = True
    space: ClassVar[str] = "y"

    class Settings(Search.Settings):
        """Start, misfit and regulariser."""

        start: Literal["zeros", "interpolated", "mean"] = Field(
            "zeros", description="; ".join(f"{name}: {told}" for name, told in START.items())
        )
        misfit: Literal["squared", "weighted", "huber"] = Field(
            "squared",
            description="weighted: by noise and what the network leaves; huber: the same, linear for large residuals",
        )
        regulariser: Literal["none", "tikhonov", "mahalanobis"] = Field(
            "none", description="mahalanobis: distance from the training latents; tikhonov: from zero"
        )
        noise: Literal["known", "estimated"] = Field(
            "known",
            description="how strong it is, where misfit is weighted or huber: known: by the problem's noise_level; "
            "estimated: so that what was measured is most likely, of each sample by itself; for principal components",
        )
        spread: Literal["known", "estimated"] = Field(
            "known",
            description="of the latents about their mean: known: as those of training; estimated: together with the "
            "noise, for objects of another contrast",
        )
        weights: Annotated[list[Weight], Field(min_length=1), Distinct] = Field(
            [0.0], description="of the regulariser, to choose from on the validation split"
        )

    @classmethod
    def unfit(cls, settings, experiment):
        if settings.members > 1 and settings.start == "mean":
            return f"members' is {settings.members}: all would start from the mean, so 1 will do"
        if settings.members > 1 and not variational(settings, experiment):
            return f"members' is {settings.members}: starts are drawn from a variational network, else it is 1"
        if settings.regulariser == "none" and any(settings.weights):
            return f"weights' are {settings.weights}, and regulariser is none: there is nothing to weigh"
        y = getattr(experiment.networks[settings.network].settings, "y", None)
        if settings.noise == "estimated":
            if settings.misfit != "weighted" or settings.regulariser != "mahalanobis":
                return "noise' is estimated: for misfit weighted and regulariser mahalanobis"
            if getattr(y, "kind", None) != "principal":
                return f"noise' is estimated, and network {settings.network!r} has no principal components of data"
        if settings.spread == "estimated" and settings.noise != "estimated":
            return "spread' is estimated: together with the noise, so noise has to be estimated too"
        prior = settings.start == "mean" or settings.regulariser == "mahalanobis"
        network = experiment.networks[settings.network]
        if prior and "linear" in network.part.offers:
            return f"network' is {settings.network!r}, which knows no mean and covariance of the training latents"
        return None

    @property
    def weights(self):
        return self.settings.weights

    def random_numbers(self):
        return self.network.inverse_map.in_features

    def begin(self, y, noise, estimates):
        import torch

        with torch.no_grad():
            z = sample(*self._latents(y), noise)
            return z if self.space == "y" else self.network.inverse_map(z)

    def _latents(self, y):
        """Mean and standard deviation of the latents of zero-filled data y to start from, (N, n) each."""
        from pairlsi.solvers.interpolation import interpolate

        if self.settings.start == "mean":
            mean = self.network.latent_mean.expand(len(y), -1)
            return mean, mean.new_zeros(mean.shape)
        if self.settings.start == "interpolated":
            mask = self.observation.mask
            y = self.tensor(interpolate(y.cpu().numpy(), mask.keep, mask.axis, self.problem.mirrored))
        return self.network.distribution_y(y)

    def follow(self, y, start, iterations, weight, evaluations):
        return self.solve(y, self.keep, start, iterations, weight, evaluations)

    def solve(self, y, keep, start, iterations, weight, evaluations):
        """`follow`, of the data that keep (C, H, W) or (R, C, H, W), broadcastable, leaves in the misfit."""
        from pairlsi.solvers.latent_search import latent_space_inference
        from pairlsi.solvers.objectives import Objective

        kind = self.settings.regulariser
        prior = (self.network.latent_mean, self.network.latent_whitening) if kind == "mahalanobis" else None
        noise = y.new_ones(len(y))
        if self.settings.misfit != "squared":  # what the decoder cannot say is noise to it
            noise = (self.deviation(y) / self.network.y_scaling.scale).square() + self.network.left_y
        if self.settings.noise == "estimated" and weight > 0:  # without a prior nothing tells it from the latents
            from pairlsi.solvers.coordinates import SPREADS

            spreads = SPREADS if self.settings.spread == "estimated" else (1.0,)
            noise = self.linear_posterior.noise(self.measured(y), noise, weight, spreads)
        objective = Objective(self.settings.misfit, kind, weight, noise.sqrt(), prior)
        steps = iterations, self.settings.history, evaluations
        coordinates = self.coordinates(y, noise, weight) if prior else None
        return latent_space_inference(self.network, y, keep, start, self.space, *steps, objective, coordinates)

    def coordinates(self, y, noise, weight: float):
        """What a search with a prior goes through: see `solvers.coordinates`."""
        if self.linear_posterior is None or weight == 0:
            return None
        return self.linear_posterior.coordinates(self.measured(y), noise, weight)

    def measured(self, y):
        """The scaled entries (R, m) that arrived, of zero-filled data y (R, C, H, W)."""
        kept = (self.keep > 0).expand(y.shape[1:]).flatten()
        return self.network.y_scaling(y).flatten(1)[:, kept]

    @cached_property
    def linear_posterior(self):
        """That of a decoder with a linear part, None for others."""
        import torch

        from pairlsi.solvers.coordinates import LinearPosterior

        basis, network = getattr(getattr(self.network, "y_decoder", None), "basis", None), self.network
        if basis is None:
            return None
        identity = torch.eye(len(network.latent_mean), dtype=torch.float64, device=basis.device)
        root = torch.linalg.solve_triangular(network.latent_whitening.double(), identity, upper=False)
        kept = (self.keep > 0).expand(self.problem.y_shape).flatten()
        return LinearPosterior(basis[kept], network.latent_mean, root)

    def decoded(self, points):
        return self.network.decode_x(self.network.inverse_map(points) if self.space == "y" else points)

    def completed(self, points):
        return self.network.decode_y(self.network.forward_map(points) if self.space == "x" else points)
