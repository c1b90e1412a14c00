"""Designs tried on test data: chosen from statistics and validation samples, and judged by the errors behind them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pairlsi.designs import choosing, survey
from pairlsi.evaluation.metrics import relative_error
from pairlsi.predictions.misfits import places
from pairlsi.predictions.model import CHOICES, Observed

log = logging.getLogger(__name__)
FIRST = 100  # samples of a split at most
PARTS = (1 / 16, 1 / 8, 1 / 4)  # of the rows that are measured
PHASES = (1 / 6, 1 / 2, 5 / 6)  # where evenly spread rows begin: a design is compared with the mean over these
DRAWS = 3  # of random rows
LIMITED = 2 / 3  # of the rows, from the first on, where not all can be reached
DEAR = ("trace", "even")  # designs that a method other than the linear estimate is run on, full range alone


@dataclass(frozen=True)
class Design:
    """rows (k,) that are measured; name: how they were chosen; reach: "all" rows, or the "first" ones; draw: of
    several.
    """

    name: str
    reach: str
    draw: int
    rows: list[int]


def counts(rows: int) -> list[int]:
    """How many of so many rows are measured, ascending."""
    return sorted({max(1, round(part * rows)) for part in PARTS})


def designs(found: survey.Survey, error, seed: int) -> Iterator[Design]:
    """All that are compared; error(rows): of validation samples (`choosing.measured_error`)."""
    n = len(found.blocks)
    for reach, among in (("all", np.arange(n)), ("first", np.arange(round(LIMITED * n)))):
        every = [count for count in counts(n) if count < len(among)]
        nested = {by: choosing.greedy(found, every[-1], among, by) for by in ("trace", "determinant")}
        for count in every:
            log.info("%d of %d rows", count, len(among))
            for draw, phase in enumerate(PHASES):
                yield Design("even", reach, draw, choosing.even(count, among, phase))
            yield Design("trace", reach, 0, sorted(nested["trace"][:count]))
            if reach == "all":
                yield Design("determinant", reach, 0, sorted(nested["determinant"][:count]))
                yield Design("weights", reach, 0, choosing.relaxed(found, count, among))
                yield Design("exchange", reach, 0, choosing.exchanged(found, nested["trace"][:count], error, among))
                for draw in range(DRAWS):
                    rng = np.random.default_rng([seed, draw, count])
                    yield Design("random", reach, draw, choosing.drawn(count, among, rng))


def rows(model, linear: str, test: tuple, seed: int) -> Iterator[dict]:
    """A row a design, method and sample. model: `predictions.model.Model`; linear: the name of the method whose network
    the designs are for; test: x, y (N, C, H, W), full data.

    "rre" is relative to ‖x‖, "expected" what the linear-Gaussian model says, relative to ‖x - shift‖ as x is scaled.
    """
    network = model.network(model.experiment.methods[linear].settings.network)
    x, y = (u[:FIRST] for u in model.validation)
    truth, coordinates, square = known(network, model.problem, x, y)
    found = survey.of_network(network, model.problem, model.statistics, square)
    error = choosing.measured_error(found, found.coordinates(coordinates), truth @ found.axes)
    methods, choice = [linear], {}
    lead = model.experiment.methods[model.methods[0]]
    if lead.name != linear and not (lead.part.starts_from(lead.settings) or lead.part.differentiable):
        methods.append(lead.name)  # what starts from another's estimates, or simulates, would take too long
    for one in designs(found, error, seed):
        keep = np.isin(np.arange(len(found.blocks)), one.rows)
        told = {"design": one.name, "reach": one.reach, "count": len(one.rows), "draw": one.draw}
        where = {"expected": float(np.sqrt(found.expected(one.rows) / square)), "rows": " ".join(map(str, one.rows))}
        where["positions"] = " ".join(f"{place:g}" for place in places(model.problem)[one.rows])
        for name in methods:
            if name != linear and (one.name not in DEAR or one.reach != "all"):
                continue
            method = model.method(name, keep)
            if name == linear:
                method.length = found.blocks.shape[2]
            else:
                choice = choice or chosen(method, x, y)
                for key, value in choice.items():
                    setattr(method, key, value)
            measured = Observed(model.problem, keep).mask(test[1][:FIRST])
            estimated = method.estimate(measured, "test", np.arange(len(measured))).x
            for sample, value in enumerate(relative_error(estimated, test[0][:FIRST])):
                yield told | {"method": name, "sample": sample, "rre": float(value)} | where


def chosen(method, x: np.ndarray, y: np.ndarray) -> dict:
    """What a method leaves open, chosen on validation pairs x, y (N, C, H, W): once, behind the first design, since
    every design is to be judged by the same method.
    """
    found = method.choose([method], x, y) if method.leaves_open else {}
    return {key: value for key, value in found.items() if key in CHOICES}


def known(network, problem, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Latents of x (N, latent_x), scaled data (N, n, b) and the mean of ‖x‖², scaled, of samples (N, C, H, W)."""
    import torch

    with torch.no_grad():
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        latents, scaled = network.encode_x(x).double().numpy(), network.y_scaling(y).flatten(1).double().numpy()
        square = float(network.x_scaling(x).flatten(1).double().square().sum(1).mean())
    return latents, np.moveaxis(survey.by_row(problem, scaled.T), -1, 0), square
