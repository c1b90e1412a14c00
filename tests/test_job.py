"""What a job does first, in a process of its own as Snakemake runs it."""

import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

import machine
import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow" / "scripts"
START = """
from types import SimpleNamespace
from pairlsi.jobs import job
with job.start(SimpleNamespace(threads=3, log=["job.log"]), blocks={blocks}):
    import numpy
"""


def run(folder: Path, body: str, blocks: bool = False, **variables: str) -> tuple[subprocess.CompletedProcess, str]:
    """Run a job with three threads; return how it ended and its log."""
    environment = {**os.environ, **variables, "PYTHONPATH": str(SCRIPTS)}
    script = START.format(blocks=blocks) + body
    said = {"capture_output": True, "encoding": "utf-8"}
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=environment, **said)
    return done, (folder / "job.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(("blocks", "computing"), [(False, 3), (True, 1)])
def test_libraries_have_the_threads_of_the_job_and_no_more(tmp_path, blocks, computing):
    body = """
import dask, numpy, scipy.linalg, threadpoolctl, torch, zarr
numpy.ones((2, 2)) @ numpy.ones((2, 2))
pools = {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
print(torch.get_num_threads(), pools, dask.config.get("num_workers"), zarr.config.get("threading.max_workers"))
"""
    _, log = run(tmp_path, body, blocks)
    computing = min(computing, os.cpu_count())  # libraries start no more threads than there are cores
    assert log.splitlines()[-1] == f"{computing} {{{computing}}} 3 3"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator can be told")
def test_memory_that_was_freed_is_used_again_without_asking_the_system(tmp_path):
    body = """
import resource, torch
def use():  # as a pass through a network does, which frees all of its tensors at its end
    return len([torch.ones(1 << 20) for _ in range(20)])
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    _, log = run(tmp_path, body)
    pages = 10 * 20 * (4 << 20) / resource.getpagesize()
    assert int(log.splitlines()[-1]) < pages / 10


def test_the_garbage_collector_passes_over_imports_and_does_its_work_on_what_comes_after(tmp_path):
    body = """
import gc, weakref
seen = gc.get_objects()
print(gc.isenabled(), any(found is numpy.__dict__ for found in seen))
class Cycle: pass
one = Cycle()
one.self, alive = one, weakref.ref(one)
del one
for _ in range(10_000): seen.append([])
print(alive())
"""
    _, log = run(tmp_path, body)
    assert log.splitlines()[-2:] == ["True False", "None"]


def test_an_error_of_the_projects_own_ends_the_job_with_its_sentence_and_the_log_with_its_traceback(tmp_path):
    done, log = run(tmp_path, "from pairlsi.data import store\nstore.read('nowhere.zarr', 'x')\n")
    assert done.returncode != 0
    assert done.stderr.startswith("there is no dataset nowhere.zarr") and "Traceback" not in done.stderr
    assert "job.log" in done.stderr and "Traceback" in log


def test_an_error_is_told_in_full_in_a_locale_that_lacks_its_letters_too(tmp_path):
    body = "from pairlsi.data import store\nraise store.DataError('R\\u2032 is \\u03b5, so stop')\n"
    done, log = run(tmp_path, body, **machine.PLAIN)
    assert done.returncode != 0 and done.stderr.startswith("R\\u2032 is \\u03b5, so stop\n(log: job.log)")
    assert "R\u2032 is \u03b5, so stop" in log


def test_an_unexpected_error_shows_its_traceback_in_both(tmp_path):
    done, log = run(tmp_path, "1 / 0\n")
    assert all("Traceback" in text and "ZeroDivisionError" in text for text in (done.stderr, log))


def test_child_processes_write_to_the_log_too(tmp_path):
    done, log = run(tmp_path, "import subprocess\nsubprocess.run(['sh', '-c', 'echo said; echo warned >&2'])\n")
    assert "said" in log and "warned" in log and done.stdout == done.stderr == ""


def test_a_job_whose_log_lies_on_a_full_disk_still_says_why_it_ends(tmp_path, small_disk):
    small_disk(tmp_path, 16).fill()
    done, log = run(tmp_path, "from pairlsi.data import store\nstore.read('nowhere.zarr', 'x')\n")
    assert done.returncode != 0 and log == ""
    assert done.stderr.startswith("there is no dataset nowhere.zarr")
