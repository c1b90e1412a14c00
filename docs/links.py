"""A hook of mkdocs: links out of docs/ into the repository, which a forge follows, lead nowhere on a site.

They are shown as the name of what they lead to; pictures that the workflow made are copied into the site; formulas
between $$ become MathML, which browsers show without a script.
"""

import re
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "workflow" / "report"


def on_page_markdown(markdown: str, page, **_) -> str:
    """The page's text with links to files of the repository as code, and pictures beside it."""
    up = "../" * (page.file.src_uri.count("/") + 1)

    def replaced(match: re.Match) -> str:
        picture, text, target = match.groups()
        path = (ROOT / "docs" / page.file.src_uri).parent / target.partition("#")[0]
        if not path.exists():
            raise ValueError(f"{page.file.src_uri} links to {target}, which is not there")
        if picture:
            return f"![{text}]({up.removesuffix('../')}pictures/{path.name})"
        return f"{text} (`{path.resolve().relative_to(ROOT)}`)"

    outside = rf"(!?)\[([^\]]*)\]\(({re.escape(up)}[^)]+)\)"
    inside = r"()\[([^\]]*)\]\(((?:own-problem|own-method)/[^)]*)\)"
    linked = re.sub(inside, replaced, re.sub(outside, replaced, markdown))
    return re.sub(r"\$\$(.+?)\$\$", lambda match: convert(match[1], display="block"), linked, flags=re.DOTALL)


def on_files(files, config, **_):
    """The site's files and the pictures, which links to them are then checked against and lead to from any page."""
    for picture in sorted(PICTURES.glob("*.png")):
        files.append(File.generated(config, f"pictures/{picture.name}", abs_src_path=str(picture)))
    return files
