"""Which rows to measure next, behind those that were measured: a design that goes on (`designs.choosing`)."""

import numpy as np

from pairlsi.designs import choosing, survey
from pairlsi.predictions.misfits import places

COUNT = 3


def sentence(model, keep: np.ndarray, names: list[str]) -> str:
    """What to measure next where rows of keep (N, rows) bool are missing, the same of all samples; "" otherwise, or
    where no method of these names has a linear network to tell by. model: `predictions.model.Model`.
    """
    methods, missing = model.experiment.methods, np.flatnonzero(~keep[0])
    linear = [name for name in names if methods[name].part.wants == "linear"]
    if not len(missing) or not linear or (keep != keep[0]).any():
        return ""
    network, problem = model.network(methods[linear[0]].settings.network), model.problem
    square = float(network.square_x.sum())
    found = survey.of_network(network, problem, model.statistics, square)
    rows = np.flatnonzero(keep[0]).tolist()
    chosen = choosing.greedy(found, COUNT, behind=rows)
    errors = [np.sqrt(found.expected(rows + chosen[:count]) / square) for count in range(len(chosen) + 1)]
    unit = f" {problem.position_unit}" if problem.positions is not None and problem.position_unit else ""
    where = ", ".join(f"{place:g}" for place in places(problem)[chosen])
    left = ", ".join(f"{error:.1%}" for error in errors[1:])
    return (
        f"Of the {len(missing)} {problem.missing_name} that were not measured these would tell most, one after the "
        f"other: {where}{unit}. The error to expect of a linear estimate, relative to how far x is from its mean, "
        f"would fall from {errors[0]:.1%} to {left}. This is the same whatever was measured (docs/where-to-measure.md)."
    )
