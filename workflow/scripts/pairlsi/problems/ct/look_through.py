"""A first look at a folder of real images: what lies there, whether it can be read, what `scale` should be."""

import base64
import io
from collections import Counter
from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np

from pairlsi.problems.ct import detect2d, image_files
from pairlsi.problems.ct.image_files import ImagesError

LOOKED_AT = 24  # slices whose values are read, spread over all
BRIGHTEST = 0.999  # quantile of all pixels that is to become a relative attenuation of about 1


def survey(folder: str | Path, counts: Mapping[str, int], scale: float) -> dict:
    """What lies under a folder: "slices", "objects", "others" (of the other mixture), "pixels" -> how many slices have
    that size, "unreadable" -> why, "quantiles" of grey values, "scale" that they suggest, "short" -> a sentence where
    the samples asked for, split -> number, cannot be had; "shown": up to 12 slices (n, 64, 64) at the scale in use.

    Raises FileNotFoundError and ImagesError as `detect2d.find_slices` does.
    """
    found = detect2d.find_slices(folder)
    numbers = np.array(list(found))
    told = {"slices": len(numbers), "others": int(np.isin(numbers, detect2d.OOD).sum())}
    told["objects"] = len({detect2d.object_of(number) for number in numbers if number <= detect2d.LAST[-1]})
    sizes, unreadable, values, shown = Counter(), {}, [], []
    for number in numbers[np.unique(np.linspace(0, len(numbers) - 1, LOOKED_AT).round().astype(int))]:
        try:
            image_files.check_whole(found[number])
            image = image_files.read(found[number]).astype(np.float64)
        except ImagesError as error:
            unreadable[str(found[number])] = str(error)
            continue
        sizes["x".join(map(str, image.shape))] += 1
        values.append(np.random.default_rng(int(number)).choice(image.ravel(), min(image.size, 20000)))
        if image.ndim == 2 and image.shape[0] == image.shape[1] and len(shown) < 12:
            shown.append(np.maximum(detect2d.shrink(image, min(64, len(image))) / scale, 0))
    told |= {"pixels": dict(sizes), "unreadable": unreadable, "shown": shown}
    if values:
        every = np.concatenate(values)
        told["quantiles"] = {q: float(np.quantile(every, q)) for q in (0.0, 0.5, 0.9, 0.99, BRIGHTEST, 1.0)}
        told["scale"] = float(f"{told['quantiles'][BRIGHTEST]:.2g}")
    try:
        detect2d.split_slices(numbers.tolist(), counts, 0)
        told["short"] = ""
    except ImagesError as error:
        told["short"] = str(error)
    return told


def page(told: dict, folder: str, scale: float) -> str:
    """The survey as HTML that needs no other file."""
    sentences = [
        f"{told['slices']} slices lie under {folder}: of {told['objects']} of the {detect2d.OBJECTS} objects, and "
        f"{told['others']} of the other mixture.",
        f"Of {LOOKED_AT} that were looked at, or all if there are fewer, "
        + (", ".join(f"{count} have {size} pixels" for size, count in told["pixels"].items()) or "none could be read")
        + f"; the data set's have {detect2d.SIZE} x {detect2d.SIZE}.",
    ]
    if "scale" in told:
        apart = max(told["scale"] / scale, scale / told["scale"])
        sentences.append(
            f"With source.scale {scale:g} as in the config, values of {told['scale']:g}, which all but the brightest "
            f"{1 - BRIGHTEST:.1%} of the pixels stay below, become {told['scale'] / scale:.2g}; about 1 is meant: "
            + ("that will do." if apart < 1.5 else f"set it to {told['scale']:g}.")
        )
        sentences.append(
            "Grey values, by the part of the pixels below: "
            + ", ".join(f"{value:.3g} ({part:.1%})" for part, value in told["quantiles"].items())
            + "."
        )
    sentences.append(
        told["short"] or "The samples that the config asks for can be had of them, whole objects to a split."
    )
    sentences += [f"Could not be read: {path}: {why}" for path, why in told["unreadable"].items()]
    sentences.append(
        "Nobody has run this on the whole data set yet: if something is not as you expect it, that is worth an issue."
    )
    picture = f'<img alt="slices" src="data:image/png;base64,{montage(told["shown"])}">' if told["shown"] else ""
    body = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    style = "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto}img{max-width:100%}</style>"
    head = f'<!doctype html><meta charset="utf-8"><title>{escape(folder)}</title>{style}'
    return f"{head}<h1>{escape(folder)}</h1>{body}{picture}"


def montage(images: list[np.ndarray]) -> str:
    """Slices side by side, grey from 0 to 1 and red beyond, as base64 of a PNG."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.6 * int(np.ceil(len(images) / 6))), layout="constrained")
    for axes, image in zip(figure.subplots(-(-len(images) // 6), 6, squeeze=False).flat, images, strict=False):
        axes.imshow(image, cmap=colormaps["gray"].with_extremes(over="#C44E52"), vmin=0, vmax=1)
    for axes in figure.axes:
        axes.axis("off")
    content = io.BytesIO()
    figure.savefig(content, dpi=110, format="png")
    return base64.b64encode(content.getvalue()).decode()
