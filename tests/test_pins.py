"""The pins: one list of exact versions, complete, the same for pip and conda, and what is installed here."""

import importlib.metadata
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
ENVS = ROOT / "envs"
LINES = [
    line
    for line in (ENVS / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINS = {canonicalize_name(Requirement(line).name): Requirement(line) for line in LINES}
HERE = {name: pin for name, pin in PINS.items() if pin.marker is None or pin.marker.evaluate()}


def version_of(pin: Requirement) -> Version:
    (specifier,) = pin.specifier
    return Version(specifier.version)


def test_every_pin_is_one_exact_version_of_another_package():
    assert len(PINS) == len(LINES)
    for pin in PINS.values():
        assert [specifier.operator for specifier in pin.specifier] == ["=="] and "*" not in str(pin.specifier)


def test_the_conda_environment_is_what_its_script_makes():
    made = runpy.run_path(str(ENVS / "make_environment.py"))["environment"]()
    assert (ENVS / "environment.yaml").read_text(encoding="utf-8") == made


def test_the_conda_environment_has_the_pins_of_pip_and_a_python_that_the_project_allows():
    environment = yaml.safe_load((ENVS / "environment.yaml").read_text(encoding="utf-8"))
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == LINES
    (python,) = [entry for entry in environment["dependencies"] if str(entry).startswith("python")]
    allowed = Requirement(
        "python" + tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    )
    assert allowed.specifier.contains(python.split("=")[1] + ".0")


def test_the_apptainer_image_installs_the_pins_of_pip_on_the_python_of_the_conda_environment():
    lines = (ENVS / "apptainer.def").read_text(encoding="utf-8").splitlines()
    sections = {line: lines.index(line) for line in lines if line.startswith("%")}
    source, target = lines[sections["%files"] + 1].split()
    assert (ROOT / source).samefile(ENVS / "requirements.txt")
    installs = [line.strip() for line in lines[sections["%post"] :] if "pip install" in line]
    assert installs == [f"pip install --no-cache-dir --requirement {target}"]  # these and no others
    (python,) = [line.partition("python:")[2].removesuffix("-slim") for line in lines if line.startswith("From:")]
    assert f"- python ={python}" in (ENVS / "environment.yaml").read_text(encoding="utf-8")
    built = f"apptainer build {image_of_the_workflow()} envs/apptainer.def"
    assert any(line.endswith(built) for line in lines)  # where the Snakefile looks for it


def image_of_the_workflow() -> str:
    (line,) = [
        line
        for line in (ROOT / "workflow" / "Snakefile").read_text(encoding="utf-8").splitlines()
        if line.startswith("container:")
    ]
    return line.split('"')[1].removeprefix("{workflow.current_basedir}/../")  # in the root, as the built one


def test_every_dependency_of_the_project_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + sum(project["optional-dependencies"].values(), [])
    missing = [
        line
        for line in wanted
        if (pin := PINS.get(canonicalize_name((asked := Requirement(line)).name))) is None
        or not asked.specifier.contains(version_of(pin), prereleases=True)
    ]
    assert not missing


@pytest.mark.parametrize("name", sorted(PINS))
def test_the_installed_version_is_the_pinned_one(name):
    if name not in HERE:
        pytest.skip(f"not for this machine: {PINS[name].marker}")
    installed = Version(importlib.metadata.version(name))
    assert Version(installed.public) == version_of(PINS[name])  # without the local part, as in 2.13.0+cpu


def test_what_pinned_packages_need_in_turn_is_pinned():
    missing = set()
    for name in HERE:
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                pin = PINS.get(canonicalize_name(needed.name))
                if pin is None or not needed.specifier.contains(version_of(pin), prereleases=True):
                    missing.add(f"{name} needs {line}")
    assert missing == set()
