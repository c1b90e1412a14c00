"""The claims about Example 2, cross-well seismics: Figure 7 of the paper (claims 7 and 8)."""

import numpy as np

from pairlsi.evaluation.comparisons import ABOUT, CLEARLY, Part, Sweep

NOISE = 2**0.5  # times the noise's norm from which an error of data is more the decoder's than the noise's
MODERATE, HEAVY = 50, 70  # percent of receivers missing: moderate up to, heavy from


def data_reconstruction(sweep: Sweep) -> list[Part]:
    """Claim 7, Figure 7 left: the error of the completed data against the percentage of receivers missing.

    The paper has no number for its floor above zero but the reason, that the decoder cannot express the data: so it
    must be more than noise alone would leave.
    """
    moderate, heavy = moderate_and_heavy(sweep, "lsi")
    full = sweep.at(0, "lsi", "data_rre")
    return [
        Part("error of the completed data with nothing missing", full, NOISE * sweep.noise_level),
        *(
            Part(
                f"its growth up to {percent} % missing, either way",
                np.abs(sweep.at(percent, "lsi", "data_rre") / full - 1),
                ABOUT,
                below=True,
            )
            for percent in moderate
        ),
        Part(f"its growth up to {heavy[-1]} % missing", sweep.at(heavy[-1], "lsi", "data_rre") / full - 1, CLEARLY),
    ]


def seismic_methods(sweep: Sweep) -> list[Part]:
    """Claim 8, Figure 7 right: PAIR, PAIR+LSI and M-LSI against the percentage of receivers missing."""
    moderate, heavy = moderate_and_heavy(sweep, "lsi")
    by_simulation = sweep.percents("mlsi")
    if not by_simulation:
        raise KeyError("the metrics have no mlsi on full data or random masks")
    parts = [
        Part(
            f"PAIR and PAIR+LSI are about equally good at {percent} % missing: relative difference",
            np.abs(sweep.at(percent, "pair") / sweep.at(percent, "lsi") - 1),
            ABOUT,
            below=True,
        )
        for percent in moderate
    ]
    parts += [
        Part(f"PAIR+LSI beats PAIR clearly at {percent} % missing", sweep.gain_at(percent, "lsi", "pair"), CLEARLY)
        for percent in heavy  # without a search an ensemble is PAIR up to chance, and may beat it by chance
    ]
    parts += [
        Part(
            f"PAIR+LSI beats M-LSI clearly at {percent} % missing",
            sweep.gain_at(percent, "lsi", "mlsi"),
            CLEARLY,
        )
        for percent in by_simulation
    ]
    return parts


def moderate_and_heavy(sweep: Sweep, method: str) -> tuple[list[int], list[int]]:
    """The percentages of random masks that count as moderate and as heavy loss."""
    percents = sweep.percents(method)
    moderate, heavy = [p for p in percents if 0 < p <= MODERATE], [p for p in percents if p >= HEAVY]
    if not (moderate and heavy and 0 in percents):
        raise KeyError(f"the sweep needs {method} on full data and on random masks up to {MODERATE} and from {HEAVY} %")
    return moderate, heavy
