"""The claims about Example 1, CT: Table 1 and Figure 3 of the paper, and where to search (claims 1 to 6 and 9).

Where the paper's words have a number in its Table 1, in distribution, that is the threshold, rounded to two digits in
favour of the claim.
"""

import math

import numpy as np

from pairlsi.evaluation.bootstrap import Bootstrap
from pairlsi.evaluation.comparisons import NAMES, Part, Sweep, beats
from pairlsi.evaluation.paper import TABLE_1

# share of points nearest to their own cluster's centre, and area under the curve of telling two clusters apart: the
# paper's Figure 3 shows them well separated and has no number
SEPARATE = 0.95
SURROGATES = ["measured_residual", "misfit"]  # the axes of Figure 3, on measured rows and against what was measured


def rounded(value: float, up: bool) -> float:
    """`value` to two digits, up or down."""
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return round((math.ceil if up else math.floor)(value / step) * step, 12)


def of_paper(method: str, symbol: str, split: str = "test") -> float:
    """The RRE of Table 1."""
    return TABLE_1[symbol, split][method][0]


ALL = ("none", "R", "R′", "B", "B′")
# growth of PAIR's error on a block over that on full data
FAILS = rounded(min(of_paper("PAIR", s) for s in ("B", "B′")) / of_paper("PAIR", "none") - 1, up=False)
# by how much PAIR+LSI beats the encoder-decoder on a new block, and how little its errors on both blocks differ
CLEARLY = rounded(1 - of_paper("PAIR+LSI", "B′") / of_paper("Encoder-decoder", "B′"), up=False)
ABOUT = rounded(of_paper("PAIR+LSI", "B′") / of_paper("PAIR+LSI", "B") - 1, up=True)
# largest over smallest error of PAIR+LSI
LITTLE = rounded(max(of_paper("PAIR+LSI", s) for s in ALL) / min(of_paper("PAIR+LSI", s) for s in ALL) - 1, up=True)
# relative difference of the errors of PAIR+LSI out of and in distribution
SIMILAR = rounded(max(abs(of_paper("PAIR+LSI", s, "ood") / of_paper("PAIR+LSI", s) - 1) for s in ALL), up=True)


def full_data(sweep: Sweep) -> list[Part]:
    return beats(sweep, "pair", "encdec", "none") + beats(sweep, "pair", "lsi", "none")


def random_masks(sweep: Sweep) -> list[Part]:
    return [p for s in ("R", "R′") for other in ("pair", "encdec") for p in beats(sweep, "lsi", other, s)]


def block_masks(sweep: Sweep) -> list[Part]:
    parts = [
        Part(
            f"PAIR alone fails on mask {symbol}: growth of its error over that on full data",
            sweep.mean("pair", symbol) / sweep.mean("pair", "none") - 1,
            FAILS,
        )
        for symbol in ("B", "B′")
    ]
    parts += beats(sweep, "encdec", "lsi", "B", ("rre",))
    parts += [
        Part("PAIR+LSI beats the encoder-decoder clearly on mask B′ (RRE)", sweep.gain("lsi", "encdec", "B′"), CLEARLY),
        Part(
            "PAIR+LSI is about equally good on B and B′: relative difference",
            np.abs(sweep.mean("lsi", "B′") / sweep.mean("lsi", "B") - 1),
            ABOUT,
            below=True,
        ),
    ]
    return parts


def little_variation(sweep: Sweep) -> list[Part]:
    missing = [symbol for symbol in sweep.masks if symbol != "none"]
    if len(sweep.masks) < 2:
        raise KeyError("the sweep has fewer than two of full data and masks of evaluation.percent")
    spread = sweep.spread("lsi")
    return [
        Part("PAIR+LSI: largest over smallest error of single masks, less one", spread, LITTLE, below=True),
        *(
            Part(f"the same of {NAMES[other]}, less that of PAIR+LSI", sweep.spread(other) - spread)
            for other in ("pair", "encdec")
        ),
        # an estimate that ignores the data does not vary with the mask either
        Part(
            "the largest error of PAIR+LSI is less than the least of PAIR where data are missing: relative difference",
            1 - sweep.by_mask("lsi").max(0) / sweep.by_mask("pair", missing).min(0),
        ),
    ]


def out_of_distribution(sweep: Sweep) -> list[Part]:
    if not sweep.masks:
        raise KeyError("the sweep has neither full data nor masks of evaluation.percent")
    ratios = [sweep.mean("lsi", s, split="ood") / sweep.mean("lsi", s) for s in sweep.masks]
    parts = [
        Part(
            "PAIR+LSI: relative difference between its OOD and in-distribution errors, largest over masks",
            np.abs(np.array(ratios) - 1).max(0),
            SIMILAR,
            below=True,
        )
    ]
    mask = sweep.names("B")[0]
    for metric in SURROGATES:
        full = sweep.test, sweep.test.values("pair", "none-0-0", metric).mean(0)
        masked = sweep.test, sweep.test.values("pair", mask, metric).mean(0)
        ood = sweep.ood, sweep.ood.values("pair", "none-0-0", metric).mean(0)
        flagged = detection(*masked, *full)
        parts += [
            Part(f"{metric} tells mask B from full data (AUC)", flagged, SEPARATE),
            Part(
                f"{metric} tells mask B from full data better than OOD from in-distribution (AUC)",
                flagged - detection(*ood, *full),
            ),
        ]
    return parts


def detection(a_bootstrap: Bootstrap, a: np.ndarray, b_bootstrap: Bootstrap, b: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of telling samples a (n,) from b (m,) by a larger value, on each resample (1 + R,)."""
    larger = (a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :])
    return np.einsum("ri,ij,rj->r", a_bootstrap.weights(), larger, b_bootstrap.weights(), optimize=True)


def clusters(sweep: Sweep) -> list[Part]:
    """Figure 3 in numbers, on the logarithms of its axes: full data, mask B, and mask B after LSI."""
    mask = sweep.names("B")[0]
    points = np.stack(
        [
            np.log([sweep.test.values(method, name, metric).mean(0) for metric in SURROGATES]).T
            for method, name in (("pair", "none-0-0"), ("pair", mask), ("lsi", mask))
        ]
    )
    centres = np.median(points, axis=1)
    distance = np.linalg.norm(points[:, :, None] - centres, axis=-1)  # cluster of the point, sample, centre
    own = distance.argmin(-1) == np.arange(3)[:, None]
    closer = distance[2, :, 0] < distance[1, :, 0]
    return [
        *(
            Part(f"points of {name} nearest to the centre of their own cluster", sweep.test.share(found), SEPARATE)
            for name, found in zip(("full data", "mask B", "mask B after LSI"), own, strict=True)
        ),
        Part("samples that LSI moves towards the full ones", sweep.test.share(closer), SEPARATE),
    ]


def latent_spaces(sweep: Sweep) -> list[Part]:
    masks = [symbol for symbol in sweep.masks if symbol != "none"]
    if not masks:
        raise KeyError("the sweep has no masks with data missing")
    return [p for s in masks for p in beats(sweep, "lsi", "lsi-zx", s, ("rre",))]
