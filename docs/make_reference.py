"""Write docs/reference/: every key of a config, from the settings' own descriptions; a test holds it against them.

python docs/make_reference.py, or make reference.
"""

import importlib
import re
import sys
import types
import typing
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "workflow" / "scripts"))

from pydantic import BaseModel  # noqa: E402
from pydantic_core import PydanticUndefined  # noqa: E402

from pairlsi import config  # noqa: E402
from pairlsi.core import parts  # noqa: E402

NOTE = "*Made by `make reference` from the source; edit the descriptions there.*\n"
ROOMS = {
    "problems": ("Problems", "A sampler of x and the forward operator: `problem: {kind: …}`."),
    "observations": ("Observations", "What happens to data before they reach us: entries of `observations`."),
    "networks": ("Networks", "What is trained: entries of `networks`."),
    "methods": ("Methods", "What estimates are made with: entries of `methods`."),
    "reports.sections": ("Sections of the report", "Entries of `sections`, beside those of the problem."),
}


def of_settings(model: type[BaseModel], level: int = 0, besides: type[BaseModel] | None = None) -> list[str]:
    """Lines of a list of keys, those of settings within settings too; besides: whose keys are told elsewhere."""
    lines = []
    for name, field in model.model_fields.items():
        if besides and name in besides.model_fields and field == besides.model_fields[name]:
            continue
        inner = inner_models(field.annotation)
        told = field.description or (summary(inner[0]) if inner else "")
        default = "required" if field.is_required() else f"default `{shown(field)}`"
        bounds = "".join(f", {bound}" for bound in bounds_of(field))
        where = "" if inner and not field.description else f" — {type_name(field.annotation)}{bounds}, {default}"
        lines.append(f"{'    ' * level}- **`{name}`**{where}{': ' if told else ''}{told}")
        for one in inner:
            if len(inner) > 1:
                lines.append(f"{'    ' * (level + 1)}- of kind `{one.__name__}`: {summary(one)}")
            lines += of_settings(one, level + 1 + (len(inner) > 1))
    return lines


def inner_models(annotation) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found = [model for one in typing.get_args(annotation) for model in inner_models(one)]
    return list(dict.fromkeys(found))


def summary(model: type) -> str:
    """The first line of a docstring."""
    return (model.__doc__ or "").strip().split("\n")[0]


def shown(field) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "{}" if value == type(value).model_construct() else "as below"
    return "null" if value in (None, PydanticUndefined) else str(value)


def type_name(annotation) -> str:
    """A type in the words of a config."""
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_name(inside[0])
    if origin is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in inside)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_name(one) for one in inside))
    if origin in (list, tuple, set):
        return f"list of {type_name(inside[0])}" if inside else "list"
    if origin is dict:
        return f"{type_name(inside[1])} by name"
    words = {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "null", dict: "mapping"}
    return words.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())


def bounds_of(field) -> list[str]:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    words |= {"min_length": "entries at least", "max_length": "entries at most"}
    return [
        f"{word} {getattr(data, key)}" for data in field.metadata for key, word in words.items() if hasattr(data, key)
    ]


def of_room(room: str) -> str:
    """The page of a room: each kind with its description and keys."""
    title, told = ROOMS[room]
    lines, shared = [f"# {title}", "", told, "", NOTE], importlib.import_module(f"pairlsi.{room}").BASE.Settings
    if shared.model_fields:
        lines += ["## Keys of all kinds", "", *of_settings(shared), ""]
    for kind in parts.kinds(room):
        part = parts.find(room, kind)
        lines += [f"## `{kind}`", "", f"**{part.label.rstrip('.?')}.** {part.description or summary(part)}", ""]
        lines += [*of_settings(part.Settings, besides=shared), ""]
    return page(lines)


def of_config() -> str:
    """The page of what every experiment has."""
    lines = ["# The config, key by key", "", "What an experiment says beside its parts.", "", NOTE]
    for name, field in config.Said.model_fields.items():
        inner = inner_models(field.annotation)
        lines += [f"## `{name}`", "", field.description or (summary(inner[0]) if inner else ""), ""]
        for one in inner:
            lines += of_settings(one)
        lines.append("")
    return page(lines)


def page(lines: list[str]) -> str:
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def pages() -> dict[str, str]:
    """Name of a file below docs/reference -> its text."""
    made = {"config.md": of_config()}
    return made | {f"{room.rpartition('.')[2]}.md": of_room(room) for room in ROOMS}


if __name__ == "__main__":
    (HERE / "reference").mkdir(exist_ok=True)
    for name, text in pages().items():
        (HERE / "reference" / name).write_text(text, encoding="utf-8")
