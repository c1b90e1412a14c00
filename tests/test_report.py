"""A report from the list of its sections to the page: its order, its mathematics, and what is left out of it."""

import re
from types import SimpleNamespace

import in_process
import numpy as np
import pytest
import torch
import yaml
from made import ROOT
from matplotlib.image import imread
from nbformat import v4

from pairlsi import config
from pairlsi.core.errors import ConfigError
from pairlsi.reports import display, listing, notebook

OWN = ROOT / "docs" / "own-problem"


def test_a_formula_is_shown_as_mathematics_also_across_a_line_and_what_is_none_stays():
    shown = display.mathematics("error $\\|\\hat x\n- x\\|$, $c_P$.")
    assert shown.count("<math") == 2 and "$" not in shown and "\\" not in shown and shown.startswith("error <math")
    for plain in ("$5 and $6", "\\$x$ y", "$a\n\nb$", "$ x $", "no formula"):
        assert display.mathematics(plain) == plain
    assert display.mathematics("$a &lt; b$").count("<math") == 1  # as captions are escaped
    assert display.mathematics("$x_a_b$") == "<code>x_a_b</code>", "a mistake in it costs no report"


def test_what_is_code_has_no_mathematics(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda one: shown.append(one.data))
    display.show_text("$x$ and `$x$`\n```yaml\nfolder: $HOME/$USER\n```\n$y$")
    text = shown[0]
    assert text.count("<math") == 2 and "`$x$`" in text and "folder: $HOME/$USER" in text


def test_the_sections_are_those_of_the_problem_or_the_generic_ones_less_and_plus_what_the_config_says():
    own = SimpleNamespace(sections=("answer", "claims", "origin"))
    assert list(listing.listed(own, {})) == ["answer", "claims", "origin"]
    assert tuple(listing.listed(SimpleNamespace(sections=()), {})) == listing.GENERIC
    changed = listing.listed(own, {"claims": None, "best-prior": {"kind": "best", "method": "lsi-prior"}})
    assert list(changed) == ["answer", "origin", "best-prior"]
    assert changed["best-prior"].settings.method == "lsi-prior"
    assert listing.kinds(own, {"claims": None}) == ["answer", "origin"]
    renamed = listing.listed(own, {"claims": {"label": "What held"}})
    assert listing.headings(renamed) == {"answer": "", "claims": "What held", "origin": "Where these results come from"}
    with pytest.raises(ConfigError, match="sections"):
        listing.listed(own, {"nothing-of-the-kind": {}})


def test_the_notebook_has_a_cell_for_each_section_and_loses_those_that_showed_nothing():
    made = notebook.written({"answer": "", "claims": "The claims", "origin": "Origin"})
    assert made.cells[0].metadata.tags == ["parameters"] and made.cells[0].source.startswith("results =")
    assert [cell.source for cell in made.cells[2:]] == [
        'report.show("answer")',
        "## The claims",
        'report.show("claims")',
        "## Origin",
        'report.show("origin")',
    ]
    for cell in made.cells:
        if "answer" in cell.source or "origin" in cell.source:
            cell.outputs = [v4.new_output("display_data", {"text/markdown": "something"})]
    left = [cell.source for cell in notebook.without_empty(made).cells]
    assert left == ['report.show("answer")', "## Origin", 'report.show("origin")']


@pytest.fixture(scope="module")
def signals(tmp_path_factory):
    """The results of the problem of the docs, signals of one dimension, in small."""
    said = yaml.safe_load((OWN / "config.yaml").read_text(encoding="utf-8"))["experiments"]["deblur"]
    said["problem"] |= {"kind": str(OWN / "deblur.py"), "size": 16}
    said["data"] |= {"samples": {"train": 60, "validation": 4, "test": 8, "ood": 4}, "shard_size": 60}
    said["training"] |= {"epochs": 1, "device": "cpu"}
    said["architecture"] = {space: {**one, "latent": 4, "width": 2} for space, one in said["architecture"].items()}
    said["networks"]["linear"] = {"latent": [4, 4]}
    said["inference"] = {"batch_size": 200, "kept_draws": 3}
    for method in ("lsi", "lsi-prior", "lsi-refined", "cgls"):
        said["methods"][method]["iterations"] = 2
    said["evaluation"]["resamples"] = 100
    said = config.check({"experiments": {"deblur": said}})["experiments"]["deblur"]
    torch.manual_seed(0)
    base = tmp_path_factory.mktemp("signals")
    return in_process.Computed(base / "computed", said).part(base / "deblur", said)


@pytest.mark.slow
def test_a_problem_without_sections_of_its_own_gets_a_whole_report(signals, tmp_path):
    said = yaml.safe_load((signals / "settings.yaml").read_text(encoding="utf-8"))["params"]["experiment"]
    sections = listing.listed(config.Experiment(said).problem, said["sections"])
    assert tuple(sections) == listing.GENERIC
    notebook.run(listing.headings(sections), signals, tmp_path / "report.ipynb", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "<h1" in page and "In short." in page and "Refined LSI" in page
    headings = [re.sub(r"<.*?>", "", one).rstrip("¶ ") for one in re.findall(r"<h2.*?</h2>", page, re.S)]
    assert headings[0] == "What was run, and how to read it" and headings[-1] == "Where these results come from"
    assert "Errors against how much is missing or wrong" in headings, "25 and 50 % at random"
    assert not any("claims" in heading for heading in headings), "none is to be judged"
    assert page.index("In short.") < page.index("the truth, what was measured") < page.index("from best to worst")

    assert "<math" in page and "http" not in re.sub(r'xmlns="[^"]*"', "", page), "nothing is fetched"
    words = re.sub(r"<pre.*?</pre>|data:image/png;base64,[^\"]*", "", page, flags=re.S)
    assert not re.search(r"[$\\]", words), re.findall(r".{30}[$\\].{30}", words)
    figures = {file.stem for file in (signals / "figures").iterdir()}
    assert figures == {"overview", "errors", "percent", "choices", "training"}
    for file in (signals / "figures").iterdir():
        assert np.ptp(imread(file)[..., :3]) > 0.2, f"{file.name} is blank"


@pytest.mark.slow
def test_the_picture_is_of_the_observation_behind_which_errors_are_largest(signals):
    from pairlsi.reports.sections.example import Example
    from pairlsi.reports.stored import Stored

    stored = Stored(signals)
    scope = Example(Example.Settings(), stored).hardest()
    table = stored.sweep.table[stored.sweep.table.split == "test"]
    means = table.groupby(["observation", "percent"]).rre.mean()
    assert (scope.kind, scope.heavy) in (("random", 50), ("block", 25))
    assert means[scope.kind, scope.heavy] == pytest.approx(max(means["random", 50], means["block", 25]), rel=0.05)
