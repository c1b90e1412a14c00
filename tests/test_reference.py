"""The site: its reference of config keys is that of the settings, its record that of tables, its menu complete."""

import importlib.util
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import yaml
from clone import ROOT

DOCS = ROOT / "docs"


def script(name: str):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reference():
    return script("make_reference")


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


def test_the_record_has_means_over_samples_with_students_interval_of_test_data_alone(tmp_path):
    rows = [
        {"method": "pair", "observation": "random", "percent": 25, "draw": d, "sample": n, "split": split, "rre": rre}
        for split, off in (("test", 0.0), ("ood", 5.0))
        for n in range(5)
        for d, rre in enumerate((off + 0.1 * n, off + 0.1 * n + 0.02))
    ]
    rows.append(rows[0] | {"observation": "odd"})  # 25 % of the entries are no mask
    (tmp_path / "ct").mkdir()
    pd.DataFrame(rows).to_csv(tmp_path / "ct/metrics.csv", index=False)
    claims = [{"claim": 1, "part": "all", "verdict": "held"}, {"claim": 1, "part": "a", "verdict": "not held"}]
    pd.DataFrame(claims).to_csv(tmp_path / "ct/claims.csv", index=False)
    seen = {"random": {"percents": [25]}, "noise": {"severities": [2]}, "odd": {"kind": "outliers"}, "none": {}}
    said = {"params": {"experiment": {"observations": seen}}}
    (tmp_path / "ct/settings.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    for number, commit in enumerate(("abc", "abc", "def")):
        (tmp_path / f"ct/{number}.json").write_text(f'{{"provenance": {{"commit": "{commit}"}}}}', encoding="utf-8")
    page = script("make_record").page([tmp_path / "ct"])
    assert "abc (2), def (1)" in page
    values = np.arange(5) * 0.1 + 0.01
    low, high = scipy.stats.t.interval(0.95, 4, values.mean(), values.std(ddof=1) / np.sqrt(5))
    assert f"| pair | {values.mean():.4f} ± {(high - low) / 2:.4f} (5) |" in page
    assert "random, 25 %" in page and "claim 1: held" in page and "not held" not in page
    assert "odd" not in page and f"## {tmp_path.name}/ct" in page


def test_the_record_sets_the_papers_methods_beside_its_numbers_where_they_were_run():
    rows = [
        {"method": method, "observation": kind, "percent": 25 * (kind != "none"), "draw": draw, "split": split}
        | {"sample": n, "rre": 0.1 * n + 0.01 * draw + 0.5 * (method == "lsi") + (split == "ood")}
        for method in ("pair", "lsi", "encdec-none", "encdec-random", "encdec-block")
        for kind, draws in (("none", 1), ("random", 3), ("block", 3))
        for draw in range(draws)
        for split in ("test", "ood")
        for n in range(3)
    ]
    record, table = script("make_record"), pd.DataFrame(rows)
    found = record.beside_the_paper(table)
    assert found.loc["all data, test", "PAIR"] == "0.100 / 0.224"
    assert found.loc["R, test", "PAIR+LSI"] == "0.600 / 0.274" and found.loc["B′, ood", "PAIR+LSI"] == "1.615 / 0.286"
    assert record.beside_the_paper(table[table.method != "encdec-block"]).empty


def test_the_record_says_what_is_missing_of_results_that_are_half_made(tmp_path):
    words = [sys.executable, str(DOCS / "make_record.py"), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode and "has no metrics.csv: its run has not ended" in done.stderr


def test_the_gallery_is_that_of_its_script_and_has_all_its_pictures():
    gallery = script("make_gallery")
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == gallery.page(), "make record writes it anew"
    assert all((gallery.SHOWN / f"{name}.png").is_file() for name in gallery.PICTURES)


def test_without_results_the_record_stays_as_it_was(tmp_path):
    (tmp_path / "docs").mkdir()
    copy = tmp_path / "docs/make_record.py"
    copy.write_text((DOCS / "make_record.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "docs/record.md").write_text("as it was", encoding="utf-8")
    done = subprocess.run([sys.executable, str(copy)], capture_output=True, text=True)
    assert done.returncode and "no results" in done.stderr
    assert (tmp_path / "docs/record.md").read_text(encoding="utf-8") == "as it was"


def test_no_author_of_the_citation_is_there_twice():
    """The schema of CITATION.cff asks for unique authors, and two of the paper's share a family name."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    for authors in (cited["authors"], cited["preferred-citation"]["authors"]):
        assert len({tuple(sorted(author.items())) for author in authors}) == len(authors)


@pytest.mark.parametrize(
    "file", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda file: file.name
)
def test_commands_stand_in_blocks_of_code(file):
    """Where text was wrapped, a command would be a sentence, or a part of a comment before it."""
    for line in file.read_text(encoding="utf-8").splitlines():
        assert not re.match(r"(snakemake|export|make|--config\w*|pip|python) [\w$./-]+[=./ -]", line) or "`" in line, (
            line
        )
