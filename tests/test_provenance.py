"""The commit that results are said to come from is the project's own."""

import os
import shutil
import subprocess
import sys

import pytest
from clone import ROOT

PACKAGE = "workflow/scripts/pairlsi"
SETTINGS = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]


def git(folder, *words: str) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *SETTINGS, *words], cwd=folder, env=plain, capture_output=True, text=True, check=True
    ).stdout.strip()


def repository(folder) -> str:
    """Make a repository of all that a folder holds; returns its commit as it is told."""
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "all")
    return git(folder, "rev-parse", "HEAD")[:12]


@pytest.fixture
def project(tmp_path):
    """The project, as from a zip file, within a folder with a file of somebody else's."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_text("theirs", encoding="utf-8")
    folder = tmp_path / "theirs" / "pairlsi-main"
    (folder / PACKAGE / "jobs").mkdir(parents=True)
    for file in ("__init__.py", "jobs/__init__.py", "jobs/provenance.py"):
        shutil.copy(ROOT / PACKAGE / file, folder / PACKAGE / file)
    return folder


def told(project, **environment: str) -> str:
    script = "from pairlsi.jobs import provenance; print(provenance.commit())"
    environment = (
        os.environ | {"PYTHONPATH": str(project / "workflow/scripts"), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    )
    call = [sys.executable, "-c", script]
    return subprocess.run(call, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_a_copy_within_a_repository_of_others_does_not_take_their_commit_for_its_own(project):
    assert told(project) == "unknown"
    repository(project.parent)
    assert told(project) == "unknown"


def test_the_commit_is_that_of_the_repository_that_the_project_is(project, tmp_path):
    theirs, ours = repository(project.parent), repository(project)
    assert told(project) == ours != theirs
    (tmp_path / "link").symlink_to(project)
    assert told(tmp_path / "link") == ours
    # as in a hook of another repository
    assert told(project, GIT_DIR=str(project.parent / ".git")) == ours
    with open(project / PACKAGE / "jobs/provenance.py", "a", encoding="utf-8") as file:
        file.write("# edited")
    assert told(project) == f"{ours}+"
