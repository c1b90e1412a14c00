"""Instances of parts: what a config says under `networks`, `observations`, `methods` and `sections`."""

import re
from functools import partial
from typing import NamedTuple

from pairlsi.core.base import Strict
from pairlsi.core.errors import ConfigError, parse, together
from pairlsi.core.parts import Part, find

COSMETIC = ("label", "colour")
NAME = r"[a-z][a-z0-9-]*"


class Instance(NamedTuple):
    """A part as a config asks for it: under which name, of which class, with which settings."""

    name: str
    part: type[Part]
    settings: Strict

    @property
    def said(self) -> dict:
        """The same as plain data: kind and complete settings."""
        return {"kind": self.part.kind, **self.settings.model_dump()}

    @property
    def meaning(self) -> dict:
        """What results depend on: the same without words and colours."""
        return {key: value for key, value in self.said.items() if key not in COSMETIC}


def instance(room: str, name: str, said: dict | None, key: str) -> Instance:
    """The instance that an entry of a config describes; `key` is its place there, without a kind it is of that of its
    name. Raises ConfigError naming the key.
    """
    if not re.fullmatch(NAME, str(name)):
        raise ConfigError(f"config key '{key}': a name is lower-case letters, digits and -, as in 'lsi-huber'")
    if not isinstance(said, dict):
        raise ConfigError(f"config key '{key}' is {said!r}: it should be a mapping, {{}} for one that says nothing")
    kind = said.get("kind", name)
    try:
        part = find(room, str(kind))
    except ConfigError as error:
        where = f"'{key}.kind' is {kind!r}" if "kind" in said else f"'{key}' has no kind, and {name!r} is none"
        raise ConfigError(f"config key {where}: {error}") from None
    settings = parse(part.Settings, {name: value for name, value in said.items() if name != "kind"}, key)
    return Instance(str(name), part, settings)


def instances(room: str, given: dict, key: str) -> dict[str, Instance]:
    """Those of every entry of a block of a config; an entry that is null is none, as where a variant takes one out."""
    said = {name: one for name, one in (given or {}).items() if one is not None}
    found = together(*(partial(instance, room, name, one, f"{key}.{name}") for name, one in said.items()))
    return dict(zip(said, found, strict=True))
