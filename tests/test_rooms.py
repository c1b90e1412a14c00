"""The rooms of the package: small modules, each in a room that imports from below only."""

import ast
from pathlib import Path

import pytest

import pairlsi

ROOT = Path(pairlsi.__file__).parent
FLOORS = ["core", "jobs", "data", "problems", "observations", "solvers", "networks", "training", "methods"]
FLOORS += ["evaluation", "theory", "predictions", "designs", "reports"]
AT_THE_ROOT = {"__init__", "config", "testing"}
FILES = sorted(ROOT.rglob("*.py"))
# the check of a config asks the parts of every room; reports read the settings that it made
ABOVE = {"config": FLOORS, "testing": FLOORS}


def imported(file: Path) -> set[str]:
    """Rooms and modules of the root that a file imports, inside functions too, but not for types alone."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pairlsi":
            below = node.module.split(".")[1:]
            found |= {below[0]} if below else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_is_small_and_imports_from_below_only(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) < 250
    room = file.relative_to(ROOT).parts[0].removesuffix(".py")
    if room in AT_THE_ROOT:
        return
    assert room in FLOORS
    allowed = set(FLOORS[: FLOORS.index(room) + 1]) | ({"config"} if room in ("reports", "predictions") else set())
    assert imported(file) <= allowed


def test_three_modules_stand_at_the_root():
    assert {file.stem for file in ROOT.glob("*.py")} <= AT_THE_ROOT
