"""Quality of estimates, one number a sample; SSIM and PSNR state the data range they are taken at."""

import numpy as np

STATED = (10, 30, 50, 70, 90)  # percent, levels of the bands that methods state themselves
WINDOW = 11  # pixels, of SSIM
SUCCESS = 0.5  # a member whose error is at most this times the mean model's has found the model, not another minimum


def relative_error(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """‖estimate - truth‖ / ‖truth‖ of each sample, (N, ...) -> (N,); `rre` of the tables when truth is x."""
    axes = tuple(range(1, truth.ndim))
    return np.sqrt(np.square(estimate - truth).sum(axes) / np.square(truth).sum(axes))


def deviation_error(estimate: np.ndarray, truth: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """‖estimate - truth‖ / ‖truth - mean‖ of each sample, (N, ...) -> (N,).

    mean (...): pixel-wise, of the training split.
    1 is no better than the mean, however large that is beside what varies: a wave speed of some 2000 m/s makes any
    guess look good in `relative_error`. NaN for a sample that is the mean.
    """
    axes = tuple(range(1, truth.ndim))
    scale = np.square(truth - mean).sum(axes)
    return np.sqrt(np.square(estimate - truth).sum(axes) / np.where(scale > 0, scale, np.nan))


def similarity(estimate: np.ndarray, truth: np.ndarray, data_range: float) -> np.ndarray:
    """SSIM of each sample (N, C, H, W) -> (N,), averaged over channels; of signals along their one axis.

    Gaussian window of standard deviation 1.5 pixels and population covariances, as in Wang et al. (2004); NaN for
    samples that are smaller than the window, 11 pixels.
    """
    from skimage.metrics import structural_similarity

    flat = tuple(axis for axis in (2, 3) if truth.shape[axis] == 1)
    estimate, truth = (u.squeeze(flat) for u in (estimate, truth))
    if truth.ndim == 2 or min(truth.shape[2:]) < WINDOW:
        return np.full(len(truth), np.nan)
    said = {"data_range": data_range, "channel_axis": 0, "gaussian_weights": True, "sigma": 1.5}
    found = [
        structural_similarity(a, b, use_sample_covariance=False, **said) for a, b in zip(estimate, truth, strict=True)
    ]
    return np.array(found)


def peak_signal_to_noise(estimate: np.ndarray, truth: np.ndarray, data_range: float) -> np.ndarray:
    """PSNR in dB of each sample, (N, ...) -> (N,): 10 log10(data_range² / mean squared error)."""
    error = np.square(estimate - truth).reshape(len(truth), -1).mean(1)
    return 10 * np.log10(data_range**2 / np.maximum(error, np.finfo(np.float64).tiny))


def ensemble(members: np.ndarray | None, truth: np.ndarray, mean: np.ndarray) -> dict[str, np.ndarray | float]:
    """How the members (N, K, C, H, W) of each sample's ensemble differ; NaN where there is a single one.

    spread: norm of the standard deviation over members, over ‖truth‖; member_rre: median error of the members;
    success: the fraction of members whose error is at most `SUCCESS` times that of the pixel-wise mean model.
    """
    if members is None:
        return dict.fromkeys(("spread", "member_rre", "success"), np.nan)
    axes = tuple(range(1, truth.ndim))
    spread = np.sqrt(members.var(axis=1, ddof=1).sum(axes) / np.square(truth).sum(axes))
    errors = np.stack([relative_error(members[:, k], truth) for k in range(members.shape[1])], axis=1)
    close = SUCCESS * relative_error(np.broadcast_to(mean, truth.shape), truth)
    return {
        "spread": spread,
        "member_rre": np.median(errors, axis=1),
        "success": (errors <= close[:, None]).mean(axis=1),
    }


def stated(estimate: np.ndarray, deviation: np.ndarray | None, truth: np.ndarray) -> dict[str, np.ndarray | float]:
    """What a method says of its own error, by the standard deviation (N, C, H, W) of every entry; NaN where it says
    nothing.

    stated: the norm of the deviations over ‖truth‖, which the relative error is if they are right; inside_L: the part
    of the entries within the band that should hold L % of them if errors are normal.
    """
    names = [f"inside_{level}" for level in STATED]
    if deviation is None:
        return dict.fromkeys(("stated", *names), np.nan)
    from statistics import NormalDist

    axes = tuple(range(1, truth.ndim))
    off = np.abs(estimate - truth)
    widths = [NormalDist().inv_cdf(0.5 + level / 200) for level in STATED]
    inside = {name: (off <= width * deviation).mean(axes) for name, width in zip(names, widths, strict=True)}
    return {"stated": np.sqrt(np.square(deviation).sum(axes) / np.square(truth).sum(axes)), **inside}
