"""Rows missing at random (METHOD.md: R and R′ of the paper's Table 1)."""

import numpy as np

from pairlsi.observations.missing import Missing


class Random(Missing):
    """Rows drawn without replacement, of which the first ones are missing."""

    label = "random rows missing"
    description = "Rows of the data are missing that were drawn at random."
    symbol = "R"
    where = "at random"

    def missing(self, rows: int, count: int):
        return np.random.default_rng([self.settings.seed, self.draw]).permutation(rows)[:count]
