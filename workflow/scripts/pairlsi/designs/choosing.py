"""Ways to choose k of n rows: greedily by what they leave or say, by weights, by exchange, evenly, at random.

With L latents, m coordinates of the rows that are still free and r of each, a greedy step takes m L² flops to bring
the rows to coordinates in which the latents behind the rows chosen have the covariance 1, 2 m L² for what they would
say of x, and 2 m r L for what they say twice: for CT, m = 60 · 68 and L = 512, 3.5 Gflop and 17 MB.
"""

from typing import Literal

import numpy as np

from pairlsi.designs.survey import Survey

STEPS = 20  # of the relaxed problem; more change none of the designs that were tried
SWEEPS = 2  # of exchange


def greedy(
    survey: Survey, count: int, among=None, by: Literal["trace", "determinant"] = "trace", behind=()
) -> list[int]:
    """`count` rows, each the one that lowers the expected error, or the determinant of C, most behind those before;
    the first one behind the rows `behind`, which were measured.

    trace: A-optimal for x̂; determinant: D-optimal for the latents. The first k are the choice for every smaller k.
    """
    import scipy.linalg

    free = [row for row in (survey.everywhere if among is None else among) if row not in behind]
    # rows (f, r, L) and what they are to tell (L, p), in coordinates in which the latents have the covariance 1
    rows, target, chosen = survey.blocks[free], survey.target, []

    def take(own: np.ndarray) -> None:
        """Change to such coordinates behind rows own (k, L): the precision 1 + own' own is F F'."""
        nonlocal rows, target
        factor = scipy.linalg.cholesky(np.eye(own.shape[1]) + own.T @ own, lower=True)
        flat = scipy.linalg.solve_triangular(factor, rows.reshape(-1, own.shape[1]).T, lower=True).T
        rows, target = flat.reshape(rows.shape), scipy.linalg.solve_triangular(factor, target, lower=True)

    if len(behind):
        take(survey.blocks[list(behind)].reshape(-1, rows.shape[2]))
    for _ in range(min(count, len(free))):
        own = rows @ rows.transpose(0, 2, 1) + np.eye(rows.shape[1])
        if by == "trace":
            told = rows @ target
            gains = np.trace(np.linalg.solve(own, told @ told.transpose(0, 2, 1)), axis1=1, axis2=2)
        else:
            gains = np.linalg.slogdet(own)[1]
        best = int(np.argmax(gains))
        chosen.append(int(free.pop(best)))
        taken, rows = rows[best], np.delete(rows, best, axis=0)
        take(taken)
    return chosen


def relaxed(survey: Survey, count: int, among=None) -> list[int]:
    """The `count` rows of largest weight, w_i in [0, 1] with Σ w_i = count minimising the expected error.

    A convex problem (Frank and Wolfe 1956, doi:10.1002/nav.3800030109): each step goes towards the rows that the
    gradient wants most.
    """
    among = survey.everywhere if among is None else np.asarray(among)
    weights = np.zeros(len(survey.blocks))
    weights[among] = count / len(among)
    for step in range(STEPS):
        gradient = survey.trace(weights)[1]
        towards = np.zeros_like(weights)
        towards[among[np.argsort(gradient[among], kind="stable")[:count]]] = 1
        weights += 2 / (step + 3) * (towards - weights)
    return sorted(among[np.argsort(-weights[among], kind="stable")[:count]].tolist())


def exchanged(survey: Survey, start: list[int], error, among=None) -> list[int]:
    """Move each row to the free one before or after it, wherever `error(rows)` falls, a few times over."""
    allowed = set((survey.everywhere if among is None else np.asarray(among)).tolist())
    chosen, best = list(start), error(start)
    for _ in range(SWEEPS):
        before = best
        for place in range(len(chosen)):
            for step in (-1, 1):
                moved = chosen.copy()
                moved[place] = (chosen[place] + step) % len(survey.blocks)
                if moved[place] not in allowed - set(chosen):
                    continue
                found = error(moved)
                if found < best:
                    chosen, best = moved, found
        if best == before:
            break
    return sorted(chosen)


def measured_error(survey: Survey, coordinates: np.ndarray, truth: np.ndarray):
    """error(rows): mean squared error of the linear estimate of scaled samples; of validation data, to choose with.

    coordinates (N, n, r): see `Survey.coordinates`; truth (N, p): x on `survey.axes`.
    """
    import scipy.linalg

    def error(rows: list[int]) -> float:
        seen = survey.blocks[rows].reshape(-1, survey.blocks.shape[2])
        precision = np.eye(seen.shape[1]) + seen.T @ seen
        said = coordinates[:, rows].reshape(len(coordinates), -1) @ seen
        found = scipy.linalg.cho_solve(scipy.linalg.cho_factor(precision), said.T).T @ survey.target
        return float(np.square(found - truth).sum(1).mean())

    return error


def even(count: int, among: np.ndarray, phase: float) -> list[int]:
    """Rows as evenly spread over `among` as can be; phase in [0, 1): where the first one lies within its part."""
    return [int(among[int((place + phase) * len(among) / count)]) for place in range(count)]


def drawn(count: int, among: np.ndarray, rng: np.random.Generator) -> list[int]:
    """Rows at random."""
    return sorted(rng.choice(among, count, replace=False).tolist())
