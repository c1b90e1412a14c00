"""What `make gpu` runs: on a machine that has torch and little else too, here without a GPU and on few samples."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from clone import ROOT

# what a machine for GPU work has, with what these need themselves
PRESENT = ("torch", "torchgen", "functorch", "numpy", "safetensors", "pytest", "_pytest", "pluggy", "iniconfig")
PRESENT += ("packaging", "pygments", "typing_extensions.py", "sympy", "mpmath", "networkx", "jinja2", "markupsafe")
PRESENT += ("filelock", "fsspec", "numpy.libs", "setuptools", "pandas", "dateutil", "six.py", "py.py")
RESULT = ROOT / "benchmarks/results/gpu.csv"
SOLVER = re.compile(r"^(solver|LSI).*: s, BoTorch +[\d.e-]+", re.M)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Run Python with those packages alone."""
    folder, installed = tmp_path_factory.mktemp("bare"), Path(torch.__file__).parents[1]
    for name in (*PRESENT, *(path.name for path in installed.glob("torch-*.dist-info"))):
        if (installed / name).exists():
            (folder / name).symlink_to(installed / name)

    def run(*words: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
        call = [sys.executable, "-S", *words]
        done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_a_bare_machine_measures_all_it_can_and_says_what_it_cannot(bare):
    before = RESULT.read_bytes() if RESULT.exists() else None
    printed = bare("benchmarks/gpu.py", "--device", "cpu", "--quick")
    rates = re.findall(r"^training (\w+), (.*): samples/s, bare loop +([\d.]+) +([\d.]+) ", printed, re.M)
    assert [row[:2] for row in rates] == [(e, p) for e in ("ct", "crosswell") for p in ("32-true", "bf16-mixed")]
    assert all(float(value) > 0 for row in rates for value in row[2:])
    assert printed.count("its steps alone: no lightning_fabric, no tqdm here") == 4
    assert len(SOLVER.findall(printed)) == 3 and printed.count("no botorch here, so no peer") == 3
    assert (RESULT.read_bytes() if RESULT.exists() else None) == before


@pytest.mark.slow
def test_the_tests_that_a_bare_machine_can_run_pass_there_and_others_say_what_is_missing(bare):
    files = ("tests/test_gpu.py", "tests/test_lbfgs.py")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k")
    printed = bare(*words, "test_latent_space_inference_ends or test_every_method and ct-pair or test_cuda_agrees")
    assert re.search("could not import 'test_training': No module named '(pydantic|yaml|zarr)'", printed)
    passed, skipped = (int(re.search(rf"(\d+) {word}", printed)[1]) for word in ("passed", "skipped"))
    assert (passed, skipped) == ((3, 6) if not torch.cuda.is_available() else (7, 2))


@pytest.mark.slow
def test_the_whole_loop_is_measured_where_its_libraries_are(tmp_path):
    code = "import sys, gpu; bench = gpu.Bench('cpu', gpu.QUICK); bench.training('ct', '32-true'); print(bench.table)"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "benchmarks"), "OMP_NUM_THREADS": "1"}
    call = [sys.executable, "-c", code]
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and "the whole loop" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def program(monkeypatch):
    """The program as a module; it sets these variables for itself."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import gpu

    return gpu


def test_what_is_measured_are_the_examples_of_the_config(program):
    from pairlsi import problems
    from pairlsi.core import variants

    config = {}
    for path in ("config.yaml", "workflow/presets/variants.yaml"):
        config |= yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["experiments"]
    for name, example in program.EXAMPLES.items():
        said = variants.complete(config, f"{name}_paper")
        problem = problems.create(said["problem"])
        assert example["shapes"] == (problem.x_shape, problem.y_shape)
        paired = next(network for network in said["networks"].values() if network.get("kind") == "paired")
        assert example["divergence"] == paired.get("divergence")
        for part in ("x", "y"):
            assert example[part] == said["architecture"][part], (name, part)
        assert example["training"].items() <= said["training"].items()
        assert example["lsi"]["iterations"] == said["methods"]["lsi"]["iterations"]


def test_where_there_is_no_gpu_that_is_said(program, monkeypatch):
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit, match="torch finds no CUDA device here, so nothing was measured"):
        program.main()


def test_the_table_of_a_gpu_has_its_name():
    if not RESULT.exists():
        pytest.skip("nobody has run make gpu yet")
    with RESULT.open(newline="", encoding="utf-8") as file:
        assert all(row["device"] not in ("", "cpu") for row in csv.DictReader(file))
