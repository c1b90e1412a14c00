"""A block of neighbouring rows missing (METHOD.md: B and B′ of the paper's Table 1)."""

import numpy as np

from pairlsi.observations.missing import Missing

GOLDEN = (5**0.5 - 1) / 2


class Block(Missing):
    """Draws start a golden section of the range apart, so that few draws overlap little."""

    label = "a block of rows missing"
    description = "Neighbouring rows of the data are missing."
    symbol = "B"
    where = "in one gap"

    def missing(self, rows: int, count: int):
        first = np.random.default_rng(self.settings.seed).random()
        # rounded down, a start moves to the front by one row at most when the block grows by one
        start = int((first + self.draw * GOLDEN) % 1 * (rows - count + 1))
        return slice(start, start + count)
