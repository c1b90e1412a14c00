"""Inference with the forward operator in the loop: latent and pixel-wise, from what a search is started with.

    M-LSI (16)   min_{z_x} ‖P A(d_x(z_x)) - ỹ‖²                          over latents, in the range of the decoder
    FWI          min_x ‖F P (A(x) - ỹ)‖² + weight ‖∇(x - x⁰)‖²           over pixels, without any network

Full waveform inversion (FWI) is the classical solver, here with a smoothness prior around its start and, where asked
for, frequencies in turn: F is a low-pass filter, and in the end the identity. Both need `problem.simulate`, A as a
differentiable function of tensors. Misfits are in units of the standard deviation of the training data, velocities in
units of that of the training models, so that one weight serves all problems.
Source: the paper, equation (16); Tarantola, doi:10.1190/1.1441754, for FWI.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from pairlsi.solvers.trajectory import Trajectory, follow, follow_in_turn


def model_based_lsi(
    network,
    problem,
    y: Tensor,
    keep: Tensor,
    start: Tensor,
    iterations: int,
    history: int,
    evaluations: int | None = None,
) -> Trajectory:
    """M-LSI (16) for zero-filled data y = ỹ (R, C, H, W) from latents `start` (R, latent_x), one problem a row."""

    def misfit(z: Tensor, rows: Tensor) -> Tensor:
        return data_misfit(problem.simulate(network.decode_x(z)), y[rows], keep, network.y_scaling.scale)

    return follow(misfit, start, iterations, history, evaluations)


def waveform_inversion(
    problem,
    y: Tensor,
    keep: Tensor,
    start: Tensor,
    shape,
    scales: tuple[float, float],
    weight: float,
    iterations: int,
    history: int,
    bands: Sequence[tuple] | None = None,
) -> Trajectory:
    """FWI for zero-filled data y = ỹ (R, C, H, W) from flattened models `start` (R, n), in units of scales[0].

    shape: (C, H, W) of a model. scales: standard deviations of the training models and data. weight: of the roughness.
    bands: (filter, iterations) of frequencies to fit one after the other (`continuation.bands`), by default all at
    once; `iterations` is of all bands together, after which the last one reached ends.
    """

    def objective(low_pass) -> Callable[[Tensor, Tensor], Tensor]:
        def of_band(u: Tensor, rows: Tensor) -> Tensor:
            simulated = problem.simulate((u * scales[0]).unflatten(1, shape))
            rough = roughness((u - start[rows]).unflatten(1, shape))
            return data_misfit(simulated, y[rows], keep, scales[1], low_pass) + weight * rough

        return of_band

    stages = [(objective(low_pass), most) for low_pass, most in bands or [(None, iterations)]]
    return follow_in_turn(stages, start, iterations, history)


def data_misfit(simulated: Tensor, y: Tensor, keep: Tensor, scale, low_pass=None) -> Tensor:
    """‖F P (simulated - y)‖² / scale² of each row, (R,); F: a `continuation.LowPass`, None for the identity."""
    residual = keep * (simulated - y) / scale
    return (residual if low_pass is None else low_pass(residual)).square().flatten(1).sum(1)


def roughness(u: Tensor) -> Tensor:
    """‖∇u‖² of each row (R, C, H, W), by first differences."""
    return u.diff(dim=2).square().flatten(1).sum(1) + u.diff(dim=3).square().flatten(1).sum(1)
