"""Rows missing at random, others in each channel: a receiver that fails in one shot and works in the next."""

import numpy as np

from pairlsi.observations.missing import Missing


class Scattered(Missing):
    """As many rows of every channel, drawn anew for each, of which the first ones are missing."""

    label = "rows missing, others in each channel"
    description = "Rows of the data are missing that were drawn at random, others in each channel (a shot)."
    symbol = "S"
    where = "at random, others in each channel"

    @classmethod
    def unfit(cls, settings, experiment):
        if experiment.problem.y_shape[0] == 1:
            return "kind' is scattered, and the data have a single channel: random is the same"
        return super().unfit(settings, experiment)

    def kept(self, unsaid: int = 0):
        keep = np.ones((self.problem.y_shape[0], self.problem.missing_count), bool)
        for channel, own in enumerate(keep):
            order = np.random.default_rng([self.settings.seed, self.draw, channel]).permutation(len(own))
            own[order[: self.count(unsaid)]] = False
        return keep
