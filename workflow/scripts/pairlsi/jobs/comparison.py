"""Whether what lies in the results folder comes from the present settings and sources, as a table."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pairlsi.jobs import provenance

SHOWN = 3  # keys of a result that differs
RECORDS = ("data/*.zarr", "data/*.json", "networks/*/seed-*/settings.json", "inference/*/*/seed-*/estimates.zarr")


class DifferenceError(RuntimeError):
    """Results that differ from what the present settings and sources would make."""


def compare(results: Path, jobs: list[tuple[dict, dict, list[str]]], look_again: Callable) -> pd.DataFrame:
    """A row for each job of the present settings whose result says what it comes from, and for each result that lies
    there unasked.

    jobs: wildcards, params and outputs of every job; look_again: from a record to what it would say now, where that
    depends on files of the user's. Columns: experiment, stage, path, state ("ok", "missing", "differs", "other
    versions" of packages or "not asked for"), why, commit.
    """
    rows, asked = [], set()
    for wildcards, params, outputs in jobs:
        path = next(filter(None, map(record_in, outputs)), None)
        if path:
            asked.add(path)
            rows.append((wildcards["experiment"], stage(path), str(path), *judge(path, params, look_again)))
    for experiment in dict.fromkeys(row[0] for row in rows):
        for pattern in RECORDS:
            for found in sorted((results / experiment).glob(pattern)):
                if found not in asked and has_record(found):
                    rows.append((experiment, stage(found), str(found), "not asked for", "", ""))
    return pd.DataFrame(rows, columns=["experiment", "stage", "path", "state", "why", "commit"])


def record_in(output: str) -> Path | None:
    """The path whose record an output is or holds, None where it has none."""
    path = Path(output)
    if path.name == "zarr.json" and path.parent.suffix == ".zarr":
        return path.parent
    known = ("estimates.zarr", "settings.json", "settings.yaml", "images.json", "statistics.provenance.json")
    return path if path.name in known else None


def has_record(path: Path) -> bool:
    """Whether what lies at a path says what it comes from, or cannot be read."""
    try:
        return "params" in provenance.recorded(path)
    except (OSError, ValueError, KeyError):
        return True


def stage(path: Path) -> str:
    """The stage of an experiment that a record belongs to."""
    known = {"data", "networks", "inference"} & set(path.parts)
    return next(iter(known)) if known else "report"


def judge(path: Path, params: dict, look_again: Callable[[dict], dict]) -> tuple[str, str, str]:
    """State of one result, why, and the commit that made it. What it was made from and is gone by now says nothing."""
    try:
        told = provenance.recorded(path)
    except FileNotFoundError:
        return "missing", "", ""
    except (OSError, ValueError, KeyError) as error:
        return "differs", f"its record cannot be read ({error})", ""
    made_from = told.get("made_from", {})
    folder = folder_of(path)
    now = {name: identity for name in made_from if (identity := now_at(folder / name)) is not None}
    wanted = json.loads(json.dumps({"params": params, "made_from": now, **look_again(told)}))
    said = {key: told.get(key) for key in wanted} | {"made_from": {name: made_from[name] for name in now}}
    differing = list(differences(said, wanted))
    made = told.get("provenance", {})
    state = "differs" if differing else "ok"
    if state == "ok" and made and (differing := list(differences(made.get("versions", {}), provenance.versions()))):
        state = "other versions"
    why = "; ".join(differing[:SHOWN]) + ("; …" if len(differing) > SHOWN else "")
    return state, why, made.get("commit", "unknown")


def now_at(path: Path) -> str | None:
    """The identity of what lies at a path now; "unreadable" where that cannot be told."""
    try:
        return provenance.identity(path)
    except (OSError, ValueError, KeyError):
        return "unreadable"


def folder_of(path: Path) -> Path:
    """The experiment's folder that a record lies in."""
    for parent in path.parents:
        if parent.name in ("data", "networks", "inference"):
            return parent.parent
    return path.parent


def differences(told, wanted, key: str = ""):
    """Yield a sentence for each key at which what is told is not what is wanted."""
    if isinstance(told, dict) and isinstance(wanted, dict):
        for name in {**wanted, **told}:
            yield from differences(told.get(name), wanted.get(name), f"{key}.{name}" if key else name)
    elif told != wanted:
        yield f"{key} was {short(told)}, now {short(wanted)}"


def short(value) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def lines(table: pd.DataFrame) -> list[str]:
    """The table for a terminal: a line a stage, and below it one for each result that is neither ok nor missing."""
    told = []
    for (experiment, stage), rows in table.groupby(["experiment", "stage"], sort=False):
        counts = ", ".join(f"{count} {state}" for state, count in rows.state.value_counts(sort=False).items())
        commits = sorted({commit for commit in rows.commit if commit})
        told.append(f"{experiment:<16} {stage:<12} {counts}{'  by ' + ', '.join(commits) if commits else ''}")
        for row in rows[rows.state.isin(["differs", "other versions", "not asked for"])].itertuples():
            told.append(f"{'':<16} {row.path} {row.state}{': ' + row.why if row.why else ''}")
    return told
