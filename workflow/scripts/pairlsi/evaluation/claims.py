"""The paper's claims (METHOD.md, numbered as there), each as effects with intervals and a verdict.

A part compares an effect with a threshold: held when the whole interval lies on the right side, not held when it
lies on the wrong side, undecided between. A claim is held when all its parts are, not held when one is not. Where
the paper's words ("clearly", "about equally", "little") have no number, the threshold is ours and stands in the table.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pairlsi.evaluation.bootstrap import Bootstrap, interval

CLEARLY = 0.10  # relative difference that counts as clear
ABOUT = 0.10  # relative difference up to which two errors are about equal
LITTLE = 0.25  # largest over smallest error, less one, up to which a method varies little; in the paper 0.12
SIMILAR = 0.25  # relative difference up to which OOD samples behave as in-distribution ones; in the paper 0.06
FAILS = 0.25  # growth of the error on a block over that on full data from which a method fails; in the paper 2.8
SEPARATE = 0.95  # fraction of points nearest to their own cluster's centre
SURROGATES = ["residual_estimate", "autoencoded_difference"]  # the axes of Figure 3


@dataclass(frozen=True)
class Part:
    """One comparison: `effect` (1 + R,) against `threshold`; `below`: it is to lie under it, not above."""

    statement: str
    effect: np.ndarray
    threshold: float = 0.0
    below: bool = False


class Sweep:
    """Shorthands on the tidy metrics of one experiment: masks by the paper's names, matched encoder-decoders."""

    def __init__(self, metrics: pd.DataFrame, percent: int, evaluation):
        names = metrics.mask_kind + "-" + metrics.percent.astype(str) + "-" + metrics.draw.astype(str)
        self.table = metrics.assign(mask=names)
        self.test, self.ood = (
            Bootstrap(self.table, split, evaluation.seed, evaluation.resamples) for split in ("test", "ood")
        )
        new = sorted(d for d in metrics.draw.unique() if d > 0)
        masks = {"none": ["none-0-0"]}
        for symbol, kind in (("R", "random"), ("B", "block")):
            masks[symbol] = [f"{kind}-{percent}-0"]
            masks[f"{symbol}′"] = [f"{kind}-{percent}-{draw}" for draw in new]
        swept = set(names)
        self.masks = {
            symbol: present for symbol, names in masks.items() if (present := [n for n in names if n in swept])
        }

    def mean(self, method: str, symbol: str, metric: str = "rre", split: str = "test") -> np.ndarray:
        """Mean over samples, seeds and draws, (1 + R,). "encdec" is the one trained on that kind of mask."""
        method = matched(method, symbol)
        bootstrap = getattr(self, split)
        return np.mean([bootstrap.mean(method, mask, metric) for mask in self.names(symbol)], axis=0)

    def names(self, symbol: str) -> list[str]:
        """The masks {kind}-{percent}-{draw} that a symbol stands for. Raises KeyError where the sweep has none."""
        if symbol not in self.masks:
            raise KeyError(f"the sweep has no mask {symbol}")
        return self.masks[symbol]

    def gain(self, method: str, other: str, symbol: str, metric: str = "rre") -> np.ndarray:
        """How much better `method` is than `other`: by how much smaller its RRE is, or larger its SSIM."""
        a, b = self.mean(method, symbol, metric), self.mean(other, symbol, metric)
        return a / b - 1 if metric == "ssim" else 1 - a / b

    def spread(self, method: str) -> np.ndarray:
        """Largest over smallest mean RRE over the masks, less one."""
        means = np.array([self.mean(method, symbol) for symbol in self.masks])
        return means.max(0) / means.min(0) - 1


def matched(method: str, symbol: str) -> str:
    """The method itself; for "encdec" the encoder-decoder that was trained on the kind of mask."""
    if method != "encdec":
        return method
    return {"n": "encdec-none", "R": "encdec-random", "B": "encdec-block"}[symbol[0]]


NAMES = {"pair": "PAIR", "lsi": "PAIR+LSI", "encdec": "the encoder-decoder", "lsi-zx": "LSI in Z_x (8)"}


def beats(sweep: Sweep, method: str, other: str, symbol: str, metrics=("rre", "ssim")) -> list[Part]:
    return [
        Part(
            f"{NAMES[method]} beats {NAMES[other]} on {describe(symbol)} ({metric.upper()})",
            sweep.gain(method, other, symbol, metric),
        )
        for metric in metrics
    ]


def describe(symbol: str) -> str:
    return "full data" if symbol == "none" else f"mask {symbol}"


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


CLAIMS = {
    1: ("Full data: PAIR beats encoder-decoder and PAIR+LSI", full_data),
    2: ("Random masks, trained on or new: PAIR+LSI beats PAIR and encoder-decoder", random_masks),
    3: (
        "Block masks: PAIR alone collapses; the encoder-decoder wins on its own block, PAIR+LSI on a new one",
        block_masks,
    ),
    4: ("PAIR+LSI varies little with the mask", little_variation),
    5: ("OOD mixtures behave as in-distribution ones; the masks are what surrogate metrics flag", out_of_distribution),
    6: ("Figure 3: three separate clusters, LSI moves masked samples towards the full ones", clusters),
    9: ("Optimising in Z_y (9) gives better estimates than in Z_x (8)", latent_spaces),
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
