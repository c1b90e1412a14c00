"""Whether a sinogram can be one at all: its moments over the detector (Helgason and Ludwig).

For any image the integral of each view is the image's mass, whatever the angle, and the centre of mass of the views
moves along a sinusoid about the rotation axis: c(θ) = a cos θ + b sin θ + offset, offset = 0 where the axis is in the
middle.
"""

import numpy as np

WORDS = {
    "mass": "The integral over the detector changes by {value:.1%} of itself from view to view, where it should stay "
    "the same: views scaled differently, an object that leaves the field of view, a background that was not "
    "subtracted, or counts that were not turned into attenuation (minus the logarithm of the transmitted part).",
    "axis": "The rotation axis seems to be off the middle of the detector by {value:+.2f} bins: shift the data by as "
    "much the other way.",
    "order": "The centre of mass of the views strays from a sinusoid by {value:.2f} bins: are the views in the order "
    "that the angles say, do they go on in one direction, and was the object at rest?",
}


def oddities(y: np.ndarray, keep: np.ndarray, degrees: np.ndarray) -> dict[str, np.ndarray]:
    """mass: standard deviation over mean of the views' integrals; axis: bins that the rotation axis is off, with its
    sign; order: root mean square of what is left of the centre of mass after the sinusoid, bins. (N,) each.

    y (N, angles, bins): sinograms; keep (angles,) bool: the views that arrived; degrees (angles,). NaN where views have
    no mass, or are fewer than the four that the sinusoid and its offset take.
    """
    views, theta = y[:, keep].astype(np.float64), np.deg2rad(degrees[keep])
    mass = views.sum(2)
    mean = mass.mean(1)
    if len(theta) < 4:
        return dict.fromkeys(WORDS, np.full(len(y), np.nan))
    bins = np.arange(y.shape[2]) - (y.shape[2] - 1) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        centres = (views @ bins) / np.where(mean > 0, mean, np.nan)[:, None]
        spread = mass.std(1) / np.where(mean > 0, mean, np.nan)
    sinusoid = np.stack([np.cos(theta), np.sin(theta), np.ones_like(theta)], axis=1)
    parameters = centres @ np.linalg.pinv(sinusoid).T
    left = centres - parameters @ sinusoid.T
    return {"mass": spread, "axis": parameters[:, 2], "order": np.sqrt(np.square(left).mean(1))}
