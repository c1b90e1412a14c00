"""What is wrong with a config, in sentences: each names the key, the value and what it may be."""

import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

FOLDERS = ("results", "logs", "resources")  # the pathvars that the rules use


class ConfigError(ValueError):
    """The config says what it may not; the message has one line a mistake."""


def together(*calls: Callable):
    """What all of these return; raise one ConfigError with the lines of all that raise one."""
    found, lines = [], []
    for call in calls:
        try:
            found.append(call())
        except ConfigError as error:
            lines += [line for line in str(error).split("\n") if line not in lines]
    if lines:
        raise ConfigError("\n".join(lines))
    return found


def parse(model: type[BaseModel], given, key: str) -> BaseModel:
    """Return `model` made from `given`; raise ConfigError with one line a mistake, each naming its key."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        lines = [_sentence(model, e, key) for e in error.errors()]
        raise ConfigError("\n".join(lines)) from None


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_files(paths) -> None:
    """Raise ConfigError for a key that stands in one of these config files twice: YAML would keep the last alone."""
    lines = []
    for path in paths:
        tree = yaml.compose(Path(path).read_text(encoding="utf-8"), LOADER)
        for key, first, second in _twice(tree):
            lines.append(
                f"config key '{key}' stands in {path} twice, in lines {first} and {second}, and only the last would "
                "count: put both into one"
            )
    if lines:
        raise ConfigError("\n".join(lines))


def read_file(path) -> dict:
    """What a config file says, in its order."""
    loader = LOADER(Path(path).read_text(encoding="utf-8"))
    try:
        return loader.get_single_data() or {}
    finally:
        loader.dispose()


def with_files(error: ConfigError, paths) -> str:
    """The lines of an error, each with the config file in which the key that it names stands; of several the one that
    counts. paths: as Snakemake has them, those of the command line first, of which the last counts most.
    """
    paths = list(paths)
    said = {path: read_file(path) for path in [*paths[-1:], *paths[:-1]]}
    return "\n".join(line + _stands_in(line, said) for line in str(error).split("\n"))


def _stands_in(line: str, said: dict) -> str:
    found = re.match(r"config key '([^']+)'", line)
    for path, there in reversed(list(said.items()) if found else []):
        *above, last = found[1].split(".")
        for key in above:
            there = there.get(key) if isinstance(there, dict) else None
        if isinstance(there, dict) and last in there:
            return f" (in {path})"
    return ""


def _twice(node, above: tuple[str, ...] = ()):
    """Yield each key that a mapping at or below a node of YAML has twice, with the lines of both, from 1 on."""
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            yield from _twice(entry, above)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in seen and not key.tag.endswith(":merge"):  # several << are one merge
            yield ".".join((*above, name)), seen[name], line
        seen[name] = line
        yield from _twice(value, (*above, name))


def check_folders(pathvars: dict) -> dict:
    """Return `pathvars` with each folder in its plainest form, without a slash at the end.

    Raises ConfigError for a name that no rule knows, and for a folder that a shell might read otherwise: names of files
    travel in command lines.
    """
    for name, folder in pathvars.items():
        if name not in FOLDERS:
            raise ConfigError(f"config key 'pathvars.{name}' is unknown: it may be {', '.join(FOLDERS)}")
        if not re.fullmatch(r"[\w./][\w./+-]*", str(folder)):
            raise ConfigError(
                f"config key 'pathvars.{name}' is {folder!r}: a folder of letters, digits and . / _ + - as results/mine"
            )
    return {name: os.path.normpath(str(folder)) for name, folder in pathvars.items()}


def _sentence(model: type[BaseModel], error: dict, key: str) -> str:
    keys, _ = _walk(model, error["loc"])
    where = ".".join([key, *keys])
    if error["type"] == "extra_forbidden":
        allowed = list(getattr(_walk(model, error["loc"][:-1])[1], "model_fields", {}))
        close = difflib.get_close_matches(str(error["loc"][-1]), allowed, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"it may be {', '.join(allowed)}"
        return f"config key '{where}' is unknown: {hint}"
    if error["type"].startswith("union_tag"):  # of alternatives told apart by their key kind
        where += ".kind"
    if error["type"] == "union_tag_invalid":
        return f"config key '{where}' is {error['ctx']['tag']!r}: it may be {error['ctx']['expected_tags']}"
    if error["type"] in ("missing", "union_tag_not_found"):
        return f"config key '{where}' is missing: see config.yaml for what it means"
    message = error["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
    return f"config key '{where}' is {error['input']!r}: {message}"


def _walk(model, location) -> tuple[list[str], type | None]:
    """The keys of the config along pydantic's `location` within `model`, and what is expected there."""
    keys = []
    for part in location:
        if len(alternatives := _alternatives(model)) > 1:  # the part is pydantic's tag of one, no key of the config
            model = next((m for m in alternatives if part in get_args(m.model_fields["kind"].annotation)), None)
            continue
        keys.append(str(part))
        field = getattr(alternatives[0], "model_fields", {}).get(part)
        model = field.annotation if field else None
    return keys, _alternatives(model)[0]


def _alternatives(model) -> list:
    """What a value may be besides None: the members of a union, else the model itself."""
    if get_origin(model) is Annotated:
        return _alternatives(get_args(model)[0])
    if get_origin(model) in (Union, UnionType):
        return [m for member in get_args(model) if member is not NoneType for m in _alternatives(member)]
    return [model]
