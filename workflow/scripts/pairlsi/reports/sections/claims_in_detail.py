"""Every claim with its parts and controls."""

from pairlsi.reports.sections import Section


class ClaimsInDetail(Section):
    """Effects with intervals and thresholds."""

    label = "The claims in detail"
    description = "Every claim with its parts, their effects, intervals and thresholds, and its controls."

    def lacking(self):
        return "" if self.results.claims.empty else None  # evaluation.claims has none

    def show(self):
        from pairlsi.reports.display import show_table, show_text

        show_text("""
A part is *held* when the whole interval of its effect lies on the right side of the threshold, *not held* when it
lies on the wrong side, *undecided* between. Effects are relative differences of means unless they say otherwise.
Where the paper's words have a number in its Table 1, that is the threshold; where they have none ("separate",
"moves", "near constant", "similarly", "poorly"), it is ours.

A *control* puts latents that tell nothing of the sample in place of those that the claim is about. Of a control a
claim must not hold: one that does says nothing, and is called undecided.
""")
        claims = self.results.claims
        for claim in claims[claims.part == "all"].itertuples():
            show_text(f"### Claim {claim.claim}: {claim.statement}")
            own = claims[(claims.claim == claim.claim) & (claims.part != "all")]
            if own.empty:
                show_text(f"{claim.verdict[0].upper()}{claim.verdict[1:]}.")
            else:
                show_table(parts_and_controls(own), index=False)


def parts_and_controls(own):
    """The rows of claims.csv for one claim as a table to be read."""
    import numpy as np
    import pandas as pd

    parts, controls = own[own.part != "control"], own[own.part == "control"]
    intervals = [
        "" if np.isnan(low) else f"{low:.3f} to {high:.3f}" for low, high in zip(parts.low, parts.high, strict=True)
    ]
    shown = parts.assign(effect=parts.effect.map("{:.3f}".format), interval=intervals)
    shown = shown.rename(columns={"statement": "part", "part": "number", "threshold": "held if"})
    rows = controls.rename(columns={"statement": "part", "part": "number"}).assign(
        **dict.fromkeys(("effect", "interval", "held if"), "")
    )
    return pd.concat([shown, rows], ignore_index=True)[["part", "effect", "interval", "held if", "verdict"]]
