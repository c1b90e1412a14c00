"""A report's notebook: a cell for each section, run by papermill and exported as one self-contained HTML file."""

import html as html_text
import importlib.util
import json
from pathlib import Path

import yaml

from pairlsi.jobs import outputs
from pairlsi.reports import kernel

NEEDS = ("IPython", "ipykernel", "latex2mathml", "matplotlib", "nbconvert", "nbformat", "papermill")
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


def written(headings: dict[str, str]):
    """The notebook of a report, not yet run; headings: name of a section -> its heading, "" for none."""
    from nbformat import v4

    first = v4.new_code_cell('results = ""', metadata={"tags": ["parameters"]})
    cells = [first, v4.new_code_cell("from pairlsi.reports.report import Report\n\nreport = Report(results)")]
    for name, heading in headings.items():
        cells += [v4.new_markdown_cell(f"## {heading}")] if heading else []
        cells.append(v4.new_code_cell(f"report.show({json.dumps(name)})"))
    return v4.new_notebook(cells=cells)


def run(headings: dict[str, str], results: Path, executed: Path, html: Path) -> None:
    """Run the notebook of these sections on the results folder of one experiment and export it; keep it at `executed`.

    Raises ReportError where a section fails.
    """
    import nbformat
    import papermill
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    executed.parent.mkdir(parents=True, exist_ok=True)
    source = executed.with_suffix(".source.ipynb")
    nbformat.write(written(headings), source)
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
        body, _ = exporter.from_notebook_node(without_empty(nbformat.read(executed, as_version=4)))
    title = f"PAIR + LSI: {results.name}"
    page = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html_text.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body>{body}</body></html>\n"
    )
    with outputs.written(html) as beside:
        beside.write_text(page, encoding="utf-8")


def without_empty(notebook):
    """The notebook that was run less the cells that displayed nothing, and the headings above them."""
    cells = notebook.cells
    empty = {n for n, cell in enumerate(cells) if cell.cell_type == "code" and not cell.outputs}
    empty |= {n - 1 for n in empty if n and cells[n - 1].cell_type == "markdown"}
    notebook.cells = [cell for n, cell in enumerate(cells) if n not in empty]
    return notebook


def write_settings(record: dict, path: str) -> None:
    """Store the record of the report, the effective settings of its experiment among it, where sections find it."""
    with outputs.written(path) as beside:
        beside.write_text(yaml.safe_dump(record, sort_keys=False, allow_unicode=True), encoding="utf-8")
