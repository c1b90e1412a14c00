"""The paper's claims (METHOD.md, numbered as there), each as effects with intervals and a verdict.

A part compares an effect with a threshold: held when the whole interval lies on the right side, not held when it
lies on the wrong side, undecided between. A claim is held when all its parts are, not held when one is not. Where
the paper's words ("clearly", "about equally", "little") have no number, the threshold is ours and stands in the table.
"""

import pandas as pd

from pairlsi.evaluation import claims_crosswell, claims_ct
from pairlsi.evaluation.bootstrap import interval
from pairlsi.evaluation.comparisons import Part, Sweep, describe, matched

__all__ = ["CLAIMS", "Sweep", "describe", "judge", "matched", "verdict"]

CLAIMS = {
    1: ("Full data: PAIR beats encoder-decoder and PAIR+LSI", claims_ct.full_data),
    2: ("Random masks, trained on or new: PAIR+LSI beats PAIR and encoder-decoder", claims_ct.random_masks),
    3: (
        "Block masks: PAIR alone collapses; the encoder-decoder wins on its own block, PAIR+LSI on a new one",
        claims_ct.block_masks,
    ),
    4: ("PAIR+LSI varies little with the mask", claims_ct.little_variation),
    5: (
        "OOD mixtures behave as in-distribution ones; the masks are what surrogate metrics flag",
        claims_ct.out_of_distribution,
    ),
    6: ("Figure 3: three separate clusters, LSI moves masked samples towards the full ones", claims_ct.clusters),
    7: (
        "Seismic: the error of completed data is flat for moderate loss, rises for heavy loss, never zero",
        claims_crosswell.data_reconstruction,
    ),
    8: (
        "Seismic: PAIR and PAIR+LSI alike at moderate loss, PAIR+LSI better at heavy loss, M-LSI poor",
        claims_crosswell.seismic_methods,
    ),
    9: ("Optimising in Z_y (9) gives better estimates than in Z_x (8)", claims_ct.latent_spaces),
}


def judge(metrics: pd.DataFrame, percent: int, evaluation) -> pd.DataFrame:
    """The claims of `settings.Evaluation` on tidy metrics: a row for each part and one, part "all", for each claim.

    percent: of the masks that the claims are about. Columns: claim, part, statement, effect, low, high, threshold,
    verdict. A claim whose methods or masks are not in the sweep is "not tested".
    """
    sweep = Sweep(metrics, percent, evaluation)
    rows = []
    for number in evaluation.claims:
        statement, check = CLAIMS[number]
        try:
            parts = check(sweep)
        except KeyError as error:
            rows.append(
                {"claim": number, "part": "all", "statement": statement, "verdict": f"not tested: {error.args[0]}"}
            )
            continue
        judged = [verdict(part, evaluation.confidence) for part in parts]
        verdicts = {row["verdict"] for row in judged}
        overall = next(v for v in ("not held", "undecided", "held") if v in verdicts)
        rows.append({"claim": number, "part": "all", "statement": statement, "verdict": overall})
        rows += [{"claim": number, "part": str(i), **row} for i, row in enumerate(judged, 1)]
    columns = ["claim", "part", "statement", "effect", "low", "high", "threshold", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def verdict(part: Part, confidence: float) -> dict:
    effect, low, high = interval(part.effect, confidence)
    above, under = low > part.threshold, high < part.threshold
    right, wrong = (under, above) if part.below else (above, under)
    threshold = f"{'<' if part.below else '>'} {part.threshold:g}"
    return {
        "statement": part.statement,
        "effect": effect,
        "low": low,
        "high": high,
        "threshold": threshold,
        "verdict": "held" if right else "not held" if wrong else "undecided",
    }
