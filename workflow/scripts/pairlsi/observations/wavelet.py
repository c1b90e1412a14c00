"""A source whose wavelet is of another frequency than in training."""

import numpy as np
from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled


class Wavelet(Spoiled):
    """The Ricker wavelet has a lower peak frequency: exact, since the wave equation is linear in its source.

    Its spectrum is f² / f₀³ exp(-f² / f₀²) up to a factor, so every frequency of the
    data is multiplied by the ratio of two of these, of equal peak in time.
    """

    label = "a wavelet of lower frequency"
    description = "The source's wavelet has a lower peak frequency than in training, and nobody knows."
    unit = "%"
    where = "lower"

    class Settings(Spoiled.Settings):
        """By how much."""

        severities: Severities = Field(
            [1, 3, 10], description="percent that the peak frequency is lower, one case each"
        )

    @classmethod
    def unfit(cls, settings, experiment):
        if getattr(experiment.problem, "peak_frequency", None) is None:
            return "this problem has no source with a wavelet"
        most = max(settings.severities)
        return f"severities' has {most}: it is percent of the peak frequency, less than 90" if most >= 90 else None

    def spoil(self, y, generators):
        before = self.problem.peak_frequency
        after = before * (1 - self.level / 100)
        frequencies = np.fft.rfftfreq(y.shape[-1], self.problem.sample_interval)
        ratio = (before / after) ** 3 * np.exp(frequencies**2 * (1 / before**2 - 1 / after**2))
        return np.fft.irfft(np.fft.rfft(y) * ratio, n=y.shape[-1])
