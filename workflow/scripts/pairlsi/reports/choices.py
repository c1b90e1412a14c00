"""What the validation split chose, mask by mask: where a search stops, how much its prior weighs."""

import numpy as np
import pandas as pd

from pairlsi.reports.stored import Stored

# what may be better than the end of what was tried: key -> the beginning of a sentence
BEYOND = {
    "iterations": "More iterations may be better: the number that is best on validation samples is the most allowed",
    "least weight": "A smaller weight may be better: the best on validation samples is the least that was tried",
    "largest weight": "A larger weight may be better: the best on validation samples is the largest that was tried",
    "least length": "Fewer latents may be better: the best number on validation samples is the least that was tried",
    "largest length": "More latents may be better: the best number on validation samples is the most that was tried",
}
Choices = dict[str, dict]  # method -> case -> choice, as `Stored.choice` returns it; a case is what a mask is called


def on_masks(stored: Stored, methods: list[str], masks: dict) -> Choices:
    """The choices of these methods; masks: case -> mask. What chose nothing, or was not run, is left out."""
    found = {}
    for method in methods:
        for case, mask in masks.items():
            choice = stored.choice(method, mask)
            if choice:
                found.setdefault(method, {})[case] = choice
    return found


def curves(choices: Choices) -> dict[str, dict]:
    """Mean validation errors after 0 … I iterations: method -> case -> curve.

    A curve has rre (1 + I,), of the estimate, misfit (1 + I,), of what was measured, for searches, chosen, the number
    of iterations after which the method stops, and best, the one with the least error, for searches. What a method
    chose that does not iterate is in `others`.
    """
    found = {}
    for method, by_case in choices.items():
        for case, choice in by_case.items():
            if not iterates(choice):
                continue
            curve = {"rre": np.array(choice["validation_rre"]), "chosen": choice["iterations"]}
            if "validation_misfit" in choice:
                curve |= {"misfit": np.array(choice["validation_misfit"]), "best": choice["best_iterations"]}
            found.setdefault(method, {})[case] = curve
    return found


def iterates(choice: dict) -> bool:
    """Whether it is the choice of a search or solver, with errors after each iteration."""
    return "iterations" in choice and "validation_rre" in choice


def others(choices: Choices, labels: dict[str, str]) -> pd.DataFrame:
    """Numbers and words that were chosen by methods that do not iterate; rows methods and keys, columns cases."""
    rows = {}
    for method, by_case in choices.items():
        for case, choice in by_case.items():
            for key, value in {} if iterates(choice) else choice.items():
                if isinstance(value, int | float | str):
                    rows.setdefault(f"{labels[method]}: {key.replace('_', ' ')}", {})[case] = value
    return pd.DataFrame(rows, dtype=object).T.fillna("")


def sentence(curve: dict) -> str:
    """What became of the misfit and the error of a curve of `curves`, in words."""
    misfit, rre, stop = curve["misfit"], curve["rre"], curve["chosen"]
    return (
        f"the misfit of PAIR+LSI falls from {misfit[0]:.3f} to {misfit[-1]:.3f} over {len(misfit) - 1} iterations; the "
        f"error of its model is {rre[0]:.3f} at the start, {rre[stop]:.3f} after {stop}, where it was stopped, and "
        f"{rre[-1]:.3f} after all of them."
    )


def weights(choices: Choices, labels: dict[str, str]) -> pd.DataFrame:
    """Each weight that was tried with its mean validation error, "weight: error; …"; rows methods, columns cases.

    Methods without a weight are left out.
    """
    rows = {}
    for method, by_case in choices.items():
        for case, choice in by_case.items():
            tried = choice.get("validation_rre_by_weight", [])
            told = "; ".join(f"{weight:g}: {error:.4f}" for weight, error in tried)
            rows.setdefault(f"{labels[method]}: weight", {})[case] = told
    table = pd.DataFrame(rows).T.fillna("")
    return table[(table != "").any(axis=1)]


def at_the_edge(choices: Choices, labels: dict[str, str]) -> str:
    """Which choices lie at the end of what was tried, so that the best may lie beyond, a sentence each; "" for none.

    A search that stops after a fixed number is told of too where that is the best up to there.
    """
    found = {beyond: {} for beyond in BEYOND}
    for method, by_case in choices.items():
        for case, choice in by_case.items():
            for beyond, end in _ends(choice):
                of_method = found[beyond].setdefault((labels[method], end), [])
                of_method.append(case)
    sentences = []
    for beyond, by_method in found.items():
        told = [f"{end:g} for {label} ({_counted(cases)})" for (label, end), cases in by_method.items()]
        if told:
            sentences.append(f"{BEYOND[beyond]}, {', '.join(told)}.")
    return " ".join(sentences)


def _ends(choice: dict):
    """Yield what of a choice is the last that was tried: a key of `BEYOND`, and the number there."""
    if iterates(choice):
        most = len(choice["validation_rre"]) - 1
        if choice.get("best_iterations", choice["iterations"]) == most:
            yield "iterations", most
    for key in ("weight", "length"):
        tried = [value for value, _ in choice.get(f"validation_rre_by_{key}", [])]
        for end, which in ((min, "least"), (max, "largest")) if len(tried) > 1 else ():
            if choice[key] == end(tried):
                yield f"{which} {key}", choice[key]


def _counted(cases: list) -> str:
    return "; ".join(map(str, cases)) if len(cases) < 5 else f"{len(cases)} cases"


def ensembles(choices: dict[str, Choices], labels: dict[str, str], where: dict[str, str]) -> pd.DataFrame:
    """What `describe` says of each search; choices: kind of mask -> those by the percentage missing."""
    rows = {}
    for kind, by_method in choices.items():
        for method, of_method in by_method.items():
            row = f"{labels[method]}, {where[kind]}" if where[kind] else labels[method]
            rows[row] = {f"{percent} %": describe(choice) for percent, choice in of_method.items()}
    return pd.DataFrame(rows).T.fillna("")


def describe(choice: dict) -> str:
    """Iterations / members / weight; in brackets the best iterations, and the members that suffice, where others."""
    best, enough = choice["best_iterations"], choice["sufficient_members"]
    told_best = f" ({best})" if best != choice["iterations"] else ""
    told_enough = f" ({enough})" if enough != choice["members"] else ""
    weight = f" / {choice['weight']:g}" if choice["weight"] else ""
    return f"{choice['iterations']}{told_best} / {choice['members']}{told_enough}{weight}"
