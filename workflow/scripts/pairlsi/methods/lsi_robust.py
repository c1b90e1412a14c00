"""Latent space inference that stands values which have nothing to do with what was measured: ours."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pairlsi.core.base import Distinct, Iterations, Weight
from pairlsi.methods.lsi_prior import LSIPrior
from pairlsi.solvers.interpolation import interpolate
from pairlsi.solvers.residuals import QUARTILE, over_median, spread

ROUNDS = 4  # searches at most, each without what did not fit after the last
FEW_ROWS, FEW_FOR_BINS = 4, 16
HALF = 0.5  # of the noise: what varies less was not measured
MOST = 0.5  # of the rows or bins: where so many seem wrong, it is something else that is


class LSIRobust(LSIPrior):
    """(9) with a prior and Huber's misfit, again and again where whole rows or bins do not fit what the others say.

    Huber's misfit bounds the pull of a value, not that of the sixty values of a dead bin, which agree with one another:
    what is far off as a whole is taken for missing in another search.

    Source of the misfit: Huber, doi:10.1214/aoms/1177703732.
    """

    label = "LSI, robust"
    colour = "#D81B60"
    description = (
        "As the posterior mode, with a misfit that is linear for residuals beyond what noise and network make: values "
        "that have nothing to do with what was measured pull with a bounded force, and the prior says what stands in "
        "their place. Rows and bins that do not fit as a whole are left out, and it searches again."
    )

    class Settings(LSIPrior.Settings):
        """The misfit."""

        iterations: Iterations = Field(20, description="of L-BFGS, at most where stop is validation")
        misfit: Literal["huber"] = Field("huber", description="linear for large residuals")
        weights: Annotated[list[Weight], Field(min_length=1), Distinct] = Field(
            [1.0], description="of the regulariser, to choose from on the validation split: 1 by theory"
        )
        stop: Literal["fixed", "validation"] = Field(
            "fixed", description="fixed: after `iterations`; validation: after the best number up to these"
        )
        left_out: Annotated[float, Field(gt=1)] | None = Field(
            8.0,
            description="rows, and bins of a detector, whose residuals are so many times the median one's are left out "
            "of another search; null: none",
        )

    def solve(self, y, keep, start, iterations, weight, evaluations):
        import torch

        if self.settings.left_out is None:
            return super().solve(y, keep, start, iterations, weight, evaluations)
        live = self.tensor(self.live(y.cpu().numpy(), self.deviation(y).cpu().numpy()))
        fits, again, found = live, torch.arange(len(y), device=y.device), None
        for _ in range(ROUNDS):
            filled = keep * self.filled(y[again], fits[again])
            own = super().solve(filled, keep * fits[again], start[again], iterations, weight, evaluations)
            if found is None:
                found = own
            else:
                found.points[:, again] = own.points
                found.iterations[again] += own.iterations
            with torch.no_grad():
                off = self.completed(found.points[-1]) - y
            before, fits = fits, live & self.tensor(self.fits(off.cpu().numpy()))
            again = torch.nonzero((fits != before).flatten(1).any(1)).squeeze(1)
            if not len(again):
                break
        return found

    def live(self, y: np.ndarray, deviation: np.ndarray) -> np.ndarray:
        """Which of zero-filled data y (R, C, H, W) are of rows and bins that vary as noise alone would make them, bool:
        where not, nothing was measured. deviation (R,): of the noise.
        """
        if self.problem.noise_level == 0:
            return np.ones(y.shape, bool)
        return self.whole(lambda axis: spread(y, self.given.keep, axis) > HALF * deviation[:, None], y.shape)

    def fits(self, off: np.ndarray) -> np.ndarray:
        """Which data fit, as far as their row and bin go, bool (R, C, H, W): of differences off from those that the
        latents stand for.
        """
        usual = self.settings.left_out
        return self.whole(lambda axis: over_median(off, self.given.keep, axis, QUARTILE) <= usual, off.shape)

    def whole(self, test, shape: tuple) -> np.ndarray:
        """Data (R, C, H, W) whose rows and bins pass a test (axis -> (R, n)), all where most fail. Few rows say nothing
        of one another, nor of bins, which samples in time are not.
        """

        def failed(axis: int, there: np.ndarray) -> np.ndarray:
            found = ~test(axis) & there
            return found & (found.sum(1, keepdims=True) < MOST * there.sum())

        axis, passed = self.problem.missing_axis, np.ones(shape, bool)
        rows = np.moveaxis(np.broadcast_to(self.given.keep, shape[1:]), axis - 1, 0).reshape(shape[axis], -1).any(1)
        if rows.sum() >= FEW_ROWS:
            np.moveaxis(passed, axis, 1)[failed(axis, rows)] = False
        if rows.sum() >= FEW_FOR_BINS and self.problem.sample_interval is None:
            np.moveaxis(passed, -1, 1)[failed(len(shape) - 1, np.ones(shape[-1], bool))] = False
        return passed

    def filled(self, y, fits):
        """y (R, C, H, W) with what does not fit interpolated, first over bins, then over rows: the coordinates of the
        search see all that arrived.
        """
        if bool(fits.all()):
            return y
        filled, fits, axis = y.cpu().numpy().copy(), fits.cpu().numpy(), self.problem.missing_axis
        for own, there in zip(filled, fits, strict=True):
            bins = there.reshape(-1, there.shape[-1]).any(0)
            rows = np.moveaxis(there, axis - 1, 0).reshape(there.shape[axis - 1], -1).any(1)
            own[:] = interpolate(own[None], bins, own.ndim, mirrored=False)[0]
            own[:] = interpolate(own[None], rows, axis, self.problem.mirrored)[0]
        return self.tensor(filled)
