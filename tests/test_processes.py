"""Training in two processes on the CPU: the losses and weights of one, and what stops one stops both."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_training import LARGE, SAID, SPEC, VARIATIONAL, run

from pairlsi.training import processes
from pairlsi.training.settings import Training

pytestmark = pytest.mark.slow
PLAIN = {**SPEC, "x": LARGE, "y": LARGE}
NOISY = {**VARIATIONAL, "x": LARGE, "y": LARGE}
# as Snakemake runs a script: a file of its own, which Fabric runs once more for the second process
DRIVER = """
import json, os, sys
from types import SimpleNamespace
from pairlsi.jobs import job
with job.start(SimpleNamespace(threads=2, log=[sys.argv[1] + ".log"])):
    import torch
    from pairlsi import problems
    from test_training import run
checkpoint, data, problem, spec, rank, at, number = sys.argv[1], sys.argv[2], *map(json.loads, sys.argv[3:])
mine = rank is not None and os.environ.get("LOCAL_RANK", "0") == str(rank)
print("a process")
found = run(data, problems.create(problem), checkpoint, spec=spec, devices=2, at=mine and tuple(at), number=number)
torch.save([found[0].state_dict(), *found[1:]], checkpoint + ".found")
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory, ct_data, ct_settings):
    """Train in two processes; return the exit status and, once it has ended, weights, best weights and history."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "driver.py").write_text(DRIVER, encoding="utf-8")
    paths = [str(Path(__file__).parent), str(Path(processes.__file__).parents[2])]

    def train(checkpoint, spec, rank=None, at=None, number=None):
        given = (checkpoint, ct_data, *(json.dumps(value) for value in (ct_settings, spec, rank, at, number)))
        done = subprocess.run(
            [sys.executable, folder / "driver.py", *map(str, given)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
            timeout=300,
        )
        found = Path(f"{checkpoint}.found")
        return done.returncode, torch.load(found, weights_only=True) if found.exists() else None

    return train


def curves(history) -> list[dict]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def test_two_processes_give_the_losses_and_best_weights_of_one(two, ct_data, ct_problem, tmp_path):
    _, best, history = run(ct_data, ct_problem, tmp_path / "one.pt", spec=PLAIN)
    status, (_, best_of_two, history_of_two) = two(tmp_path / "two.pt", PLAIN)
    assert status == 0
    # Sums of float32 in another order differ by 1e-7 of their values. In the 18 steps here that made 4e-8 of the losses
    # and 5e-7 of the weights; Adam may amplify it where a gradient is near zero.
    for found, wanted in zip(curves(history_of_two), curves(history), strict=True):
        assert found == pytest.approx(wanted, rel=2e-6)
    for name, value in best.items():
        assert torch.allclose(best_of_two[name], value, rtol=0, atol=2e-5), name
    log = Path(f"{tmp_path}/two.pt.log").read_text(encoding="utf-8")
    assert log.count("a process") == 2 and log.count("epoch 3/3") == 1


def test_a_signal_to_either_stops_both_and_the_run_ends_as_an_uninterrupted_one(two, tmp_path, noisy):
    for rank, at in ((0, (0, 4)), (1, (1, 2))):
        assert two(tmp_path / "checkpoint.pt", NOISY, rank, at, signal.SIGTERM) == (143, None)
        stored = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
        assert (stored["progress"]["epoch"], stored["progress"]["batch"]) == (at[0], at[1] + 1)
    (states,) = stored["random"]
    assert not torch.equal(*states)  # each draws noise of its own
    status, found = two(tmp_path / "checkpoint.pt", NOISY)
    assert status == 0
    for stored, wanted in zip(found[:2], noisy[:2], strict=True):
        assert all(torch.equal(stored[name], value) for name, value in wanted.items())
    assert curves(found[2]) == curves(noisy[2])


@pytest.fixture(scope="module")
def noisy(two, tmp_path_factory):
    """A variational network, whose latents are drawn, trained in two processes without interruption."""
    status, found = two(tmp_path_factory.mktemp("noisy") / "checkpoint.pt", NOISY)
    assert status == 0
    return found


def test_a_process_that_dies_ends_the_other(two, tmp_path):
    status, found = two(tmp_path / "checkpoint.pt", PLAIN, 1, (1, 2), signal.SIGKILL)
    assert status != 0 and found is None
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["progress"]["epoch"] == 1  # to go on from


@pytest.mark.skipif("SLURM_JOB_ID" in os.environ, reason="within a job of Slurm nodes can be had")
def test_several_nodes_without_slurm_are_refused():
    said = {**SAID, "nodes": 2}
    with pytest.raises(processes.ProcessError, match="training.nodes is 2, and this is no job of Slurm: set it to 1"):
        processes.start(Training(**said))


def test_batch_normalisation_over_processes_of_the_cpu_is_refused(two, tmp_path):
    status, _ = two(tmp_path / "checkpoint.pt", SPEC)
    assert status != 0
    assert "norm: batch train in several processes on GPUs alone" in Path(f"{tmp_path}/checkpoint.pt.log").read_text(
        encoding="utf-8"
    )
