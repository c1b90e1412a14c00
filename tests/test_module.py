"""The workflow from elsewhere: parts by path, a module of another workflow, by -s and --directory, by pip."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from clone import ROOT

pytestmark = pytest.mark.slow

NETWORK = """
from pairlsi.networks.paired import Paired


class Twin(Paired):
    label = "Twin"
    description = "A PAIR under another name."
"""
OBSERVATION = """
import numpy as np

from pairlsi.observations import Observation


class EveryOther(Observation):
    label = "every other row missing"
    description = "Every other row is missing."
    where = "in turn"

    @classmethod
    def levels(cls, settings):
        return [50]

    def kept(self):
        return np.arange(self.problem.missing_count) % 2 == self.draw % 2
"""
METHOD = """
import numpy as np

from pairlsi.methods import Method
from pairlsi.methods.estimates import Estimates


class Shrunken(Method):
    label = "Shrunken mean"
    description = "A multiple of the mean, chosen on the validation split."
    leaves_open = True
    factor = 1.0

    @classmethod
    def choose(cls, methods, x, y):
        mean = methods[0].given.statistics.means["x"]
        factor = float((x * mean).sum() / (len(x) * (mean**2).sum()))
        for method in methods:
            method.factor = factor
        return {"shrunken_by": round(factor, 3), "validation_pairs": [len(x)]}

    def estimate(self, y, split, numbers):
        return Estimates(self.factor * np.repeat(self.given.statistics.means["x"][None], len(y), axis=0))
"""
SECTION = """
from pairlsi.reports.sections import Section


class Mine(Section):
    label = "A section of mine"
    description = "What nobody else says."

    def show(self):
        from pairlsi.reports.display import show_text

        show_text("The methods are " + ", ".join(self.results.methods) + ", and $x^2$.")
"""


def run(folder, *words: str) -> str:
    call = [sys.executable, "-m", "snakemake", "--cores", "2", *words]
    done = subprocess.run(
        call, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=600
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def own(folder) -> dict:
    """The example of the docs in a folder, with a part of every kind by path, made smaller."""
    folder.mkdir()
    shutil.copy(ROOT / "docs/own-problem/deblur.py", folder)
    shutil.copy(ROOT / "docs/own-method/fill.py", folder)
    for name, text in (
        ("twin.py", NETWORK),
        ("other.py", OBSERVATION),
        ("shrunken.py", METHOD),
        ("section.py", SECTION),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    config = yaml.safe_load((ROOT / "docs/own-problem/config.yaml").read_text(encoding="utf-8"))
    said = config["experiments"]["deblur"]
    said["data"]["samples"] = {"train": 200, "validation": 10, "test": 12, "ood": 12}
    said["training"]["epochs"] = 2
    said["networks"] = {"twin": {"kind": "twin.py"}}
    said["observations"] |= {"random": {"percents": [25], "draws": 1}, "block": None}
    said["observations"]["other"] = {"kind": "other.py", "draws": 2}
    said["methods"] = {"pair": {}, "fill": {"kind": "fill.py"}, "cgls": {"iterations": 5}}
    said["methods"]["shrunken"] = {"kind": "shrunken.py"}
    said["sections"] = {"mine": {"kind": "section.py"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A user's folder with parts of each kind by path, on which the workflow has run."""
    folder = tmp_path_factory.mktemp("own") / "mine"
    own(folder)
    run(folder, "-s", str(ROOT / "workflow/Snakefile"), "--configfile", "config.yaml")
    return folder


def test_parts_by_path_get_into_the_tables_and_the_report(made):
    results = made / "results/deblur"
    metrics = pd.read_csv(results / "metrics.csv")
    assert set(metrics.method) == {"pair", "fill", "cgls", "shrunken"} and np.isfinite(metrics.rre).all()
    counts = metrics[metrics.method == "fill"].groupby(["observation", "percent"]).draw.nunique()
    assert counts.to_dict() == {("none", 0): 1, ("random", 25): 1, ("other", 50): 2}
    report = (results / "report.html").read_text(encoding="utf-8")
    assert re.search(r"Shrunken mean: shrunken by</th>\s*<td>\d", report)
    for words in (
        "Deblurring in one dimension",
        "Filled PAIR",
        "Shrunken mean",
        "Twin",
        "A section of mine",
        "every other row",
    ):
        assert words.lower() in report.lower(), words
    assert re.search("The methods are (pair|fill|cgls|shrunken)(, (pair|fill|cgls|shrunken)){3}, and <math", report)
    assert {"overview.png", "errors.png", "training.png"} <= {file.name for file in (results / "figures").iterdir()}


def test_mathematics_is_shown_as_mathematics_with_nothing_from_elsewhere(made):
    report = (made / "results/deblur/report.html").read_text(encoding="utf-8")
    settings = report.index("<pre")  # below it the settings, in which labels stay as they were written
    shown = report[:settings]
    assert shown.count("<math") > 5 and "$" not in shown.replace("&#36;", "") and "\\hat" not in shown
    assert "<script src" not in report


def test_an_edited_part_reruns_what_it_is_part_of_and_a_moved_folder_nothing(made, tmp_path):
    copy = tmp_path / "moved"
    shutil.copytree(made, copy)
    words = "-s", str(ROOT / "workflow/Snakefile"), "--configfile", "config.yaml", "-n", "--quiet", "rules"
    assert "Nothing to be done" in run(copy, *words)
    text = (copy / "fill.py").read_text(encoding="utf-8")
    (copy / "fill.py").write_text(text.replace("self.settings.rounds", "2 * self.settings.rounds"), encoding="utf-8")
    planned = run(copy, *words)
    assert re.search(r"^infer +3$", planned, re.M), planned
    assert not re.search("^(train|simulate) ", planned, re.M)


MODULE = """
configfile: "config.yaml"


module pairlsi:
    snakefile:
        {snakefile!r}
    config:
        config


use rule * from pairlsi as pairlsi_*


rule mine:
    default_target: True
    input:
        "results/deblur/metrics.csv",
    output:
        "best.txt",
    run:
        import pandas as pd

        table = pd.read_csv(input[0])
        with open(output[0], "w") as file:
            file.write(table.groupby("method").rre.mean().idxmin())
"""


def test_it_is_a_module_of_a_workflow_of_ones_own(made, tmp_path):
    """As snakedeploy writes it: https://snakedeploy.readthedocs.io."""
    copy = tmp_path / "mine"
    shutil.copytree(made, copy)
    snakefile = MODULE.format(snakefile=str(ROOT / "workflow" / "Snakefile"))
    (copy / "Snakefile").write_text(snakefile, encoding="utf-8")
    run(copy)
    assert (copy / "best.txt").read_text(encoding="utf-8") in ("pair", "fill", "cgls")
    (copy / "results/deblur/metrics.csv").unlink()
    assert "pairlsi_summarise" in run(copy, "results/deblur/metrics.csv")


def test_snakedeploy_makes_a_workflow_of_it(tmp_path):
    """From a local copy; snakedeploy names a local Snakefile relative to what it makes, where it is not: that line is
    put right, which for a repository on a forge it need not be."""
    source, there = tmp_path / "source", tmp_path / "there"
    left_out = shutil.ignore_patterns("__pycache__", ".*", "results", "site")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    git = "git", "-c", "user.name=a", "-c", "user.email=a@b.c"
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        subprocess.run([*git, *words], cwd=source, check=True)
    snakedeploy = Path(sys.executable).with_name("snakedeploy")
    words = "deploy-workflow", str(source), str(there), "--name", "pairlsi", "--branch", "main"
    subprocess.run([str(snakedeploy), *words], check=True, capture_output=True)
    made = there / "workflow/Snakefile"
    text, wrong = made.read_text(encoding="utf-8"), '"workflow/Snakefile"'
    assert text.count(wrong) == 1
    made.write_text(text.replace(wrong, repr(str(source / "workflow/Snakefile"))), encoding="utf-8")
    assert (there / "config/README.md").is_file()
    planned = run(there, "results/linear/report.html", "-n", "--quiet", "rules")
    assert re.search(r"^report +1$", planned, re.M) and re.search(r"^train_on_cpu +1$", planned, re.M), planned


def test_it_runs_in_another_directory(made, tmp_path):
    words = "-s", str(ROOT / "Snakefile"), "--directory", str(tmp_path / "there")
    preset = str(ROOT / "workflow/presets/tiny.yaml")
    (tmp_path / "there").mkdir()
    run(tmp_path, *words, "results/tiny/linear/data/statistics.json", "--configfile", preset)
    assert (tmp_path / "there/results/tiny/linear/data/statistics.json").is_file()


def test_pip_installs_the_package_for_notebooks(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for part in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / part, source)
    shutil.copytree(ROOT / "workflow", source / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
    said = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(tmp_path / "site")]
    subprocess.run([sys.executable, "-m", "pip", "install", *said, str(source)], check=True)
    code = (
        "import pairlsi.config, pairlsi.testing, pairlsi.core.parts as p; print(pairlsi.__file__, p.kinds('methods'))"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "site") in done.stdout and "lsi-prior" in done.stdout
