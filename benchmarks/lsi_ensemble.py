"""LSI (9) for an ensemble of one seismic sample: all members at once against torch.optim.LBFGS member by member.

Run: python benchmarks/lsi_ensemble.py [--members 100] [--repeats 3]. Prints a table and writes
benchmarks/results/lsi_ensemble.csv. The network is the VPAE of crosswell_paper in the preset variants with weights
trained for a few dozen steps alone, enough for a decoder that is no noise: its architecture is what takes the time.
Both solve from the same starts, drawn from q(z_y|ỹ) with half of the receivers missing, with the iterations of the
config, the same rules and the same limit of evaluations, on one thread; processor time, the least of the repeats.
"""

import argparse
import time

import machine  # first: it holds libraries to one thread

# isort: split
import laptop
import numpy as np
import one_by_one
import torch

from pairlsi import observations
from pairlsi.config import Experiment
from pairlsi.data.statistics import Statistics
from pairlsi.methods.search import sample
from pairlsi.networks import stored
from pairlsi.solvers.latent_search import latent_space_inference

STEPS, BATCH = 40, 16  # of training
MASK = "random-50-0"


def trained(experiment: Experiment) -> torch.nn.Module:
    """The experiment's variational PAIR after a few steps of Adam on a few samples."""
    torch.manual_seed(0)
    x, y = drawn(experiment, "train", 64)
    network = stored.create(experiment.network_told("pair"), experiment.problem)
    scalars = {name: {"mean": u.mean(), "std": u.std()} for name, u in (("x", x), ("y", y))}
    stored.fit_scaling(network, Statistics(scalars, {}), "global")
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    optimizer = torch.optim.Adam(network.parameters(), experiment.training.learning_rate)
    for step in range(STEPS):
        rows = (torch.arange(BATCH) + BATCH * step) % len(x)
        optimizer.zero_grad()
        terms = network.loss_terms(x[rows], y[rows])
        loss = sum(network.weights[name] * term.mean() for name, term in terms.items())
        loss.backward()
        optimizer.step()
    print(f"loss after {STEPS} steps: {loss.item():.3f}")
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def drawn(experiment: Experiment, split: str, count: int):
    """The first pairs of a split."""
    data = experiment.data
    return experiment.problem.draw(split, np.arange(count), data.seed, data.samples.model_dump())


def timed(call):
    """Processor time of a call, and what it returns."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    experiment = Experiment(laptop.experiment("crosswell"))
    network = trained(experiment)
    case, draw = observations.split_draw(MASK)
    keep = torch.from_numpy(observations.made(experiment.described(case), experiment.problem, draw).mask.weights())
    _, y = drawn(experiment, "test", 1)
    y = keep * torch.from_numpy(y)
    noise = torch.randn(1, args.members, network.inverse_map.in_features)
    start = sample(*network.distribution_y(y), noise)
    lsi = experiment.methods["lsi"].settings
    iterations, history = lsi.iterations, lsi.history

    def misfit(z, rows=None):  # one sample: all rows have the same data
        return (keep * (network.decode_y(z) - y) / network.y_scaling.scale).square().flatten(1).sum(1)

    data = y.expand(args.members, -1, -1, -1)

    def batched():
        return misfit(latent_space_inference(network, data, keep, start, "y", iterations, history).points[-1])

    runs = [
        (timed(batched), timed(lambda: one_by_one.minimize(misfit, start, iterations, history)))
        for _ in range(args.repeats)
    ]
    (ours, found), (theirs, losses) = (min(column, key=lambda run: run[0]) for column in zip(*runs, strict=True))
    facts = machine.facts("torch")
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    what = f"LSI of {args.members} members x {start.shape[1]} latents, {iterations} iterations"
    means = [float(values.mean()) for values in (found, losses)]
    table = [
        machine.compare(f"{what}, s", ours, theirs, theirs / ours, "at least 3.0"),
        machine.compare("their mean objective", *means, means[0] / means[1], "at most 1.001"),
    ]
    machine.write([{**row, **facts} for row in table], "lsi_ensemble")


if __name__ == "__main__":
    main()
