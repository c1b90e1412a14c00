"""The benchmarks that run the workflow itself still fit its config; what they find is fitted as it should be."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


def python(*arguments: str) -> str:
    """What a process prints that finds the benchmarks: they set the threads of whatever imports them."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT / "benchmarks", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_small_run_whose_overhead_is_measured_is_one_of_the_present_config(tmp_path):
    """In a copy of the tree, with the CT example alone and few methods."""
    lines = [
        "import pathlib, workflow",
        f"folder = pathlib.Path({str(tmp_path)!r})",
        "workflow.copy_tree(folder)",
        "preset = '--configfile', 'workflow/presets/tiny.yaml'",
        "workflow.snakemake(folder, '--cores', '1', '--dry-run', *preset, '--', workflow.REPORT)",
    ]
    python("-c", "\n".join(lines))  # which raises where a run could not be planned


@pytest.mark.slow
def test_curves_of_scale_are_runs_of_the_present_config(tmp_path):
    said = python(
        "scale.py", "--folder", str(tmp_path), "--dry-run", "--sizes", "32", "--latents", "64", "--samples", "1000"
    )
    jobs = {
        line.split()[0]: int(line.split()[1]) for line in said.splitlines() if line[:1].isalpha() and line[-1].isdigit()
    }
    assert jobs["train"] == jobs["train_on_cpu"] == 3 and jobs["summarise"] == 3  # the base is one of none of these


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "peer", "most"), [("ct_simulation", "astra", 1e-5), ("crosswell_simulation", "bare", 1e-5)]
)
def test_the_simulations_that_are_measured_are_of_the_present_problems_and_agree_with_their_peers(name, peer, most):
    said = python("-c", f"import {name} as b; print(b.measure(32, 1)[0]['difference_from_{peer}'])")
    assert 0 <= float(said.splitlines()[-1]) < most


def test_an_exponent_is_that_of_a_power_law():
    values = [32, 48, 64, 96]
    found = (3e-4 * np.array(values) ** 2.5).tolist()
    said = python(
        "-c", f"import scale; print(scale.exponent({values}, {found}), scale.exponent({values[:2]}, {found[:2]}))"
    )
    assert said.split() == ["2.50", "(2.50", "to", "2.50)", "2.50"]
