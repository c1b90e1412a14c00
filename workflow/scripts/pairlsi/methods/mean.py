"""The mean of the training split: what is not better than it has learned nothing from the data."""

import numpy as np

from pairlsi.methods import Method
from pairlsi.methods.estimates import Estimates


class Mean(Method):
    """x̂ is the pixel-wise mean of the training split, whatever was measured."""

    label = "Mean model"
    colour = "#4D4D4D"
    description = "The pixel-wise mean of the training split, whatever was measured."
    on_gpu = False
    blind = True

    def estimate(self, y, split, numbers):
        return Estimates(np.repeat(self.given.statistics.means["x"][None], len(y), axis=0))
