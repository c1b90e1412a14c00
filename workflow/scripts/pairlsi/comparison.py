"""Whether what lies in the results folder comes from the present settings and sources, as a table."""

import json
from pathlib import Path

import pandas as pd

from pairlsi import problems, provenance

SHOWN = 3  # keys of a result that differs


class DifferenceError(RuntimeError):
    """Results that differ from what the present settings and sources would make."""


def images_now(path: Path) -> dict:
    """The images that lie now where those of a record lay; they may be gone, once the data are made from them."""
    told = provenance.recorded(path)
    try:
        return problems.create(told["problem"]).images()
    except FileNotFoundError:
        return told["images"]


READERS = {  # of what a result was made from, to what it has to say of that
    "statistics": lambda path: json.loads(path.read_text(encoding="utf-8")),
    "weights": provenance.fingerprint,
    "dealt": provenance.fingerprint,
    "images": images_now,
    "starts": lambda path: provenance.identity(provenance.recorded(path)),
}


def compare(results: Path, expected: list) -> pd.DataFrame:
    """A row for each result that the settings ask for, and for each that lies there unasked.

    expected: for each result the experiment, its stage, the path to its record, what that must say, and the paths of
    what it was made from under the names in READERS, "" for none. Columns: experiment, stage, path, state ("ok",
    "missing", "differs", "other versions" of packages or "not asked for"), why, commit.
    """
    rows, asked = [], {Path(path) for _, _, path, _, _ in expected}
    for experiment, stage, path, fields, inputs in expected:
        rows.append((experiment, stage, path, *judge(Path(path), fields, inputs)))
    for experiment in dict.fromkeys(entry[0] for entry in expected):
        for pattern in ("data/*.zarr", "networks/*/seed-*/settings.json", "inference/*/*/seed-*/estimates.zarr"):
            for found in sorted((results / experiment).glob(pattern)):
                if found not in asked:
                    rows.append((experiment, pattern.split("/")[0], str(found), "not asked for", "", ""))
    return pd.DataFrame(rows, columns=["experiment", "stage", "path", "state", "why", "commit"])


def judge(path: Path, fields: dict, inputs: dict) -> tuple[str, str, str]:
    """State of one result, why, and the commit that made it. Inputs that are gone by now say nothing."""
    try:
        told = provenance.recorded(path)
        read = {name: READERS[name](Path(file)) if file else None for name, file in inputs.items() if present(file)}
    except FileNotFoundError:
        return "missing", "", ""
    except (OSError, ValueError, KeyError) as error:
        return "differs", f"its record cannot be read ({error})", ""
    wanted = json.loads(json.dumps({**fields, **read}))
    differing = list(differences({key: told.get(key) for key in wanted}, wanted))
    made = told.get("provenance", {})
    state = "differs" if differing else "ok"
    if state == "ok" and made and (differing := list(differences(made.get("versions", {}), provenance.versions()))):
        state = "other versions"
    why = "; ".join(differing[:SHOWN]) + ("; …" if len(differing) > SHOWN else "")
    return state, why, made.get("commit", "unknown")


def present(file) -> bool:
    return not file or Path(file).exists()


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
