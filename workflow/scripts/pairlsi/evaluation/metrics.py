"""Quality of estimates, one number a sample; SSIM and PSNR state the data range they are taken at."""

import numpy as np


def relative_error(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """‖estimate - truth‖ / ‖truth‖ of each sample, (N, ...) -> (N,); `rre` of the tables when truth is x."""
    axes = tuple(range(1, truth.ndim))
    return np.sqrt(np.square(estimate - truth).sum(axes) / np.square(truth).sum(axes))


def similarity(estimate: np.ndarray, truth: np.ndarray, data_range: float) -> np.ndarray:
    """SSIM of each sample (N, C, H, W) -> (N,), averaged over channels.

    Gaussian window of standard deviation 1.5 pixels and population covariances, as in Wang et al. (2004);
    images under 11 pixels a side are not supported by the window.
    """
    from skimage.metrics import structural_similarity

    return np.array(
        [
            structural_similarity(
                a,
                b,
                data_range=data_range,
                channel_axis=0,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
            for a, b in zip(estimate, truth, strict=True)
        ]
    )


def peak_signal_to_noise(estimate: np.ndarray, truth: np.ndarray, data_range: float) -> np.ndarray:
    """PSNR in dB of each sample, (N, ...) -> (N,): 10 log10(data_range² / mean squared error)."""
    error = np.square(estimate - truth).reshape(len(truth), -1).mean(1)
    return 10 * np.log10(data_range**2 / np.maximum(error, np.finfo(np.float64).tiny))
