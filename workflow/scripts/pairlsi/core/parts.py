"""Parts: what a user may add. One class in one file that says all about itself, so that everything else only asks.

A room (problems, observations, networks, methods, reports.sections) is a folder of the package whose `__init__` has
the room's base class, a `Part`. A *kind* of part is the name of a module in that folder, with - for _, or the path of
a Python file, relative to the folder of a config file. The module has one class derived from the room's base, with a
label; bases that several kinds share live in modules of their own, and have none. A config names
*instances*: an entry without `kind` is of the kind of its name. Listing and checking import no heavy library: parts
import torch, astra, deepwave and matplotlib where they use them.
"""

import difflib
import hashlib
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
from functools import cache
from pathlib import Path
from typing import ClassVar

from pairlsi.core.base import Strict
from pairlsi.core.errors import ConfigError

PACKAGE = __name__.split(".")[0]
FOLDERS = "PAIRLSI_PARTS"  # environment variable: the folders of the config files


class Part:
    """What all parts say of themselves.

    room: its folder in the package; label: its name in tables and legends; description: what it is, a sentence or
    two; colour: of its
    curves and bars, where it has any;
    Settings: a pydantic model of what the config may say of it, every key with a description; kind: as the config
    names it, set when it is found.
    """

    room: ClassVar[str] = ""
    label: ClassVar[str] = ""
    description: ClassVar[str] = ""
    colour: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    class Settings(Strict):
        """Nothing to be set."""

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        """Why an instance with these settings does not fit an experiment, as "key is …: why" with the key within the
        instance, or a sentence; None where it fits. Asked while planning.

        experiment: `config.Experiment`.
        """
        return None


def find(room: str, kind: str) -> type[Part]:
    """The class of this kind. Raises ConfigError with a sentence where there is none."""
    if kind.endswith(".py"):
        return _in_file(room, kind, file_of(kind))
    name = f"{PACKAGE}.{room}.{kind.replace('-', '_')}"
    found = kind.replace("-", "_").isidentifier() and importlib.util.find_spec(name)
    part = _part_of(importlib.import_module(name), room) if found else None
    if part is None:
        close = difflib.get_close_matches(kind, kinds(room), 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigError(
            f"{hint}the kind may be {', '.join(kinds(room))}, or the path of a Python file that ends in .py"
        )
    part.kind = kind
    return part


def look_in(folders) -> None:
    """From now on look for files of parts in these folders, in this order; processes to come inherit it."""
    os.environ[FOLDERS] = os.pathsep.join(map(str, dict.fromkeys(folders)))


def look_in_too(folders) -> None:
    """Look for files of parts in these folders as well, after those where they are looked for already."""
    look_in([*os.environ.get(FOLDERS, os.curdir).split(os.pathsep), *folders])


def file_of(kind: str) -> Path:
    """The file that a kind which ends in .py names, looked for where `look_in` said, else in the working directory.

    Raises ConfigError where there is none.
    """
    folders = [Path(folder) for folder in os.environ.get(FOLDERS, os.curdir).split(os.pathsep)]
    for folder in folders:
        if (path := folder / kind).is_file():
            return path.resolve()
    raise ConfigError(f"there is no such file; it was looked for in {' and '.join(str(f.resolve()) for f in folders)}")


@cache
def kinds(room: str) -> tuple[str, ...]:
    """The kinds of a room that come with the package."""
    folder = importlib.import_module(f"{PACKAGE}.{room}").__path__
    names = (f"{PACKAGE}.{room}.{module.name}" for module in pkgutil.iter_modules(folder))
    found = [name for name in names if _says_label(name) and _part_of(importlib.import_module(name), room)]
    return tuple(name.rpartition(".")[2].replace("_", "-") for name in found)


def source_of(room: str, kind: str) -> Path:
    """The file that holds a kind, for digests of sources."""
    if kind.endswith(".py"):
        return file_of(kind)
    return Path(importlib.util.find_spec(f"{PACKAGE}.{room}.{kind.replace('-', '_')}").origin)


def _says_label(name: str) -> bool:
    """Whether a module has a class with a label, by its text alone: what helps parts may be heavy to import."""
    text = Path(importlib.util.find_spec(name).origin).read_text(encoding="utf-8")
    return re.search(r"^    label = ", text, re.M) is not None


def _in_file(room: str, kind: str, file: Path) -> type[Part]:
    name = f"{PACKAGE}_part_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[name]
            raise ConfigError(f"{file} cannot be imported: {type(error).__name__}: {error}") from error
    part = _part_of(sys.modules[name], room)
    if part is None:
        raise ConfigError(f"{file} has no class with a label derived from {PACKAGE}.{room}.{_base(room).__name__}")
    part.kind = kind
    return part


def _base(room: str) -> type[Part]:
    return importlib.import_module(f"{PACKAGE}.{room}").BASE


def _part_of(module, room: str) -> type[Part] | None:
    """The part that a module defines, None where there is none. Raises ConfigError where there are several."""
    base = _base(room)
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value is not base
        and value.__module__ == module.__name__
        and "label" in vars(value)
    ]
    if len(found) > 1:
        raise ConfigError(f"{module.__file__} has several parts, {', '.join(p.__name__ for p in found)}: one to a file")
    return found[0] if found else None
