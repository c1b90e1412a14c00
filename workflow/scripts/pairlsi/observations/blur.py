"""Bins of the detector that see what belongs to their neighbours."""

from pydantic import Field

from pairlsi.observations.spoiled import Severities, Spoiled, in_time


class Blur(Spoiled):
    """Every row is smoothed by a Gaussian along its last axis."""

    label = "blurred bins"
    description = "The detector blurs: every bin has something of its neighbours."
    unit = "bins"

    class Settings(Spoiled.Settings):
        """How far."""

        severities: Severities = Field(
            [0.2, 0.4, 0.7, 1.5], description="bins, standard deviation of the Gaussian, one case each"
        )

    @classmethod
    def unfit(cls, settings, experiment):
        return "this problem's data are samples in time, not bins of a detector" if in_time(experiment) else None

    def spoil(self, y, generators):
        import numpy as np

        # in the frequency domain, where a Gaussian narrower than a bin is one too
        frequencies = np.fft.rfftfreq(y.shape[-1])
        response = np.exp(-0.5 * (2 * np.pi * frequencies * self.level) ** 2)
        return np.fft.irfft(np.fft.rfft(y) * response, n=y.shape[-1])
