"""What every job of the workflow does first: send its output to the log, keep to its threads, end with a sentence.

Libraries read their thread counts when they are imported: import none of them before `start`.
"""

import atexit
import contextlib
import ctypes
import gc
import logging
import os
import platform
import sys
import traceback
from pathlib import Path

COMPUTING = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")  # torch: the first
WORKERS = ("DASK_NUM_WORKERS", "ZARR_THREADING__MAX_WORKERS")
ALLOCATOR = {-3: 32 << 20, -1: 2**31 - 1}  # glibc's M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, bytes, at their largest
TASK = "PAIRLSI_TASK"  # environment variable: srun has started this process for a training on several nodes

terminal = sys.stderr  # where bars and the last sentence go, also after `start`


@contextlib.contextmanager
def start(snakemake, blocks: bool = False):
    """Send all output to the job's log, that of child processes too, and hold libraries to the job's threads.

    The block that it opens is for imports. What they make lives as long as the process, so the garbage collector rests
    meanwhile and does not look at it afterwards, not at the very end either: in a job that is done in two seconds, most
    of them imports, it took 0.6.

    blocks: the job works on blocks side by side, so its threads are dask's workers, and what computes within a block
    has one; else the threads are those of torch and BLAS.
    Errors of the project's own (a wrong config, a damaged file) end the job with their message; others with
    their traceback, both in the log and at the end of Snakemake's own output.
    """
    global terminal
    for variables, count in ((COMPUTING, 1 if blocks else snakemake.threads), (WORKERS, snakemake.threads)):
        os.environ.update(dict.fromkeys(variables, str(count)))
    os.environ["DASK_SCHEDULER"] = "threads"
    keep_freed_memory()
    # in the terminal's own encoding, where ε may have to become \u03b5
    terminal = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    if not {"LOCAL_RANK", TASK} & os.environ.keys():  # the other processes of a training add to the log
        Path(snakemake.log[0]).write_text("", encoding="utf-8")
    log = open(snakemake.log[0], "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - open until the process ends
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log
    logging.basicConfig(stream=log, level=logging.INFO, format="%(asctime)s %(message)s")
    sys.excepthook = lambda *error: _report(*error, log)
    logging.info(f"on {place()}")
    gc.disable()
    yield
    gc.freeze()
    gc.enable()
    atexit.register(gc.freeze)


def keep_freed_memory() -> None:
    """Let the allocator keep what is freed.

    By default it gives a few megabytes back to the system and gets them again page by page, for every tensor of every
    pass: on a CPU that takes about as long as a small convolution itself.
    """
    with contextlib.suppress(OSError, AttributeError):  # C libraries other than glibc have no mallopt
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in ALLOCATOR.items():
            mallopt(parameter, value)


def place() -> str:
    """The machine that the job runs on and, under Slurm, its node, number and GPUs."""
    said = {"node": "SLURMD_NODENAME", "Slurm job": "SLURM_JOB_ID", "CUDA devices": "CUDA_VISIBLE_DEVICES"}
    known = [f"{word} {os.environ[variable]}" for word, variable in said.items() if variable in os.environ]
    return ", ".join([platform.node(), *known])


def _report(kind, error, trace, log) -> None:
    with contextlib.suppress(OSError):  # the log lies on a full disk, perhaps
        traceback.print_exception(kind, error, trace, file=log)
    if kind is KeyboardInterrupt:
        print("interrupted: run again to go on", file=terminal)
        return
    expected = type(error).__module__.startswith("pairlsi.") or isinstance(error, OSError)
    message = str(error) if expected else "".join(traceback.format_exception(kind, error, trace))
    print(f"{message}\n(log: {Path(log.name)})", file=terminal)
