"""The reference of every key that a config may have is that of the settings."""

import importlib.util
import re

import pytest
import yaml
from clone import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_those_of_the_settings(reference):
    made = reference.pages()
    assert {file.name for file in (DOCS / "reference").iterdir()} == set(made)
    drifted = [name for name, text in made.items() if (DOCS / "reference" / name).read_text(encoding="utf-8") != text]
    assert not drifted, "make reference writes them anew"


def test_every_key_of_the_shipped_config_is_told_of(reference):
    pages = "\n".join(reference.pages().values())
    told = set(re.findall(r"\*\*`(\w+)`\*\*", pages)) | set(re.findall(r"^## `([\w-]+)`", pages, re.M))
    experiments = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["experiments"]
    named = {"networks", "observations", "methods", "sections"}  # blocks whose keys are names of the user's

    def keys(said, of_names: bool):
        for key, value in said.items():
            if not of_names:
                yield key
            if isinstance(value, dict):
                yield from keys(value, not of_names and key in named)

    asked = {key for said in experiments.values() for key in keys(said, False)} - {"kind"}
    assert asked <= told, asked - told


def test_every_page_of_the_site_is_in_its_menu_and_the_other_way_round():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    menu = set(re.findall(r"[\w/-]+\.md", text))
    files = [file.relative_to(DOCS) for file in DOCS.rglob("*.md")]
    pages = {str(file) for file in files if ".venv" not in file.parts}
    assert menu == pages
