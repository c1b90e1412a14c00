"""Experiments that differ from another one in a few keys: `variant_of` names it, the other keys say what differs."""

import difflib
import re

from pairlsi.core.errors import ConfigError


def complete(experiments: dict, name: str) -> dict:
    """The experiment `name` with what it takes from the one that it is a variant of.

    Raises ConfigError where that is not there or is a variant itself, and where a name stands for no experiment at all
    or may be none.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
        raise ConfigError(
            f"config key 'experiments.{name}': a name is lower-case letters, digits and _, as in 'ct_fine'"
        )
    given = experiments[name]
    others = [other for other in experiments if other != name]
    if isinstance(given, dict) and not {"problem", "variant_of"} & given.keys() and others:
        close = difflib.get_close_matches(str(name), others, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(others)}, which a file may change"
        raise ConfigError(f"config key 'experiments.{name}' has no problem, as an experiment of its own has: {hint}")
    base = given.get("variant_of") if isinstance(given, dict) else None
    if base is None:
        return given
    others = [other for other, said in experiments.items() if isinstance(said, dict) and not said.get("variant_of")]
    if base not in others:
        raise ConfigError(
            f"config key 'experiments.{name}.variant_of' is {base!r}: it may be {', '.join(others) or 'no experiment'}"
        )
    return merged(experiments[base], given)


def names(experiments: dict) -> set[str]:
    """Of the experiments that are variants of another one."""
    return {name for name, said in experiments.items() if isinstance(said, dict) and said.get("variant_of")}


def merged(base: dict, over: dict) -> dict:
    """`over` laid over `base`, dictionaries within them likewise; what is of another kind takes nothing from there."""
    both = dict(base)
    for key, value in over.items():
        inner = isinstance(value, dict) and isinstance(both.get(key), dict)
        same = inner and value.get("kind") in (None, both[key].get("kind", key))
        both[key] = merged(both[key], value) if same else value
    return both


def in_order(config: dict, model: dict) -> dict:
    """`config` with the keys that `model` has too in its order, others behind them, dictionaries within them likewise.

    Snakemake begins with the files of the command line, and the order of entries is one of tables and reports.
    """
    found = {}
    for key in [*(key for key in model if key in config), *(key for key in config if key not in model)]:
        inner = isinstance(config[key], dict) and isinstance(model.get(key), dict)
        found[key] = in_order(config[key], model[key]) if inner else config[key]
    return found


def relatives(experiments: dict, name: str) -> list[str]:
    """The other experiments of the family of `name`: what it is a variant of, that one's other variants, its own."""
    root = experiments[name]["variant_of"] or name
    return [other for other, said in experiments.items() if other != name and (said["variant_of"] or other) == root]
