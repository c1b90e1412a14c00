"""Frequency continuation: low frequencies of the data first, then wider bands from where these led.

A misfit of waves has minima where a wave of the estimate lies a period beside that of the data. At low frequencies
periods are long and such minima far away, so the model of the low frequencies is a start from which the higher ones
find theirs. Source: Bunks et al. (1995), doi:10.1190/1.1443880.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

ORDER = 4  # of the filter, as Butterworth's: 24 dB an octave; a sharper one rings


class LowPass:
    """A filter along the last axis without any shift in time; linear, so a filtered residual is that of filtered data.

    frequency: in Hz, where it lets half of the energy pass; interval: seconds between samples.
    """

    def __init__(self, frequency: float, interval: float):
        self.frequency, self.interval = frequency, interval

    def __call__(self, u: Tensor) -> Tensor:
        """u (..., T) filtered, (..., 2 T): zeros follow the record, so that its end does not run into its beginning."""
        count = 2 * u.shape[-1]
        frequencies = torch.fft.rfftfreq(count, self.interval, dtype=u.dtype, device=u.device)
        response = (1 + (frequencies / self.frequency) ** (2 * ORDER)).rsqrt()
        return torch.fft.irfft(torch.fft.rfft(u, count) * response, count)


def bands(frequencies: Sequence[float | None], interval: float | None, iterations: int) -> list:
    """(filter, iterations) of each band: the iterations dealt out evenly, what is left over to the wider bands.

    frequencies: the highest of each band in Hz, None for all, which is no filter.
    """
    count = len(frequencies)
    shares = [(iterations + i) // count for i in range(count)]
    filters = [None if f is None else LowPass(f, interval) for f in frequencies]
    return list(zip(filters, shares, strict=True))
