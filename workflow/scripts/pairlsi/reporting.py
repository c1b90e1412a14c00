"""Reports: a percent-format notebook run by papermill and exported as one self-contained HTML file."""

import base64
import html as html_text
import importlib.util
import re
from pathlib import Path

import yaml

from pairlsi import kernel, outputs, provenance

NEEDS = ("IPython", "ipykernel", "jupytext", "matplotlib", "nbconvert", "papermill")
STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1.5rem; color: #222; }
h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 2.4em; border-bottom: 1px solid #ddd; padding-bottom: .2em; }
table { border-collapse: collapse; font-size: .86em; margin: 1em 0; display: block; overflow-x: auto; }
th, td { padding: .3em .7em; border-bottom: 1px solid #e4e4e4; text-align: left; vertical-align: top; }
thead th { background: #f6f6f6; } figure { margin: 1.6em 0; } figure img { max-width: 100%; }
figcaption { font-size: .9em; color: #555; max-width: 52rem; }
.anchor-link, .jp-InputPrompt, .jp-OutputPrompt { display: none; }
.held { color: #1a7f37; font-weight: 600; } .not-held { color: #b3261e; font-weight: 600; }
.undecided, .not-tested { color: #8a6100; font-weight: 600; } code, pre { background: #f6f6f6; font-size: .86em; }
pre { padding: .8em; overflow-x: auto; } @media print { body { max-width: none; } }
"""


class ReportError(RuntimeError):
    """The report could not be made; the message names the notebook with its traceback."""


def missing() -> list[str]:
    """Which of the packages that a report needs are not installed; quick to say, since none is imported."""
    return [package for package in NEEDS if importlib.util.find_spec(package) is None]


def takes_results(notebook: Path) -> bool:
    """Whether a percent-format notebook has a cell tagged "parameters" that sets `results`: cheap, while planning."""
    cells = re.split(r"^# %%", notebook.read_text(encoding="utf-8"), flags=re.M)
    tagged = [cell for cell in cells if re.match(r"[^\n]*tags=\[[^\n]*[\"']parameters[\"']", cell)]
    return any(re.search(r"^results\s*(:[^=]+)?=", cell, re.M) for cell in tagged)


def write_settings(experiment: dict, relatives: list[str], source: str, path: str) -> None:
    """Store the effective settings of an experiment, the names of its variants and where its report comes from."""
    told = {"settings": experiment, "relatives": relatives, "source": source, "provenance": provenance.describe()}
    with outputs.written(path) as beside:
        beside.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), encoding="utf-8")


def run(notebook: Path, results: Path, executed: Path, html: Path) -> None:
    """Run `notebook` on the results folder of one experiment; keep it, with its outputs, at `executed`.

    The notebook's parameter `results` is the folder. Raises ReportError where a cell fails.
    """
    import jupytext
    import papermill
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    if not notebook.is_file():
        raise ReportError(f"there is no notebook {notebook.resolve()}: write one, or ask for metrics.csv alone")
    executed.parent.mkdir(parents=True, exist_ok=True)
    source = executed.with_suffix(".source.ipynb")
    jupytext.write(jupytext.read(notebook), source)
    if "results" not in papermill.inspect_notebook(source):
        raise ReportError(f"{notebook} has no cell tagged 'parameters' that sets 'results'")
    with kernel.of_this_python() as (name, folder):
        try:
            papermill.execute_notebook(
                source,
                executed.resolve(),  # the notebook runs in a folder of its own
                {"results": str(results)},
                kernel_name=name,
                language="python",
                cwd=folder,
                progress_bar=False,
                log_output=True,
            )
        except papermill.PapermillExecutionError as error:
            raise ReportError(f"the report failed: {error.ename}: {error.evalue}\nsee {executed}") from error
        finally:
            source.unlink()
        exporter = HTMLExporter(
            config=Config({"TemplateExporter": {"exclude_input": True, "exclude_output_prompt": True}}),
            template_name="basic",
            extra_template_basedirs=[],  # by default the working directory
        )
        body, _ = exporter.from_filename(str(executed))
    title = f"PAIR + LSI: {results.name}"
    page = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html_text.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body>{body}</body></html>\n"
    )
    with outputs.written(html) as beside:
        beside.write_text(page, encoding="utf-8")


def show(figure, folder: Path, name: str, caption: str) -> None:
    """Store a figure as folder/name.png and display it in the notebook with its caption."""
    from IPython.display import HTML, display

    with outputs.written(folder / f"{name}.png") as beside:
        figure.savefig(beside, dpi=160, facecolor="white")
    data = base64.b64encode((folder / f"{name}.png").read_bytes()).decode()
    caption = html_text.escape(caption)
    image = f'<img alt="{caption}" src="data:image/png;base64,{data}">'
    display(HTML(f"<figure>{image}<figcaption>{caption}</figcaption></figure>"))


def show_text(text: str) -> None:
    """Display Markdown in the notebook."""
    from IPython.display import Markdown, display

    display(Markdown(text))


def show_table(table, caption: str = "", index: bool = True, otherwise: str = "") -> None:
    """Display a table in the notebook; verdicts are coloured. `otherwise` is said in place of an empty one."""
    from IPython.display import HTML, display

    if otherwise and table.empty:
        show_text(otherwise)
        return
    text = table.to_html(index=index, na_rep="", border=0, justify="left", escape=True)
    for verdict in ("held", "not held", "undecided"):
        text = text.replace(f"<td>{verdict}</td>", f'<td class="{verdict.replace(" ", "-")}">{verdict}</td>')
    display(HTML(f"<figcaption>{html_text.escape(caption)}</figcaption>{text}"))
