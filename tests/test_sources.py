"""The digest of a stage's source: what changes results changes it, and nothing else."""

import os
import shutil
import sys

import pytest

from pairlsi.jobs import sources

REAL = sources.ROOT

TREE = {
    "train.py": "from pairlsi import tasks\n\ntasks\nimport pairlsi.training\nfrom pairlsi.networks import create\n",
    "pairlsi/__init__.py": "NAME = 'package'\n",
    "pairlsi/tasks.py": "def start():\n    from pairlsi import lazy\n    return lazy\n",
    "pairlsi/lazy.py": "import numpy\n\nLAZY = 1\n",
    "pairlsi/training.py": "from pairlsi.batches import Batches\n\nRATE = 0.1\n",
    "pairlsi/batches.py": "import pairlsi.store as s\n\nBatches = s\n",
    "pairlsi/store.py": "from pairlsi import training\n\nCHUNK = 1\n",
    "pairlsi/networks/__init__.py": "from pairlsi.networks.blocks import Block\n\ncreate = Block\n",
    "pairlsi/networks/blocks.py": "class Block:\n    width = 8\n",
    "pairlsi/networks/unused.py": "UNUSED = 1\n",
    "pairlsi/report.py": "REPORT = 1\n",
    "pairlsi/problems/__init__.py": "",
    "pairlsi/problems/ct.py": "SIZE = 48\n",
}
REACHED = ["train.py", "pairlsi/__init__.py", "pairlsi/tasks.py", "pairlsi/training.py", "pairlsi/networks/__init__.py"]
DEEPER = ["pairlsi/lazy.py", "pairlsi/batches.py", "pairlsi/store.py", "pairlsi/networks/blocks.py"]
UNREACHED = ["pairlsi/networks/unused.py", "pairlsi/report.py", "pairlsi/problems/ct.py"]


def forget() -> None:
    """A digest is computed in a process of its own: no cache outlives a change."""
    for cached in (sources.digest, sources._reached, sources._read, sources._files, sources._name, sources._parts):
        cached.cache_clear()
    sources._known.clear()
    sources._seen.clear()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    root = tmp_path / "workflow" / "scripts"
    for name, text in TREE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(sources, "ROOT", root)
    forget()
    yield root
    forget()


def digest(*files: str) -> str:
    forget()
    return sources.digest(*(files or ["train.py"]))


@pytest.mark.parametrize("file", REACHED + DEEPER)
@pytest.mark.parametrize(
    "edit",
    [
        lambda text: f"# a comment\n{text}  # and another\n",
        lambda text: text.replace("\n", "\n\n\n"),
        lambda text: text.replace("'", '"').replace(" = ", "   =   "),
        lambda text: text,
    ],
    ids=["comments", "blank lines", "formatting", "time stamp"],
)
def test_comments_formatting_and_time_stamps_do_not_count(tree, file, edit):
    before = digest()
    (tree / file).write_text(edit(TREE[file]), encoding="utf-8")
    os.utime(tree / file, (0, 0))
    assert digest() == before


@pytest.mark.parametrize("file", REACHED + DEEPER)
def test_code_counts_wherever_imports_lead_inside_functions_too(tree, file):
    before = digest()
    (tree / file).write_text(TREE[file] + "NEW = 1\n", encoding="utf-8")
    assert digest() != before


@pytest.mark.parametrize("file", UNREACHED)
def test_code_that_is_not_imported_does_not_count(tree, file):
    before = digest()
    (tree / file).write_text("OTHER = 2\n", encoding="utf-8")
    assert digest() == before
    (tree / file).unlink()
    assert digest() == before


def test_code_counts_from_the_moment_it_is_imported(tree):
    (tree / "pairlsi/training.py").write_text(
        TREE["pairlsi/training.py"] + "from pairlsi import report\n", encoding="utf-8"
    )
    before = digest()
    (tree / "pairlsi/report.py").write_text("REPORT = 2\n", encoding="utf-8")
    assert digest() != before


def test_what_files_say_is_kept_from_run_to_run_and_never_believed_of_another_content(tree, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(sources.atexit, "register", written.append)
    kept = tmp_path / "sources.json"

    def run() -> tuple[str, list]:
        """A digest as a program makes it that keeps what it learns; and the contents that it had to understand."""
        forget()
        understood, understand = [], sources._understood
        monkeypatch.setattr(sources, "_understood", lambda content: understood.append(content) or understand(content))
        sources.remember(kept)
        found = sources.digest("train.py")
        written.pop()()
        monkeypatch.setattr(sources, "_understood", understand)
        return found, understood

    first, understood = run()
    assert first == digest() and understood
    assert run() == (first, [])
    file = tree / "pairlsi/lazy.py"
    stamp = file.stat()
    file.write_text(file.read_text(encoding="utf-8").replace("1", "2"), encoding="utf-8")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # of the same size and age
    second, understood = run()
    assert second == digest() != first and len(understood) == 1
    for damage in ("", "[1, 2", "{}", kept.read_text(encoding="utf-8").replace(sys.version, "another")):
        kept.write_text(damage, encoding="utf-8")
        assert run()[0] == second


def test_a_file_named_beside_the_script_counts(tree):
    before = digest("train.py", "pairlsi/problems/ct.py")
    assert before != digest("train.py")
    (tree / "pairlsi/problems/ct.py").write_text("SIZE = 64\n", encoding="utf-8")
    assert digest("train.py", "pairlsi/problems/ct.py") != before


def test_a_checkout_elsewhere_has_the_same_digest(tree, tmp_path, monkeypatch):
    before = digest()
    moved = tmp_path / "elsewhere" / "workflow" / "scripts"
    shutil.copytree(tree, moved)
    monkeypatch.setattr(sources, "ROOT", moved)
    assert digest() == before


DATA = {"create_store.py", "simulate.py", "compute_statistics.py"}
LATER = {"train.py", "infer.py"}
# what a job of each stage runs beside its script: the parts of a small experiment
PARTS = {
    "create_store.py": ("problems/ct",),
    "simulate.py": ("problems/ct",),
    "compute_statistics.py": ("problems/ct",),
    "train.py": ("problems/ct", "networks/paired"),
    "infer.py": ("problems/ct", "networks/paired", "methods/lsi", "observations/random"),
    "summarise.py": ("problems/ct",),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("core/parts.py", set(PARTS)),
        ("problems/ct/phantoms.py", set(PARTS)),
        ("problems/linear.py", set()),
        ("networks/autoencoder.py", LATER),
        ("networks/pyramid.py", LATER),
        ("networks/linear.py", set()),  # another kind
        ("training/loop.py", {"train.py"}),
        ("solvers/lbfgs.py", {"infer.py"}),
        ("methods/search.py", {"infer.py"}),
        ("methods/lsi.py", {"infer.py"}),
        ("methods/cgls.py", set()),  # another kind
        ("observations/random.py", {"infer.py"}),
        ("observations/block.py", set()),
        ("evaluation/claims.py", {"summarise.py"}),
        ("evaluation/claims_crosswell.py", {"summarise.py"}),
        ("reports/sections/claims.py", set()),
        ("data/simulation.py", {"simulate.py"}),
        ("data/store.py", DATA | LATER),
        ("jobs/job.py", set()),  # logs and threads change no result
        ("jobs/provenance.py", set()),
    ],
)
def test_a_change_in_the_package_reaches_the_jobs_that_run_it(tmp_path, monkeypatch, file, stages):
    root = tmp_path / "workflow" / "scripts"
    shutil.copytree(REAL, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "ROOT", root)

    def digests() -> dict[str, str]:
        files = {stage: [f"pairlsi/{part}" for part in parts] for stage, parts in PARTS.items()}
        ends = {part: "/__init__.py" if (root / part).is_dir() else ".py" for of in files.values() for part in of}
        return {stage: digest(stage, *(part + ends[part] for part in of)) for stage, of in files.items()}

    before = digests()
    path = root / "pairlsi" / file
    path.write_text(path.read_text(encoding="utf-8") + "\nNEW = 1\n", encoding="utf-8")
    after = digests()
    assert {stage for stage in PARTS if after[stage] != before[stage]} == stages
    forget()


def test_a_report_is_made_anew_for_what_its_sections_run_and_for_no_other_section(tmp_path, monkeypatch):
    root = tmp_path / "workflow" / "scripts"
    shutil.copytree(REAL, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "ROOT", root)
    files = "report.py", "pairlsi/reports/report.py", "pairlsi/reports/sections/claims.py"
    for file, counts in (("sections/claims.py", True), ("sections/spread.py", False), ("tables.py", True)):
        before, path = digest(*files), root / "pairlsi" / "reports" / file
        path.write_text(path.read_text(encoding="utf-8") + "\nNEW = 1\n", encoding="utf-8")
        assert (digest(*files) != before) == counts, file
    forget()


def test_nothing_of_methods_networks_and_claims_is_in_the_digest_of_data():
    forget()
    for stage in DATA:
        reached = sources._reached((REAL / stage).resolve())
        rooms = {path.relative_to(REAL / "pairlsi").parts[0] for path in reached if "pairlsi" in path.parts}
        assert rooms <= {"__init__.py", "core", "jobs", "data", "problems"} | {stage}, (stage, rooms)
