"""Filtered backprojection of a parallel beam, for problems whose adjoint is the backprojection."""

import numpy as np


def filtered_backprojection(problem, y: np.ndarray) -> np.ndarray:
    """x (N, 1, n, n) float32 from sinograms y (N, 1, angles, bins) of angles even over 180 degrees, bins a pixel wide.

    Lengths are in image widths; views that are all zero add nothing. The ramp filter is sampled in space, so that the
    mean comes out right. Source: Kak & Slaney, Principles of Computerized Tomographic Imaging (1988), Section 3.3.
    """
    angles, bins = y.shape[-2:]
    lag = np.arange(bins)
    ramp = np.zeros(2 * bins)  # twice as long: a circular convolution would wrap around
    ramp[0] = 1 / 4
    ramp[1:bins:2] = ramp[-1:-bins:-2] = -1 / (np.pi * lag[1::2]) ** 2
    ramp *= problem.x_shape[-1] ** 2
    filtered = np.fft.irfft(np.fft.rfft(y, 2 * bins) * np.fft.rfft(ramp).real, 2 * bins)[..., :bins]
    return problem.adjoint((np.pi / angles * filtered).astype(np.float32))
