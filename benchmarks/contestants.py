"""The contestants of several benchmarks: our solver and BoTorch's, Adam in a bare loop. Import `machine` first.

They need torch, numpy and, for its own, BoTorch, and work on the device of what they are given.
"""

import time

import torch

from pairlsi.solvers import lbfgs
from pairlsi.training import loop as training

ITERATIONS = 10


def misfit_of(network, y, keep):
    """The misfit of `lsi.latent_space_inference` for zero-filled data y."""

    def misfit(z, rows):
        residual = keep * (network.decode_y(z) - y[rows]) / network.y_scaling.scale
        return residual.square().flatten(1).sum(1)

    return misfit


def ours(fun, x0):
    return lbfgs.minimize(fun, x0, max_iter=ITERATIONS, lower_bound=0.0)  # as in latent space inference


def botorch(fun, x0, calls=None, iterations=ITERATIONS):
    """Losses of BoTorch's solver, with tolerances that let it take all iterations."""
    from botorch.optim.batched_lbfgs_b import fmin_l_bfgs_b_batched

    def evaluate(x, batch_indices):
        rows = torch.tensor(batch_indices, device=x0.device)
        loss, gradient = lbfgs._evaluate(fun, torch.from_numpy(x).float().to(x0.device), rows)
        if calls is not None:
            calls.append(len(x))
        return loss.double().cpu().numpy(), gradient.double().cpu().numpy()

    options = {"maxiter": iterations, "factr": None, "ftol": 1e-15, "pgtol": 1e-8, "pass_batch_indices": True}
    return torch.from_numpy(fmin_l_bfgs_b_batched(evaluate, x0.double().cpu().numpy(), **options)[1])


def adam(network, chosen):
    return torch.optim.Adam(network.parameters(), lr=chosen.learning_rate, betas=training.ADAM_BETAS, fused=True)


def bare_loop(network, chosen, x, y) -> None:
    """One epoch over x and y, which lie on the device of the network."""
    network = network.to(memory_format=torch.channels_last).train()
    optimizer = adam(network, chosen)
    for rows in torch.randperm(len(x), device=x.device).split(chosen.batch_size):
        terms = network.loss_terms(x[rows], y[rows])
        loss = sum(network.weights[name] * term.mean() for name, term in terms.items())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def least(contestants: dict, repeats: int, clock=time.process_time) -> dict[str, float]:
    """The least time of each contestant, a function of nothing, in seconds of the clock; they take turns."""
    seconds = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, call in contestants.items():
            start = clock()
            call()
            seconds[name].append(clock() - start)
    return {name: min(found) for name, found in seconds.items()}
