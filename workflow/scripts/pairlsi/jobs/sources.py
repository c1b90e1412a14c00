"""A digest of the source that a stage runs, found by following its imports.

Rules pass it as a parameter, so that a stage runs again when its code changed in meaning: comments, formatting and
time stamps do not count, and neither do modules that the stage never imports.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # workflow/scripts
PACKAGE = Path(__file__).resolve().parents[1].name
NO_MATTER = {f"{PACKAGE}.jobs.{name}" for name in ("job", "outputs", "provenance")}  # they change no result


def digest(*files: str) -> str:
    """Hash of `files`, given relative to workflow/scripts, and of every module of the package they import."""
    found = set()
    for file in files:
        found |= _reached((ROOT / file).resolve())
    text = "".join(f"{_name(path)}\n{_meaning(path)}\n" for path in sorted(found))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _name(path: Path) -> str:
    """A path that is the same in every checkout; of a user's file its name."""
    return str(path.relative_to(ROOT.parent) if path.is_relative_to(ROOT.parent) else path.name)


@cache
def _reached(start: Path) -> frozenset[Path]:
    """`start` and every module of the package that it imports, at any depth."""
    found, waiting = set(), [start]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():  # what is missing shows when it is run
            continue
        found.add(path)
        for name in _imports(path):
            waiting += _files(name)
    return frozenset(found)


@cache
def _imports(path: Path) -> list[str]:
    """Names of the package's modules that a file imports, inside functions too."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.split(".")[0] == PACKAGE and name not in NO_MATTER]


def _files(name: str) -> list[Path]:
    """The files that importing module `name` runs: its own and those of the packages above it."""
    parts = name.split(".")
    found = [ROOT.joinpath(*parts[:i], "__init__.py") for i in range(1, len(parts) + 1)]
    found.append(ROOT.joinpath(*parts).with_suffix(".py"))
    return [path for path in found if path.is_file()]


@cache
def _meaning(path: Path) -> str:
    """The source without comments and formatting."""
    return ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
