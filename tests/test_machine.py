"""What a user's machine says - locale, dotfiles, variables, the folder's name - changes nothing that is made."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
import zarr
from clone import ROOT, Clone
from machine import VARIABLES, hostile

from pairlsi.jobs import surroundings
from pairlsi.training import processes
from pairlsi.training.settings import Training

WRITTEN = [file for part in ("workflow", "tests", "benchmarks", "envs") for file in (ROOT / part).rglob("*.py")]
WRITTEN = [file for file in WRITTEN if ".venv" not in file.parts]


def calls_without_encoding(tree: ast.AST) -> list[int]:
    """The lines that open, read or write text, of files or of other programs, in the encoding of the locale."""
    lines = []
    for node in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        said = {word.arg: word.value for word in node.keywords}
        texts = [arg.value for arg in [*node.args[1:2], *([said["mode"]] if "mode" in said else [])] if is_text(arg)]
        opens = called in ("open", "fdopen", "NamedTemporaryFile", "TemporaryFile", "TextIOWrapper")
        # of a temporary file, bytes are the default; a mode that is no constant is taken for one of text
        binary = any("b" in text for text in texts) or (called or "").endswith("TemporaryFile") and not texts
        reads = called in ("read_text", "write_text", "FileHandler") or opens and not binary
        pipes = any(getattr(said.get(word), "value", False) for word in ("text", "universal_newlines"))
        if (reads or pipes) and "encoding" not in said:
            lines.append(node.lineno)
    return lines


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_whatever_reads_or_writes_text_in_the_workflow_names_its_encoding():
    wrong = "open(f)\nopen(f, 'w')\nf.read_text()\nPath(f).write_text('')\nos.fdopen(1, mode='w')\nrun(f, text=True)\n"
    assert calls_without_encoding(ast.parse(wrong)) == [1, 2, 3, 4, 5, 6]
    right = "open(f, 'rb')\nopen(f, mode='wb')\nf.read_text(encoding='utf-8')\nrun(f, text=True, encoding='utf-8')\n"
    assert calls_without_encoding(ast.parse(right)) == []
    found = {
        file.relative_to(ROOT): lines
        for file in (ROOT / "workflow").rglob("*.py")
        if (lines := calls_without_encoding(ast.parse(file.read_text(encoding="utf-8"))))
    }
    assert found == {}
    rules = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "workflow").rglob("*.smk"))
    assert not re.findall(r"\b(?:open|read_text|write_text)\(", rules)  # rules read nothing themselves


def test_profiles_are_ascii_since_snakemake_reads_them_in_the_encoding_of_the_locale():
    profiles = [*ROOT.glob("profiles/*/*.yaml"), *ROOT.glob("slurm/*.yaml")]
    assert len(profiles) >= 2 and all(file.read_bytes().isascii() for file in profiles)


def test_what_is_the_users_to_set_passes_and_what_changes_numbers_does_not():
    users = ["CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURM_NTASKS", "NCCL_SOCKET_IFNAME", "TORCH_NCCL_BLOCKING_WAIT"]
    users += ["PYTORCH_CUDA_ALLOC_CONF", "HTTPS_PROXY", "https_proxy", "TMPDIR", "HOME", "PATH", "LD_LIBRARY_PATH"]
    users += ["GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL", "MPLCONFIGDIR", "LC_ALL", "CONDA_PREFIX", "APPTAINER_CACHEDIR"]
    environment = dict.fromkeys(users, "theirs") | {name: "ill" for name in VARIABLES if name not in users}
    surroundings.settle(environment)
    assert set(users) <= environment.keys()
    passed = {name for name, value in environment.items() if value == "ill" and not name.startswith("SLURM_")}
    assert passed == {"PYTHONUTF8", "PYTHONCOERCECLOCALE"}


def test_a_training_of_one_process_takes_the_tasks_of_a_slurm_job_for_nothing_of_its_own(monkeypatch):
    for name, value in VARIABLES.items():
        if name.startswith("SLURM_"):
            monkeypatch.setenv(name, value)
    said = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["experiments"]["ct"]["training"]
    alone = processes.start(Training(**said | {"device": "cpu"}))
    assert (alone.rank, alone.count) == (0, 1)


# make

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess:
    said = {"capture_output": True, "encoding": "utf-8"}
    # without what `make test` says to a make within it
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=folder, env=own | variables, **said)


@pytest.fixture
def made(tmp_path):
    """Have a folder of this name with what make needs in it."""

    def folder(name: str) -> Path:
        shutil.copytree(ROOT / "workflow/presets", tmp_path / name / "workflow/presets")
        shutil.copytree(ROOT / "envs", tmp_path / name / "envs")
        shutil.copy2(ROOT / "Makefile", tmp_path / name)
        return tmp_path / name

    return folder


@needs_make
def test_variables_of_the_shell_change_nothing_that_make_does(made):
    folder, names = made("here"), ("CONFIG", "RESULTS", "BIN", "READY", "PYTHON", "CORES")
    plain = make(folder, "--dry-run", "run").stdout
    assert "snakemake --cores all" in plain
    assert make(folder, "--dry-run", "run", **dict.fromkeys(names, "elsewhere"), PRESET="tiny").stdout == plain
    asked = make(folder, "--dry-run", "run", "CORES=3", "PRESET=tiny").stdout
    assert "snakemake --cores 3 --logger terminal --configfile workflow/presets/tiny.yaml" in asked
    shown = make(folder, "--eval", "show: ; @env", "show", PYTHONPATH="/elsewhere", SNAKEMAKE_PROFILE="elsewhere")
    assert shown.returncode == 0 and "PATH=" in shown.stdout
    assert "elsewhere" not in "".join(
        line for line in shown.stdout.splitlines() if line.startswith(("PYTHON", "SNAKE"))
    )


@needs_make
@pytest.mark.parametrize("name", ["a b", "a:b", "it's", "a$b", "a(b)", "a#b", "a&b", 'a"b', "a;b"])
def test_make_refuses_a_folder_that_a_shell_takes_apart_before_it_installs_anything(made, name):
    done = make(made(name), "--dry-run", "run")
    assert done.returncode != 0 and done.stdout == ""
    assert f"{name}, has blanks or other signs in it" in done.stderr


@needs_make
def test_make_takes_a_folder_with_letters_of_any_language(made):
    done = make(made("Übung_1,b+c=d@e%f~g-h.i"), "--dry-run", "run")
    assert done.returncode == 0 and "-m venv .venv" in done.stdout


# the workflow


@pytest.fixture(scope="module")
def there(finished, tmp_path_factory) -> Clone:
    """The finished clone on the hostile machine, in a folder that a shell takes apart, most of it made again there."""
    folder = tmp_path_factory.mktemp("there")
    clone = finished.copy(folder / "it's a (clone) & $HOME")
    for part in ("data/ood.zarr", "networks/encdec-random", "inference", "figures"):
        shutil.rmtree(clone.results / part)
    for name in ("metrics.csv", "claims.csv", "report.html", "settings.yaml"):
        (clone.results / name).unlink()
    clone.environment = hostile(folder / "home")
    clone.snakemake()
    return clone


def pairs(folder: Clone, other: Clone, pattern: str) -> list[tuple[Path, Path]]:
    """The results of this name in both, which must be the same."""
    names = [file.relative_to(other.results) for file in other.results.glob(pattern)]
    assert names and names == [file.relative_to(folder.results) for file in folder.results.glob(pattern)]
    return [(folder.results / name, other.results / name) for name in names]


@pytest.mark.slow
def test_the_hostile_machine_makes_the_same_data_networks_estimates_and_tables(there, finished):
    for pattern in ("data/ood.zarr/*/c/*/0/0/0", "networks/encdec-random/*/weights.safetensors", "claims.csv"):
        for found, wanted in pairs(there, finished, pattern):
            assert found.read_bytes() == wanted.read_bytes(), found
    for found, wanted in pairs(there, finished, "inference/*/*/*/estimates.zarr"):
        arrays = [dict(zarr.open_group(path, mode="r")["test"].arrays()) for path in (found, wanted)]
        assert arrays[0].keys() == arrays[1].keys()
        assert all((arrays[0][name][:] == array[:]).all() for name, array in arrays[1].items())
    metrics = [pd.read_csv(c.results / "metrics.csv").drop(columns="seconds") for c in (there, finished)]
    pd.testing.assert_frame_equal(*metrics, check_exact=True)


@pytest.mark.slow
def test_the_hostile_machine_makes_the_same_report_of_the_same_origin(there, finished):
    for found, wanted in pairs(there, finished, "figures/*.png"):
        assert found.read_bytes() == wanted.read_bytes(), found
    assert (there.results / "settings.yaml").read_bytes() == (finished.results / "settings.yaml").read_bytes()
    pages = [(c.results / "report.html").read_text(encoding="utf-8") for c in (there, finished)]
    pages = [re.sub(r' id="cell-id=\w+"', "", page).splitlines() for page in pages]
    assert len(pages[0]) == len(pages[1])
    different = [line for lines in zip(*pages, strict=True) for line in lines if lines[0] != lines[1]]
    assert all(re.fullmatch(r"<td>\d+</td>", line) for line in different)  # seconds of training


@pytest.mark.slow
def test_packages_that_the_report_needs_are_missed_while_planning(finished):
    without = "import sys\nsys.modules['papermill'] = None\nfrom snakemake.cli import main\nmain()\n"
    words = finished.command("--forcerun", "report", "--dry-run")[3:]
    said = {"cwd": finished.folder, "capture_output": True, "encoding": "utf-8"}
    done = subprocess.run([sys.executable, "-c", without, *words], **said)
    assert done.returncode != 0
    assert "the report needs packages that are not installed: papermill. Install" in done.stdout + done.stderr


@pytest.mark.slow
def test_a_python_that_snakemake_could_not_start_jobs_with_is_named_while_planning(finished, tmp_path):
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder/venv").symlink_to(sys.prefix)
    python = tmp_path / "a folder/venv/bin" / Path(sys.executable).name
    call = [python, *finished.command("--dry-run")[1:]]
    done = subprocess.run(call, cwd=finished.folder, capture_output=True, encoding="utf-8")
    assert done.returncode != 0 and f"{python} has blanks or other signs in it" in done.stderr
    assert "Traceback" not in done.stderr
