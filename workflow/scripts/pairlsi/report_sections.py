"""Sections that several reports have: their text and tables, displayed in the notebook below a heading of its own."""

from pathlib import Path

import numpy as np
import pandas as pd

from pairlsi import reporting
from pairlsi.evaluation import rivals, tables
from pairlsi.evaluation.stored import Stored
from pairlsi.theory import trained

BOUNDS = """
ε_x, ε_y the errors of the autoencoders, ε_M = ‖M† e_y(y) − e_x(x)‖, ε_z = ‖e_y(d_y(z*)) − z*‖ and
c_P ‖u − v‖ ≤ ‖P u − P v‖ ≤ C_P ‖u − v‖:

- Statement 1: ‖P d_y(z*) − P y‖ ≤ C_P ε_y
- Proposition 1: ‖x̂ − x‖ ≤ ε_x + L_dx (ε_M + L_M† (ε_z + L_ey (C_P / c_P) ε_y))
- Statement 2: ‖P A(x̂) − P y‖ ≤ C_P L_A · (the bound of Proposition 1) + ‖P(y − A(x))‖
"""


def refined(cases: dict[str, dict[str, np.ndarray]], confidence: float, samples: str = "") -> None:
    """Is refined LSI the best of all? cases: as of `rivals.against_best`; samples: on which, where not on all."""
    reporting.show_text("""
That is what we built it for: LSI supplies what was not measured, physics what was. For every mask, in and out of
distribution, it is held against the best of all other methods.
""")
    reporting.show_table(
        rivals.against_best(cases, "lsi-refined", confidence),
        f"Refined LSI against the best of the others{samples}.",
        index=False,
        otherwise=f"This needs the method lsi-refined, another one, and {rivals.FEWEST} test samples that all share.",
    )


def bounds(stored: Stored, masks: dict[int, str], count: int, missing: str, note: str = "") -> None:
    """What the bounds say of the trained PAIR on the first `count` test samples.

    masks: percent -> mask; missing: what is missing and how, for the caption, which ends with the note.
    """
    reporting.show_text(f"""
With {BOUNDS.strip()}

The constants of trained networks are the largest found at the samples themselves, so the bounds are estimates. What
they assume, a minimiser of (9), is not what a search gives that is stopped early.
""")
    if not {"pair", "lsi"} <= set(stored.inference.methods):
        reporting.show_text("This needs the methods pair and lsi.")
        return
    table = trained.of_results(stored.results, stored.experiment, stored.problem, masks, count)
    reporting.show_table(
        trained.summary(table),
        f"Bound over what it bounds, median over the first {count} test samples, {missing}, and how often it held."
        + note,
    )


def verdicts(whole: pd.DataFrame, claims: pd.DataFrame) -> None:
    """The verdict on each claim, and what became of the controls; whole: the rows of claims.csv for whole claims."""
    reporting.show_table(
        whole[["claim", "statement", "verdict"]], index=False, otherwise="No claim was to be judged: evaluation.claims."
    )
    reporting.show_text(tables.controls(claims))


def claims_in_detail(claims: pd.DataFrame, words: str) -> None:
    """Every claim of claims.csv with its parts and controls; words: those of the paper that have no number."""
    reporting.show_text(f"""
A part is *held* when the whole interval of its effect lies on the right side of the threshold, *not held* when it
lies on the wrong side, *undecided* between. Effects are relative differences of means unless they say otherwise.
Where the paper's words have a number in its Table 1, that is the threshold; where they have none ({words}), it is ours.

A *control* puts latents that tell nothing of the sample in place of those that the claim is about. Of a control a claim
must not hold: one that does says nothing, and is called undecided.
""")
    for claim in claims[claims.part == "all"].itertuples():
        reporting.show_text(f"### Claim {claim.claim}: {claim.statement}")
        own = claims[(claims.claim == claim.claim) & (claims.part != "all")]
        if own.empty:
            reporting.show_text(f"{claim.verdict[0].upper()}{claim.verdict[1:]}.")
            continue
        parts, controls = own[own.part != "control"], own[own.part == "control"]
        shown = parts.assign(
            effect=parts.effect.map("{:.3f}".format),
            interval=[
                "" if np.isnan(low) else f"{low:.3f} to {high:.3f}"
                for low, high in zip(parts.low, parts.high, strict=True)
            ],
        )
        shown = shown.rename(columns={"statement": "part", "part": "number", "threshold": "held if"})
        rows = controls.rename(columns={"statement": "part", "part": "number"}).assign(
            **dict.fromkeys(("effect", "interval", "held if"), "")
        )
        both = pd.concat([shown, rows], ignore_index=True)
        reporting.show_table(both[["part", "effect", "interval", "held if", "verdict"]], index=False)


def left_open(choices: list[tuple[str, str, str, str]]) -> None:
    """What the paper leaves open; choices: rows of `evaluation.paper`."""
    reporting.show_text("""
Our copy of the paper has lost most of its inline mathematics and numbers; what could not be recovered is our choice.
""")
    reporting.show_table(pd.DataFrame(choices, columns=["", "value in the paper", "unknown", "ours"]), index=False)


def origin(results: Path) -> None:
    """Where the results of an experiment come from."""
    reporting.show_text("The effective settings of the experiment, and the versions and commit that made the report.")
    reporting.show_text("```yaml\n" + (results / "settings.yaml").read_text(encoding="utf-8") + "```")
