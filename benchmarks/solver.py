"""Batched L-BFGS and latent space inference against BoTorch and torch.optim.LBFGS, on one core.

Run: python benchmarks/solver.py [--repeats 7]. Prints a table and writes benchmarks/results/solver.csv. 10 iterations
for 100 and 1000 samples behind a random mask of 25 %, with the decoder of ct_paper (preset variants). The solvers get
the same function of the same decoder and start from the same latents. Contestants take turns in every repeat, and the
least processor time of each counts, which with one thread is the wall time of a machine with nothing else to do.
"floor": evaluations times the least time of one batched forward and backward pass; "own work": the time a run spends
outside its evaluations, measured in the run itself.
"""

import argparse
import time

import machine  # first: it holds libraries to one thread

# isort: split
import laptop
import numpy as np
import one_by_one
import torch
from contestants import ITERATIONS, botorch, least, misfit_of, ours

from pairlsi.solvers import frozen, lbfgs


def own_work(fun, x0, repeats: int) -> tuple[float, int]:
    """The least time that a run spends outside its evaluations, and how many of these there are."""
    inner, own = lbfgs._evaluate, []
    try:
        for _ in range(repeats):
            spent = []

            def evaluate(*arguments, spent=spent):
                start = time.process_time()
                found = inner(*arguments)
                spent.append(time.process_time() - start)
                return found

            lbfgs._evaluate = evaluate
            start = time.process_time()
            ours(fun, x0)
            own.append(time.process_time() - start - sum(spent))
    finally:
        lbfgs._evaluate = inner
    return min(own), len(spent)


def compare_solvers(network, rows: int, repeats: int) -> list[dict]:
    y, keep = laptop.masked(rows)
    with torch.no_grad():
        x0 = network.encode_y(y)
    fun, every, calls = misfit_of(network, y, keep), torch.arange(rows), []
    found, theirs = ours(fun, x0), botorch(fun, x0, calls)
    print(f"\n{rows} samples: mean evaluations ours {found.evaluations.float().mean():.2f}, ", end="")
    print(f"BoTorch {sum(calls) / rows:.2f}; mean objective ours {found.fun.mean():.6g}, BoTorch {theirs.mean():.6g}")
    contestants = {"ours": lambda: ours(fun, x0), "botorch": lambda: botorch(fun, x0)}
    contestants["pass"] = lambda: lbfgs._evaluate(fun, x0, every)
    seconds = least(contestants, repeats)
    own, evaluations = own_work(fun, x0, repeats)
    floor = evaluations * seconds["pass"]
    mean = found.fun.mean().item()
    table = [
        machine.compare(f"solver, {rows}: s, BoTorch", seconds["ours"], seconds["botorch"],
                        seconds["ours"] / seconds["botorch"], "at most 1" if rows == 100 else ""),
        machine.compare(f"solver, {rows}: mean objective, BoTorch", mean, theirs.mean().item(),
                        mean / theirs.mean().item(), "at most 1"),
        machine.compare(f"solver, {rows}: own work, s, against the floor", own, floor, own / floor,
                        "at most 0.1" if rows == 100 else "at most 0.05"),
    ]  # fmt: skip
    if rows == 100:
        taken = []
        alone = one_by_one.minimize(fun, x0, ITERATIONS, 10, taken)
        slow = least({"alone": lambda: one_by_one.minimize(fun, x0, ITERATIONS, 10)}, 2)["alone"]
        print(f"torch one by one: mean evaluations {np.mean(taken):.2f}")
        table.append(machine.compare("solver, 100: s, torch.optim.LBFGS one by one", seconds["ours"], slow,
                                     seconds["ours"] / slow, "at most 0.12"))  # fmt: skip
        table.append(machine.compare("solver, 100: mean objective, torch.optim.LBFGS", mean, alone.mean().item(),
                                     mean / alone.mean().item(), "at most 1"))  # fmt: skip
    return table


def inference_step_by_step(network, repeats: int) -> list[dict]:
    """The whole of LSI, encoding and final estimate included, with one more step on the decoder each time."""
    y, keep = laptop.masked(100)
    scaling = network.y_scaling
    plain, last = laptop.trained().requires_grad_(True), laptop.trained().to(memory_format=torch.channels_last)

    def whole(solve, net, make):
        with torch.no_grad():
            start = net.encode_y(y)
        z = solve(make(), start).x if solve is ours else (solve(make(), start), start)[1]
        with torch.no_grad():
            return net.decode_x(net.inverse_map(z))

    def written_out():
        with torch.no_grad():
            standard = keep * (y - scaling.shift) / scaling.scale
            found = frozen.FrozenMisfit(network.y_decoder, standard, keep)
        return lambda z, rows: frozen.Recorded.apply(z, rows, found)

    steps = {
        "LSI, BoTorch on the plain decoder": lambda: whole(botorch, plain, lambda: misfit_of(plain, y, keep)),
        "our solver": lambda: whole(ours, plain, lambda: misfit_of(plain, y, keep)),
        "+ no parameter gradients": lambda: whole(ours, network, lambda: misfit_of(network, y, keep)),
        "+ channels last": lambda: whole(ours, last, lambda: misfit_of(last, y, keep)),
        "+ sub-pixels, composed tail, gradient written out": lambda: whole(ours, last, written_out),
    }
    for call in steps.values():
        call()
    seconds = least(steps, repeats)
    peer = seconds["LSI, BoTorch on the plain decoder"]
    print()
    table = []
    for name, found in list(seconds.items())[1:]:
        goal = "at most 0.7" if name.startswith("+ sub") else ""
        table.append(machine.compare(f"LSI, 100: s, {name}", found, peer, found / peer, goal))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="of each measurement with 100 samples (default 7)")
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    network = laptop.trained()
    facts = machine.facts("torch", "botorch", "scipy")
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    table = compare_solvers(network, 100, repeats)
    table += inference_step_by_step(network, repeats)
    table += compare_solvers(network, 1000, 1)
    machine.write([{**row, **facts} for row in table], "solver")


if __name__ == "__main__":
    main()
