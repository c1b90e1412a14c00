"""Copy the pictures of README and site from what lies in results/, and write docs/gallery.md (make record)."""

import shutil
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ROOT / "workflow" / "report"
RUN, MORE, TILT = "make run", "make run PRESET=more", "make run PRESET=tilt"
WRONG = "make run PRESET=inconsistent"
PICTURES = {  # name -> figure, command that makes it, what is to be seen
    "ct": (
        "ct/figures/overview",
        RUN,
        "A test image, its data with angles missing, and what the methods of the paper make of them.",
    ),
    "surrogates": (
        "ct/figures/figure-3",
        RUN,
        "The paper's Figure 3: surrogate metrics of full data, and behind a block before and after LSI.",
    ),
    "ranking": ("ct/figures/errors", RUN, "Tomography: errors of all methods, mask by mask."),
    "iterations": (
        "ct/figures/choices",
        MORE,
        "Error over iterations, validation images: without a prior it rises again, with one it is flat from the start.",
    ),
    "inconsistencies": (
        "ct/figures/inconsistencies",
        RUN,
        "Tomography with data that something is wrong with; bars: how often the trust raises an alarm.",
    ),
    "severities": (
        "ct/figures/percent",
        WRONG,
        "Errors of all methods against how much is missing or wrong, on all test images.",
    ),
    "trust": ("ct/figures/trust", RUN, "Whether expected errors are right, and alarms as rare as they say."),
    "roc": (
        "ct/figures/roc",
        RUN,
        "How often data that something is wrong with are noticed, against false alarms, by kind and severity.",
    ),
    "crosswell": (
        "crosswell/figures/overview",
        RUN,
        "A velocity model between two wells, what three of 32 receivers a well recorded, and what methods make of it.",
    ),
    "receivers": (
        "crosswell/figures/figure-7",
        RUN,
        "The paper's Figure 7: errors over the percentage of receivers missing.",
    ),
    "where-to-measure": (
        "ct/figures/where-to-measure",
        RUN,
        "Which angles to measure, when only some can be, and what that gains.",
    ),
    "bounds": (
        "linear/figures/bounds",
        RUN,
        "A linear problem whose answers are known: errors beside the theory's bounds.",
    ),
    "needle": (
        "tilt/predictions/needle/figures/volume",
        TILT,
        "A needle measured by electron tomography (NIST's ETSpy), by filtered backprojection and by LSI.",
    ),
}


def page() -> str:
    """The gallery, as Markdown."""
    lines = ["# Gallery", "", "Every picture with the command that makes it; `make record` brings them here."]
    for name, (figure, command, told) in PICTURES.items():
        lines += ["", f"![{told}](../workflow/report/{name}.png)", "", f"*{told} `{command}`: `results/{figure}.png`.*"]
    return "\n".join(lines) + "\n"


def rows(picture: Path, count: int) -> Image.Image:
    """The first rows of cuts through a volume, of which a row is 2.6 high where all are 9 wide."""
    whole = Image.open(picture)
    return whole.crop((0, 0, whole.width, round(count * whole.width * 2.6 / 9)))


def copy(results: Path) -> list[str]:
    """Copy the pictures that there are in a folder of results; returned are the names of those that there are not."""
    missing = []
    for name, (figure, _, _) in PICTURES.items():
        made = results / f"{figure}.png"
        if made.is_file():
            shutil.copy(made, SHOWN / f"{name}.png")
            if name == "needle":  # filtered backprojection and the first method
                rows(made, 2).save(SHOWN / f"{name}.png", optimize=True)
        else:
            missing.append(name)
    return missing


if __name__ == "__main__":
    missing = copy(Path(sys.argv[1]))
    if missing:
        print(f"left as they were, since results/ has none: {', '.join(missing)}", file=sys.stderr)
    (ROOT / "docs" / "gallery.md").write_text(page(), encoding="utf-8")
