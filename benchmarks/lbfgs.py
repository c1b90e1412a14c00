"""Batched L-BFGS against torch.optim.LBFGS one sample after another: same decoder, same 100 problems, one thread.

Run: python benchmarks/lbfgs.py [--rows 100] [--repeats 3]. Prints a table and writes benchmarks/results/lbfgs.csv.
Seconds are the least of the repeats, wall clock. "floor" is the number of batched evaluations times one evaluation
(forward and backward) of all rows; "own share" the part of the run spent outside the evaluations, measured directly.
"""

import argparse
import time

import machine  # first: it holds libraries to one thread

# isort: split
import torch
from torch import nn

from pairlsi.inference import lbfgs

LATENT, SHAPE, MAX_ITER = 256, (1, 90, 91), 10


def problem(rows: int, seed: int = 0):
    """A transposed-conv decoder (256 unknowns -> 1 x 90 x 91), 40 % of the pixels seen, 1 % noise; f(x, rows), x0."""
    torch.manual_seed(seed)
    decoder = nn.Sequential(
        nn.Linear(LATENT, 32 * 6 * 6),
        nn.ELU(),
        nn.Unflatten(1, (32, 6, 6)),
        nn.ConvTranspose2d(32, 16, 4, 2, 1),
        nn.ELU(),
        nn.ConvTranspose2d(16, 8, 4, 2, 1),
        nn.ELU(),
        nn.ConvTranspose2d(8, 4, 4, 2, 1),
        nn.ELU(),
        nn.ConvTranspose2d(4, 1, 4, 2, 1),
    ).requires_grad_(False)

    def decode(z):
        return decoder(z)[:, :, 3 : 3 + SHAPE[1], 2 : 2 + SHAPE[2]]

    truth = decode(2 * torch.randn(rows, LATENT))
    mask = (torch.rand(rows, *SHAPE) < 0.4).float()
    data = mask * (truth + 0.01 * truth.std() * torch.randn(truth.shape))

    def fun(x, index):
        return (mask[index] * decode(x) - data[index]).square().flatten(1).sum(1)

    return fun, 0.1 * torch.randn(rows, LATENT)


def one_by_one(fun, x0):
    """torch.optim.LBFGS on each row alone: losses and evaluations."""
    losses, evaluations = [], []
    for i in range(len(x0)):
        index = torch.tensor([i])
        x = x0[i : i + 1].clone().requires_grad_(True)
        solver = torch.optim.LBFGS([x], max_iter=MAX_ITER, history_size=10, line_search_fn="strong_wolfe")

        def closure(x=x, index=index, solver=solver):
            solver.zero_grad()
            loss = fun(x, index).sum()
            loss.backward()
            return loss

        solver.step(closure)
        with torch.no_grad():
            losses.append(fun(x, index)[0])
        evaluations.append(solver.state[x]["func_evals"])
    return torch.stack(losses), torch.tensor(evaluations)


def timed(call, repeats: int):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return min(times), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    fun, x0 = problem(args.rows)
    inner = lbfgs._evaluate
    spent = []

    def evaluate(*arguments):
        start = time.perf_counter()
        result = inner(*arguments)
        spent[-1].append(time.perf_counter() - start)
        return result

    def batched():
        spent.append([])
        start = time.perf_counter()
        result = lbfgs.minimize(fun, x0, max_iter=MAX_ITER)
        return result, time.perf_counter() - start, spent[-1]

    every = torch.arange(args.rows)
    inner(fun, x0, every)  # warm up
    lbfgs._evaluate = evaluate
    runs = [batched() for _ in range(args.repeats)]
    lbfgs._evaluate = inner
    result, ours, pieces = min(runs, key=lambda run: run[1])
    one_pass, _ = timed(lambda: inner(fun, x0, every), 5)
    theirs, (losses, evaluations) = timed(lambda: one_by_one(fun, x0), 1)

    own = ours - sum(pieces)
    differ = (result.fun / losses - 1).abs().median()
    table = [
        ("rows x unknowns", f"{args.rows} x {LATENT}", f"{args.rows} x {LATENT}"),
        ("seconds", f"{theirs:.3f}", f"{ours:.3f}"),
        ("ratio", "1.00", f"{theirs / ours:.2f}"),
        ("mean objective", f"{losses.mean():.6g}", f"{result.fun.mean():.6g}"),
        ("median |relative difference|", "", f"{differ:.1e}"),
        ("evaluations of a row, mean", f"{evaluations.float().mean():.2f}", f"{result.evaluations.float().mean():.2f}"),
        ("evaluation calls", f"{int(evaluations.sum())}", f"{len(pieces)}"),
        ("one batched evaluation, s", "", f"{one_pass:.4f}"),
        ("floor, s", "", f"{len(pieces) * one_pass:.3f}"),
        ("solver itself, s", "", f"{own:.4f}"),
        ("own share", "", f"{own / ours:.1%}"),
    ]
    header = ("quantity", "torch one by one", "batched")
    for line in [header, *table]:
        print(f"{line[0]:30s}{line[1]:>18s}{line[2]:>18s}")
    facts = [(name, value, value) for name, value in machine.facts("torch").items()]
    machine.write([dict(zip(header, line, strict=True)) for line in (*table, *facts)], "lbfgs")


if __name__ == "__main__":
    main()
