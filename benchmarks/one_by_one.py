"""The peer that takes samples one after the other: torch.optim.LBFGS. Import `machine` first."""

import torch


def minimize(fun, x0, iterations: int, history: int, calls: list | None = None) -> torch.Tensor:
    """Losses (N,) of torch.optim.LBFGS on each row of x0 (N, n) alone.

    fun: losses (A,) of points (A, n) and their rows (A,), int64. calls: gets the evaluations of each row.
    """
    losses = []
    for i in range(len(x0)):
        index, x = torch.tensor([i]), x0[i : i + 1].clone().requires_grad_(True)
        solver = torch.optim.LBFGS([x], max_iter=iterations, history_size=history, line_search_fn="strong_wolfe")

        def closure(x=x, index=index, solver=solver):
            solver.zero_grad()
            loss = fun(x, index).sum()
            loss.backward()
            return loss

        solver.step(closure)
        losses.append(fun(x.detach(), index)[0])
        if calls is not None:
            calls.append(solver.state[x]["func_evals"])
    return torch.stack(losses)
