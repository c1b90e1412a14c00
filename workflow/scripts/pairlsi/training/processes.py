"""Training in one process or in several, on one node or more: how they start, what they tell each other.

Each process has its part of every global batch and averages gradients with the others (torch's
DistributedDataParallel, by Lightning Fabric), so that losses and weights are those of one process but for rounding.
On one node Fabric starts the others by running this process's own script again. On several nodes Slurm starts
all of them: the job's script calls srun on itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import torch

from pairlsi.jobs import job

if TYPE_CHECKING:  # make gpu takes the steps of training to machines without Lightning Fabric
    from lightning_fabric import Fabric

log = logging.getLogger(__name__)


class ProcessError(RuntimeError):
    """The processes that a training asks for cannot be had; the message says why and what to set."""


class Processes:
    """The processes of one training, seen from one of them; of a process alone where `fabric` is None.

    rank: the number of this one, from 0; count: how many there are; fabric: None, or Lightning Fabric.
    """

    def __init__(self, fabric: Fabric | None = None):
        self.fabric = fabric
        self.rank, self.count = (fabric.global_rank, fabric.world_size) if fabric else (0, 1)

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over processes, of any shape, the same in each."""
        if self.count > 1:  # not by Fabric, which would first wait for all: twice the messages, in every batch
            torch.distributed.all_reduce(values)
        return values

    def autocast(self):
        """A context in which networks compute in the precision that was asked for: in one process Fabric takes no
        method but `forward` to it.
        """
        return self.fabric.autocast() if self.fabric else contextlib.nullcontext()

    def backward(self, loss: torch.Tensor) -> None:
        """The gradients of a loss; where Fabric has set the network up, averaged over processes."""
        self.fabric.backward(loss) if self.fabric else loss.backward()

    def any(self, flag: bool) -> bool:
        """Whether `flag` is set in any process, so that all take the same turn."""
        return flag if self.count == 1 else bool(self.sum(torch.tensor(float(flag), device=self.fabric.device)) > 0)

    def gather(self, values: torch.Tensor) -> torch.Tensor:
        """What each process has, (n,) -> (count, n), on the host."""
        if self.count == 1:
            return values[None].cpu()
        values = values.to(self.fabric.device)
        parts = [torch.empty_like(values) for _ in range(self.count)]
        torch.distributed.all_gather(parts, values)
        return torch.stack(parts).cpu()

    def finish(self) -> None:
        """Wait for all, then end every process but the first, whose job goes on alone."""
        if self.count > 1:
            self.fabric.barrier()
            torch.distributed.destroy_process_group()
            if self.rank > 0:
                sys.stdout.flush()
                os._exit(0)  # the interpreter's own end was seen to hang in gloo's threads, and the process to stay


def start(settings) -> Processes:
    """The processes that `settings` (`settings.Training`) ask for, this one included; each runs what follows.

    "auto" takes GPUs where there are any. Raises ProcessError where there are too few of them, or no Slurm for several
    nodes.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments import LightningEnvironment, SLURMEnvironment
    from lightning_fabric.strategies import DDPStrategy

    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ProcessError("training.device is cuda, and this machine has no CUDA device: set it to auto or cpu")
    accelerator = "cuda" if settings.device != "cpu" and torch.cuda.is_available() else "cpu"
    precision = precision_on(accelerator) if settings.precision == "auto" else settings.precision
    if settings.devices * settings.nodes == 1:
        # said, not left to Fabric: within a job of Slurm it would take the job's tasks for processes of this training
        alone = LightningEnvironment()
        return Processes(Fabric(accelerator=accelerator, devices=1, precision=precision, plugins=[alone]))
    if settings.nodes > 1 and job.TASK not in os.environ:
        sys.exit(run_tasks(settings))
    if accelerator == "cuda" and torch.cuda.device_count() < settings.devices:
        raise ProcessError(
            f"training.devices is {settings.devices}, and this machine shows {torch.cuda.device_count()} CUDA devices"
        )
    # said, not left to Fabric: within a job of Slurm it would take the one task that runs Snakemake for all there is
    environment = SLURMEnvironment(auto_requeue=False) if settings.nodes > 1 else LightningEnvironment()
    fabric = Fabric(
        accelerator=accelerator,
        devices=settings.devices,
        num_nodes=settings.nodes,
        precision=precision,
        strategy=DDPStrategy(forward_sync_buffers=False),  # constants, or of synchronised batch normalisation
        plugins=[environment],
    )
    fabric.launch()
    processes = Processes(fabric)
    if processes.rank > 0:
        logging.disable(logging.INFO)  # the first says it
        # noise of its own; the initial weights, equal everywhere, have been drawn before
        own = np.random.SeedSequence([torch.initial_seed(), processes.rank]).generate_state(1)
        torch.manual_seed(int(own[0]))
    return processes


def precision_on(accelerator: str) -> str:
    """bf16-mixed where it is faster, as a torch that cannot tell does not know it either; on GPUs it gains nothing."""
    able = getattr(torch.cpu, "get_capabilities", dict)().get("avx512_bf16", False)
    return "bf16-mixed" if accelerator == "cpu" and able else "32-true"


def run_tasks(settings) -> int:
    """Run this script again as tasks of Slurm, so many a node, and return the status that they end with."""
    if "SLURM_JOB_ID" not in os.environ:
        raise ProcessError(f"training.nodes is {settings.nodes}, and this is no job of Slurm: set it to 1")
    call = ["srun", f"--nodes={settings.nodes}", f"--ntasks-per-node={settings.devices}", "--kill-on-bad-exit=1"]
    log.info("starting %s", " ".join(call))
    # srun does not take the job's number of cores over by itself
    cores = {"SRUN_CPUS_PER_TASK": os.environ.get("SLURM_CPUS_PER_TASK", "1")}
    return subprocess.run([*call, sys.executable, *sys.argv], env={**os.environ, **cores, job.TASK: "1"}).returncode


def synchronised(network: torch.nn.Module, processes: Processes) -> torch.nn.Module:
    """The network with batch normalisation over the whole batch, not a process's part of it.

    Raises ProcessError for such a network in several processes without GPUs: torch has none for the CPU.
    """
    normalises = any(isinstance(module, torch.nn.modules.batchnorm._BatchNorm) for module in network.modules())
    if processes.count == 1 or not normalises:
        return network
    if processes.fabric.device.type == "cpu":
        raise ProcessError("networks with norm: batch train in several processes on GPUs alone: set norm: none")
    return torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)


def random_states(processes: Processes) -> list[torch.Tensor]:
    """States of the random generators of every process, on the host and, where it trains on one, on its GPU."""
    device = processes.fabric.device
    states = [torch.get_rng_state()] + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])
    return [processes.gather(state) for state in states]


def set_random_states(processes: Processes, states: list[torch.Tensor]) -> None:
    """Go on with the states that `random_states` gave."""
    # clones: torch.set_rng_state of a part of a tensor ends the process (torch 2.13, segmentation fault)
    host, *devices = (state[processes.rank].cpu().clone() for state in states)
    torch.set_rng_state(host)
    for state in devices if processes.fabric.device.type == "cuda" else []:
        torch.cuda.set_rng_state(state, processes.fabric.device)
