"""A digest of the source that a stage runs, found by following its imports.

Rules pass it as a parameter, so that a stage runs again when its code changed in meaning: comments, formatting and
time stamps do not count, and neither do modules that the stage never imports.
"""

import ast
import atexit
import contextlib
import hashlib
import json
import os
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # workflow/scripts
PACKAGE = Path(__file__).resolve().parents[1].name
NO_MATTER = {f"{PACKAGE}.jobs.{name}" for name in ("job", "outputs", "provenance")}  # they change no result


@cache
def digest(*files: str) -> str:
    """Hash of `files`, given relative to workflow/scripts, and of every module of the package they import."""
    found = set()
    for file in files:
        found |= _reached((ROOT / file).resolve())
    text = "".join(f"{_name(path)}\n{_read(path)[1]}\n" for path in sorted(found, key=_parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _parts(path: Path) -> tuple[str, ...]:
    return path.parts


@cache
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
        for name in _read(path)[0]:
            waiting += _files(name)
    return frozenset(found)


@cache
def _read(path: Path) -> tuple[list[str], str]:
    """Names of the package's modules that a file imports, inside functions too; and its source without comments and
    formatting.
    """
    content = path.read_bytes()
    key = hashlib.sha256(content).hexdigest()
    if key not in _known:
        _known[key] = _understood(content)
    _seen[key] = _known[key]
    names, meaning = _known[key]
    return names, meaning


def _understood(content: bytes) -> tuple[list[str], str]:
    tree = ast.parse(content)
    names = []
    for node in _statements(tree.body):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    ours = [name for name in names if name.split(".")[0] == PACKAGE and name not in NO_MATTER]
    return ours, ast.unparse(tree)


_known: dict[str, tuple[list[str], str]] = {}  # of earlier runs too, by digest of a file's content
_seen: dict[str, tuple[list[str], str]] = {}


def remember(file: Path) -> None:
    """Keep what files say in a JSON file from run to run: understanding them takes a third of the time to plan.

    What cannot be read or written there is understood anew.
    """
    version = [sys.version, PACKAGE, sorted(NO_MATTER)]  # another Python may write a source in other words
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["by"] == version:
            _known.update(kept["files"])

    def write() -> None:
        if _seen.keys() <= before:
            return
        beside = file.with_name(f"{file.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            beside.write_text(json.dumps({"by": version, "files": _seen}), encoding="utf-8")
            beside.replace(file)

    before = set(_known)
    atexit.register(write)


def _statements(body: list[ast.stmt]):
    """All statements, those within others too; unlike `ast.walk` without looking into expressions."""
    for node in body:
        yield node
        for inner in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(node, inner, ()))


@cache
def _files(name: str) -> list[Path]:
    """The files that importing module `name` runs: its own and those of the packages above it."""
    parts = name.split(".")
    found = [ROOT.joinpath(*parts[:i], "__init__.py") for i in range(1, len(parts) + 1)]
    found.append(ROOT.joinpath(*parts).with_suffix(".py"))
    return [path for path in found if path.is_file()]
