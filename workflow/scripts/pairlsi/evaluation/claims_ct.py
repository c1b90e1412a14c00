"""The claims about Example 1, CT: Table 1 and Figure 3 of the paper, and where to search (claims 1 to 6 and 9)."""

import numpy as np

from pairlsi.evaluation.comparisons import ABOUT, CLEARLY, NAMES, Part, Sweep, beats

LITTLE = 0.25  # largest over smallest error, less one, up to which a method varies little; in the paper 0.12
SIMILAR = 0.25  # relative difference up to which OOD samples behave as in-distribution ones; in the paper 0.06
FAILS = 0.25  # growth of the error on a block over that on full data from which a method fails; in the paper 2.8
SEPARATE = 0.95  # fraction of points nearest to their own cluster's centre
SURROGATES = ["residual_estimate", "autoencoded_difference"]  # the axes of Figure 3


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
    if len(sweep.masks) < 2:
        raise KeyError("the sweep has one mask only")
    spread = sweep.spread("lsi")
    return [
        Part("PAIR+LSI: largest over smallest error over all masks, less one", spread, LITTLE, below=True),
        *(
            Part(f"the same of {NAMES[other]}, less that of PAIR+LSI", sweep.spread(other) - spread)
            for other in ("pair", "encdec")
        ),
    ]


def out_of_distribution(sweep: Sweep) -> list[Part]:
    ratios = [sweep.mean("lsi", s, split="ood") / sweep.mean("lsi", s) for s in sweep.masks]
    parts = [
        Part(
            "PAIR+LSI: relative difference between its OOD and in-distribution errors, mean over masks",
            np.abs(np.mean(ratios, axis=0) - 1),
            SIMILAR,
            below=True,
        )
    ]
    mask = sweep.names("B")[0]
    for metric in SURROGATES:
        full = sweep.test.values("pair", "none-0-0", metric).mean(0)
        masked = sweep.test.values("pair", mask, metric).mean(0)
        ood = sweep.ood.values("pair", "none-0-0", metric).mean(0)
        weights, ood_weights = sweep.test.sample_weights, sweep.ood.sample_weights
        flagged = detection(masked, weights, full, weights) - detection(ood, ood_weights, full, weights)
        parts.append(
            Part(
                f"{metric} tells mask B from full data better than OOD from in-distribution (AUC)",
                flagged,
            )
        )
    return parts


def detection(a: np.ndarray, a_weights: np.ndarray, b: np.ndarray, b_weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of telling samples a (n,) from b (m,) by a larger value, on each resample."""
    larger = (a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :])
    return np.einsum("ri,ij,rj->r", a_weights, larger, b_weights, optimize=True)


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
    own = (distance.argmin(-1) == np.arange(3)[:, None]).mean(0)
    closer = distance[2, :, 0] < distance[1, :, 0]
    return [
        Part(
            "points nearest to the centre of their own of the three clusters", sweep.test.mean_of(own[None]), SEPARATE
        ),
        Part("samples that LSI moves towards the full ones", sweep.test.mean_of(closer[None] * 1.0), SEPARATE),
    ]


def latent_spaces(sweep: Sweep) -> list[Part]:
    masks = [symbol for symbol in sweep.masks if symbol != "none"]
    if not masks:
        raise KeyError("the sweep has no masks with data missing")
    return [p for s in masks for p in beats(sweep, "lsi", "lsi-zx", s, ("rre",))]
