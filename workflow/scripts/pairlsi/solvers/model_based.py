"""Inference with the forward operator in the loop: latent and pixel-wise, from what a search is started with.

    M-LSI (16)   min_{z_x} ‖P A(d_x(z_x)) - ỹ‖² + weight ‖T⁻¹ (z_x - z⁰)‖²    over latents, in the range of the decoder
    FWI          min_x ‖F P (A(x) - ỹ)‖² + weight ‖∇(x - x⁰)‖²           over pixels, without any network

Full waveform inversion (FWI) is the classical solver, here with a smoothness prior around its start and, where asked
for, frequencies in turn: F is a low-pass filter, and in the end the identity. Both need `problem.simulate`, A as a
differentiable function of tensors. Misfits are in units of the standard deviation of the training data, velocities in
units of that of the training models, so that one weight serves all problems.
Source: the paper, equation (16); Tarantola, doi:10.1190/1.1441754, for FWI.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pairlsi.solvers.trajectory import Trajectory, follow, follow_in_turn

DIRECTIONS = 32  # of a derivative at once, which bounds its memory


def model_based_lsi(
    network,
    problem,
    y: Tensor,
    keep: Tensor,
    start: Tensor,
    iterations: int,
    history: int,
    evaluations: int | None = None,
    root: Tensor | None = None,
    weight: float = 0.0,
) -> Trajectory:
    """M-LSI (16) for zero-filled data y = ỹ (R, C, H, W) from latents `start` (R, latent_x), one problem a row.

    root: T of `surrogate_root`, to search in w where z_x = start + T w; None for z_x itself, T the identity. weight: of
    the prior ‖w‖², that the truth is near the start.
    """

    def latents(steps: Tensor, rows: Tensor | slice) -> Tensor:
        return start[rows] + (steps if root is None else steps @ root.T)

    def misfit(steps: Tensor, rows: Tensor) -> Tensor:
        decoded = network.decode_x(latents(steps, rows))
        found = data_misfit(problem.simulate(decoded), y[rows], keep, network.y_scaling.scale)
        return found + weight * steps.square().sum(1)

    found = follow(misfit, torch.zeros_like(start), iterations, history, evaluations)
    return Trajectory(latents(found.points, slice(None)), found.iterations)


def surrogate_root(network, keep: Tensor, z: Tensor, added: float) -> Tensor:
    """A root T (n, n), T Tᵀ = (H + added tr(H) / n)⁻¹, of the curvature H that the misfit has by the network's word.

    The network knows a forward model that costs nothing, d_y(M z_x): with J its derivative behind the mask at z (n,),
    H = JᵀJ is about what the simulation's misfit has, and in w, z_x = z + T w, that is about as curved in all
    directions. `added` keeps those that no data show from running away.
    """

    def predicted(latents: Tensor) -> Tensor:
        return (keep * network.decode_y(network.forward_map(latents)) / network.y_scaling.scale).flatten(1)

    slopes = [
        torch.autograd.functional.jvp(predicted, z.expand_as(directions), directions)[1]
        for directions in torch.eye(len(z)).to(z).split(DIRECTIONS)
    ]
    slope = torch.cat(slopes).double()
    curvature = slope @ slope.T
    curvature.diagonal().add_(added * curvature.diagonal().mean())
    lower = torch.linalg.cholesky(curvature)  # H = L Lᵀ, so T = L⁻ᵀ
    return torch.linalg.solve_triangular(lower.T, torch.eye(len(z)).to(lower), upper=True).to(z)


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
    smooth: Callable[[Tensor], Tensor] | None = None,
) -> Trajectory:
    """FWI for zero-filled data y = ỹ (R, C, H, W) from flattened models `start` (R, n), in units of scales[0].

    shape: (C, H, W) of a model. scales: standard deviations of the training models and data. weight: of the roughness.
    bands: (filter, iterations) of frequencies to fit one after the other (`continuation.bands`), by default all at
    once; `iterations` is of all bands together, after which the last one reached ends. smooth: S of `smoothing`, to
    search in w where u = start + S w, whose gradients have no spikes at sources and receivers; None for u itself.
    """

    def moved(steps: Tensor) -> Tensor:
        return steps if smooth is None else smooth(steps.unflatten(1, shape)).flatten(1)

    def objective(low_pass) -> Callable[[Tensor, Tensor], Tensor]:
        def of_band(steps: Tensor, rows: Tensor) -> Tensor:
            move = moved(steps)
            simulated = problem.simulate(((start[rows] + move) * scales[0]).unflatten(1, shape))
            rough = roughness(move.unflatten(1, shape))
            return data_misfit(simulated, y[rows], keep, scales[1], low_pass) + weight * rough

        return of_band

    stages = [(objective(low_pass), most) for low_pass, most in bands or [(None, iterations)]]
    found = follow_in_turn(stages, torch.zeros_like(start), iterations, history)
    return Trajectory(torch.stack([start + moved(points) for points in found.points]), found.iterations)


def smoothing(shape: Sequence[int], least: float) -> Callable[[Tensor], Tensor]:
    """S, which smooths images w (R, C, H, W): S² = `least` (∇ᵀ∇ + `least`)⁻¹, with ∇ of `roughness`.

    A constant stays as it is, and the less is left of a wave the shorter it is: half of the square of one with
    ‖∇w‖² = `least` ‖w‖². So steps that are the shortest in w are smooth, as models of the ground are.
    """
    curvatures, waves = [], []
    for count in shape[1:]:
        differences = torch.eye(count, dtype=torch.float64).diff(dim=0)
        found = torch.linalg.eigh(differences.T @ differences)
        curvatures.append(found.eigenvalues)
        waves.append(found.eigenvectors)
    share = (least / (curvatures[0][:, None] + curvatures[1] + least)).sqrt()

    def smooth(w: Tensor) -> Tensor:
        down, across, left = (u.to(w) for u in (*waves, share))
        return down @ (left * (down.T @ w @ across)) @ across.T

    return smooth


def data_misfit(simulated: Tensor, y: Tensor, keep: Tensor, scale, low_pass=None) -> Tensor:
    """‖F P (simulated - y)‖² / scale² of each row, (R,); F: a `continuation.LowPass`, None for the identity."""
    residual = keep * (simulated - y) / scale
    return (residual if low_pass is None else low_pass(residual)).square().flatten(1).sum(1)


def roughness(u: Tensor) -> Tensor:
    """‖∇u‖² of each row (R, C, H, W), by first differences."""
    return u.diff(dim=2).square().flatten(1).sum(1) + u.diff(dim=3).square().flatten(1).sum(1)
