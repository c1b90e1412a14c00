"""What sections display: text, tables and figures, with mathematics between $ signs, in LaTeX, shown as mathematics."""

import base64
import html
import re
from pathlib import Path

from pairlsi.jobs import outputs

# $…$ within a paragraph; no formula begins or ends with a blank, and the price of two things is none
FORMULA = re.compile(r"(?<![\\$])\$(?![\s$])((?:[^$\n]|\n(?!\s*\n))+?)(?<![\s\\])\$(?![\d$])")
CODE = re.compile(r"(^```.*?^```[^\n]*$|`[^`\n]+`)", re.M | re.S)
VERDICTS = ("held", "not held", "undecided")


def mathematics(text: str) -> str:
    """The text with MathML for what stands between $ signs: browsers show it, and nothing is fetched.

    A formula that cannot be read is shown as it is written.
    """
    return FORMULA.sub(lambda found: _formula(html.unescape(found[1])), text)


def _formula(latex: str) -> str:
    from latex2mathml.converter import convert

    try:
        return convert(" ".join(latex.split()))
    except Exception:  # its errors have no class in common, and a mistake in a description must not cost the report
        return f"<code>{html.escape(latex)}</code>"


def show_text(text: str) -> None:
    """Display Markdown; what is code stays as it is."""
    from IPython.display import Markdown, display

    prose_and_code = CODE.split(text)
    prose_and_code[::2] = map(mathematics, prose_and_code[::2])
    display(Markdown("".join(prose_and_code)))


def show(figure, folder: Path, name: str, caption: str) -> None:
    """Store a figure as folder/name.png and display it with its caption."""
    from IPython.display import HTML, display

    with outputs.written(folder / f"{name}.png") as beside:
        figure.savefig(beside, dpi=160, facecolor="white")
    data = base64.b64encode((folder / f"{name}.png").read_bytes()).decode()
    image = f'<img alt="{html.escape(name)}, see below" src="data:image/png;base64,{data}">'
    display(HTML(f"<figure>{image}<figcaption>{mathematics(html.escape(caption))}</figcaption></figure>"))


def show_table(table, caption: str = "", index: bool = True, otherwise: str = "") -> None:
    """Display a table; verdicts are coloured. `otherwise` is said in place of an empty one."""
    from IPython.display import HTML, display

    if otherwise and table.empty:
        show_text(otherwise)
        return
    text = table.to_html(index=index, na_rep="", border=0, justify="left", escape=True)
    for verdict in VERDICTS:
        text = text.replace(f"<td>{verdict}</td>", f'<td class="{verdict.replace(" ", "-")}">{verdict}</td>')
    display(HTML(f"<figcaption>{mathematics(html.escape(caption))}</figcaption>{mathematics(text)}"))
