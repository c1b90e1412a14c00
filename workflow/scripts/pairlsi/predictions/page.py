"""The page of a prediction: the answer and whether to trust it, in words, pictures and a table."""

import base64
import io
from html import escape

import numpy as np
from matplotlib.figure import Figure

from pairlsi.predictions import pictures, trust

SHOWN = 3  # samples that have a picture
LISTED = 40  # samples that have a row in the table
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em}
figure{margin:1em 0}img{max-width:100%}figcaption{color:#555;font-size:.9em}
table{border-collapse:collapse;font-size:.9em}td,th{padding:.25em .8em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}
.good,.bad{padding:.8em 1em;border-left:5px solid}.good{border-color:#3b8a4a;background:#eef7ef}
.bad{border-color:#C44E52;background:#fbeeee}
"""
WORDS = {
    "amplitude": "how strong the data are",
    "misfit": "how well any likely data explain what was measured",
    "latents": "how far their latents lie from those of training",
    "residual_estimate": "how well the estimate explains the completed data",
    "autoencoded_difference": "how well the network can write the completed data",
    "model_autoencoder": "how well the network can write the estimate",
    "latent_inverse": "whether inverse and encoder agree on the estimate",
    "latent_forward": "whether forward map and encoder agree on the data",
    "measured_residual": "how well the estimate explains what was measured",
}


def verdict(found, labels: dict[str, str]) -> tuple[bool, list[str]]:
    """Whether the measurement is like the training data, and sentences that say so and what to expect."""
    judged, count = found.estimates[found.first].trust, len(found.y)
    odd = judged.p_value <= trust.LEVEL
    # of many samples that are all right some fall below the level: beyond what chance makes of them it is no accident
    usual = trust.LEVEL * count + 2.5 * np.sqrt(count * trust.LEVEL * (1 - trust.LEVEL)) if count > 1 else 0.5
    like = bool(odd.sum() <= usual)
    of = f"{odd.sum()} of {count} samples are" if count > 1 else "The sample is"
    told = f"held against {judged.known} validation samples behind the same mask, at a rate of false alarms of 5 %"
    least = 1 / (1 + judged.known)
    if least > trust.LEVEL:
        like = False
        sentences = [
            f"Whether this looks like what the networks were trained for cannot be told: of {judged.known} validation "
            f"samples the least p-value is {least:.3f}, above the {trust.LEVEL:g} at which an alarm is raised."
        ]
    elif like:
        calm = (
            f"{odd.sum()} of {count} samples stand out, about as many as chance makes"
            if count > 1
            else "It does not stand out"
        )
        sentences = [f"This looks like what the networks were trained for: {calm} ({told})."]
        if found.odd:
            sentences.append("Something else is odd about the data, though: see below.")
    else:
        sentences = [f"This does not look like what the networks were trained for: {of} unlike it ({told})."]
        by = {name: float((values <= trust.LEVEL).mean()) for name, values in judged.of_each.items()}
        most = [name for name, part in sorted(by.items(), key=lambda pair: -pair[1]) if part > 0.2][:3]
        if most:
            sentences.append(
                "What stands out most: " + "; ".join(WORDS.get(name, f"{name} of the data") for name in most) + "."
            )
    low, high = np.median(judged.interval, axis=0)
    sentences.append(
        f"By {labels[found.first]} a relative error of {np.median(judged.error):.1%} is to be expected, in 90 % of "
        "such cases "
        f"between {low:.1%} and {high:.1%}"
        + ("." if like else ", if it is like them; where it is not, take it as a lower bound.")
    )
    return like, sentences


def figures(found, problem, labels: dict[str, str]) -> dict[str, tuple[Figure, str]]:
    """What the page shows: name -> picture and caption."""
    plain = problem.approximate_inverse(found.y) if problem.linear else None
    drawn = {}
    for sample in np.unique(np.linspace(0, len(found.y) - 1, SHOWN).round().astype(int)):
        said = f"Sample {sample}: measured and completed data, the estimates, and how far the first is to be believed."
        drawn[f"sample-{sample}"] = pictures.of_sample(found, problem, labels, sample, plain), said
    if pictures.is_volume(found.x):
        said = "The samples as slices of a volume, in three cuts."
        drawn["volume"] = pictures.of_stack(found, problem, labels, plain), said
    if len(found.y) > 1:
        drawn["trust"] = pictures.of_trust(found, labels), "What to expect of each sample, shaded: 90 % of such cases."
    return drawn


def page(found, problem, labels: dict[str, str], name: str, experiment: str, drawn: dict, following: str = "") -> str:
    """The whole page as HTML that needs no other file; drawn: its `figures`; following: which rows to measure next, a
    sentence.
    """
    like, sentences = verdict(found, labels)
    parts = [f'<div class="{"good" if like else "bad"}">{" ".join(map(escape, sentences))}</div>']
    if found.odd:
        parts += [
            "<h2>What is odd about the data</h2>",
            *(f'<div class="bad">{escape(said)}</div>' for said in found.odd),
        ]
    parts += [f"<p>{escape(said)}</p>" for said in against_truth(found, labels)]
    parts.append("<h2>Estimates</h2>")
    parts += [embedded(*one) for one in drawn.values()]
    if found.said:
        parts += ["<h2>What was done to the data</h2>", *(f"<p>{escape(said)}</p>" for said in found.said)]
    if following:
        parts += ["<h2>Where to measure next</h2>", f"<p>{escape(following)}</p>"]
    parts += ["<h2>Sample by sample</h2>", table(found, labels)]
    if problem.unnoticed:
        parts += ["<h2>What no test can notice</h2>", *(f"<p>{escape(said)}</p>" for said in problem.unnoticed)]
    parts += ["<h2>How</h2>", *(f"<p>{escape(said)}</p>" for said in how(found, labels, experiment))]
    title = f"{escape(name)}: {escape(problem.label)}"
    head = f'<!doctype html><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f"{head}<h1>{title}</h1>{''.join(parts)}"


def against_truth(found, labels: dict[str, str]) -> list[str]:
    """How far off the estimates are where the truth is known, and how often what was foretold held, in sentences."""
    if found.truth is None:
        return []
    sentences = []
    for name, one in found.estimates.items():
        errors, (low, high) = found.errors(name), one.trust.interval.T
        within = (np.abs(one.x - found.truth) <= one.band).mean()
        sentences.append(
            f"Held against the truth, or what stands for it in the file, {labels[name]} is off by {errors.mean():.1%} "
            "on "
            f"average; {one.trust.error.mean():.1%} was to be expected. The interval held the error of "
            f"{((low <= errors) & (errors <= high)).mean():.0%} of the samples, the band {within:.0%} of the pixels; "
            "90 % of "
            "both are to be expected of data like those of training."
        )
    return sentences


def embedded(drawn: Figure, caption: str) -> str:
    content = io.BytesIO()
    drawn.savefig(content, dpi=130, facecolor="white", format="png")
    data = base64.b64encode(content.getvalue()).decode()
    image = f'<img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def table(found, labels: dict[str, str]) -> str:
    """The first samples: what to expect of each method, and the p-value."""
    heads = ["Sample", "measured", "p-value", *(f"{labels[name]}: expected error (90 %)" for name in found.estimates)]
    rows = []
    for sample in range(min(LISTED, len(found.y))):
        cells = [str(sample), f"{found.keep[sample].mean():.0%}", f"{found.p_value[sample]:.3f}"]
        for one in found.estimates.values():
            low, high = one.trust.interval[sample]
            cells.append(f"{one.trust.error[sample]:.1%} ({low:.1%} to {high:.1%})")
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    rest = f"<p>The other {len(found.y) - LISTED} are in table.csv.</p>" if len(found.y) > LISTED else ""
    head = "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in heads) + "</tr>"
    return f"<table>{head}{''.join(rows)}</table>{rest}"


def how(found, labels: dict[str, str], experiment: str) -> list[str]:
    """What stands behind the numbers, in sentences."""
    chosen = [
        f"{labels[name]}: " + ", ".join(f"{key} {value:g}" for key, value in one.choice.items())
        for name, one in found.estimates.items()
        if one.choice
    ]
    return [
        f"The networks are those of the experiment {experiment}. Its validation samples were masked as these data "
        "are, and "
        "estimated by the same methods: from them come all choices"
        + (f" ({'; '.join(chosen)})" if chosen else "")
        + ", the rate of false alarms, the expected errors and the width of the bands. Where data are like those of "
        "training, these hold at their nominal rates; nothing holds where they are not.",
        "The p-value says how often a sample of the training distribution would look at least as odd. A band holds 90 "
        "% "
        "of all pixels on average; where it is wide, the estimate is guesswork.",
    ]
