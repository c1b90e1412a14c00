"""The paper's claims (METHOD.md, numbered as there), each as effects with intervals, a verdict and null controls.

A part compares an effect with a threshold: held when the whole interval lies on the right side, not held when it
lies on the wrong side, undecided between. A claim is held when all its parts are, not held when one is not. Where the
paper's words ("clearly", "about equally", "little") have no number in the paper, the threshold is ours and stands in
the table.

A control puts latents that tell nothing of the sample in place of those that a claim is about (`methods.controls`).
No claim may hold of it: one that does says nothing, and is undecided whatever its parts say.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from pairlsi.evaluation import claims_crosswell, claims_ct
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.comparisons import NAMES, Part, Sweep, describe, matched

__all__ = ["CLAIMS", "CONTROLS", "Sweep", "describe", "judge", "matched", "verdict"]

CONTROLS = {"start": "no search", "another": "latents of another sample", "random": "random latents"}
UNTESTED = "not tested: "


@dataclass(frozen=True)
class Claim:
    """check: gives the parts on a sweep; about: the methods whose latents the controls replace, by which `CONTROLS`."""

    statement: str
    check: Callable[[Sweep], list[Part]]
    about: tuple[str, ...]
    controls: tuple[str, ...] = tuple(CONTROLS)


UNSEARCHED = ("another", "random")  # controls of what no search is part of
CLAIMS = {
    1: Claim("Full data: PAIR beats encoder-decoder and PAIR+LSI", claims_ct.full_data, ("pair",), UNSEARCHED),
    2: Claim(
        "Random masks, trained on or new: PAIR+LSI beats PAIR and encoder-decoder", claims_ct.random_masks, ("lsi",)
    ),
    3: Claim(
        "Block masks: PAIR alone collapses; the encoder-decoder wins on its own block, PAIR+LSI on a new one",
        claims_ct.block_masks,
        ("lsi",),
    ),
    4: Claim("PAIR+LSI varies little with the mask", claims_ct.little_variation, ("lsi",)),
    5: Claim(
        "OOD mixtures behave as in-distribution ones; the masks are what surrogate metrics flag",
        claims_ct.out_of_distribution,
        ("pair", "lsi"),
        UNSEARCHED,
    ),
    6: Claim(
        "Figure 3: three separate clusters, LSI moves masked samples towards the full ones",
        claims_ct.clusters,
        ("lsi",),
    ),
    7: Claim(
        "Seismic: the error of completed data is flat for moderate loss, rises for heavy loss, never zero",
        claims_crosswell.data_reconstruction,
        ("lsi",),
    ),
    8: Claim(
        "Seismic: PAIR and PAIR+LSI alike at moderate loss, PAIR+LSI better at heavy loss, M-LSI poor",
        claims_crosswell.seismic_methods,
        ("lsi",),
    ),
    9: Claim("Optimising in Z_y (9) gives better estimates than in Z_x (8)", claims_ct.latent_spaces, ("lsi",)),
}


def judge(metrics: pd.DataFrame, controls: pd.DataFrame, evaluation, noise_level: float = 0.0) -> pd.DataFrame:
    """The claims of `settings.Evaluation` on tidy metrics: a row for each claim, part "all", for each of its parts,
    1, 2, …, and for each of its controls, "control".

    controls: tidy metrics too, of which the column "control" says which of `CONTROLS` they are of. noise_level: of the
    data. Columns: claim, part, statement, effect, low, high,
    threshold, verdict. A claim whose methods or masks are not in the sweep is "not tested".
    """
    rows, sweep = [], Sweep(metrics, evaluation, noise_level)
    for number in evaluation.claims:
        claim = CLAIMS[number]
        overall, parts = decide(claim, sweep, evaluation.confidence)
        tested = not overall.startswith(UNTESTED)
        of_controls = []
        for control in claim.controls if tested else ():
            found, _ = control_of(claim, control, metrics, controls, evaluation, noise_level)
            of_controls.append({"statement": without(claim, control), "verdict": found})
        if overall == "held" and any(row["verdict"] == "held" for row in of_controls):
            overall = "undecided"
        rows.append({"claim": number, "part": "all", "statement": claim.statement, "verdict": overall})
        rows += [{"claim": number, "part": str(i), **row} for i, row in enumerate(parts, 1)]
        rows += [{"claim": number, "part": "control", **row} for row in of_controls]
    columns = ["claim", "part", "statement", "effect", "low", "high", "threshold", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def decide(claim: Claim, sweep: Sweep, confidence: float) -> tuple[str, list[dict]]:
    """The verdict on a claim and on its parts."""
    try:
        parts = claim.check(sweep)
    except KeyError as error:
        return UNTESTED + error.args[0], []
    judged = [verdict(part, confidence) for part in parts]
    verdicts = {row["verdict"] for row in judged}
    return next(v for v in ("not held", "undecided", "held") if v in verdicts), judged


def control_of(claim: Claim, control: str, metrics, controls, evaluation, noise_level: float) -> tuple:
    """What `decide` says where the latents of the methods that a claim is about are those of a control."""
    replaced = controls[controls.method.isin(claim.about) & (controls.control == control)]
    kept = metrics[~metrics.method.isin(claim.about)]
    if set(replaced.method) < set(claim.about) & set(metrics.method):
        return f"{UNTESTED}the metrics have no such control", []
    both = pd.concat([kept, replaced.drop(columns="control")], ignore_index=True)
    return decide(claim, Sweep(both, evaluation, noise_level), evaluation.confidence)


def without(claim: Claim, control: str) -> str:
    """What a control is, in words."""
    return f"control: {CONTROLS[control]} in place of the latents of {' and '.join(NAMES[m] for m in claim.about)}"


def verdict(part: Part, confidence: float) -> dict:
    effect, low, high = interval(part.effect, confidence)
    sign = -1 if part.below else 1
    low_side, high_side = sorted((sign * low, sign * high))
    right, wrong = low_side > sign * part.threshold, high_side <= sign * part.threshold
    threshold = f"{'<' if part.below else '>'} {part.threshold:g}"
    return {
        "statement": part.statement,
        "effect": effect,
        "low": low,
        "high": high,
        "threshold": threshold,
        "verdict": "held" if right else "not held" if wrong else "undecided",
    }
