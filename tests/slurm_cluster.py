"""A real Slurm on this host, for the tests: one node for the CPU rules, two with GPUs that are mere device files.

It needs Debian's packages slurmctld, slurmd, slurm-client and munge, and nothing of the system: no systemd, no
database, no file outside its folder. It listens on the loopback interface alone. Whoever starts it owns it.
"""

import contextlib
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import yaml
from clone import Clone

# a test looks at its jobs more often than the controller of a large cluster would like; one thread for each job
# keeps jobs that run side by side on two cores from waiting for each other
QUICK = ["--profile", "slurm", "--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "20"]
QUICK += ["--max-threads", "1"]
NODES = {"cpu0": "cpu", "gpu0": "gpu", "gpu1": "gpu"}  # and the partition of each
DEVICES = ("/dev/null", "/dev/zero")  # that play the GPUs of each GPU node: Slurm wants device files
PATIENCE = 30  # seconds for the nodes to answer, and for a daemon to end
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
PATH = f"{os.environ['PATH']}:/usr/sbin"  # Debian keeps daemons where not every user looks

CONFIG = """
ClusterName={cluster}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
# credentials that expire soon let a job that is requeued start again soon
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
# nodes may be larger than the host: what is tested is where jobs go, not how fast they are
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
# how long jobs that ended can be asked for
MinJobAge=3600
GresTypes=gpu
{nodes}
PartitionName=cpu Nodes=cpu0 Default=YES State=UP
PartitionName=gpu Nodes=gpu0,gpu1 State=UP
"""


class Cluster:
    """Daemons of its own in a folder of its own; `environment` makes Slurm's commands speak to them."""

    def __init__(self):
        # the path of a socket may have 108 characters, and folders of tests have long names
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.daemons: list[subprocess.Popen] = []
        self.environment = os.environ | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
        }

    def __enter__(self) -> "Cluster":
        try:
            self._configure()
            self._launch("munged", "--foreground", "--force", *self._munge_files())
            self._wait_until((self.folder / "munge.socket").exists, "munged")
            self._launch("slurmctld", "-D", "-f", self.environment["SLURM_CONF"])
            for node in NODES:
                self._launch("slurmd", "-D", "-N", node, "-f", self.environment["SLURM_CONF"])
            self._wait_until(lambda: self.states() == dict.fromkeys(NODES, "idle"), "the nodes")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self.states():
            self.call("scancel", "--user", user())
            with contextlib.suppress(RuntimeError):
                self._wait_until(lambda: not self.call("squeue", "--noheader"), "the end of all jobs")
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, *words: str) -> str:
        """Run one of Slurm's commands and return what it printed."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout

    def states(self) -> dict[str, str]:
        """The state of each node."""
        try:
            return dict(line.split() for line in self.call("sinfo", "--noheader", "-N", "-o", "%N %t").splitlines())
        except AssertionError:
            return {}  # the controller does not answer yet

    def serves(self, clone: Clone) -> None:
        """Make what the clone submits go here, and fill this site's lines into its profile."""
        clone.environment = self.environment
        profile = clone.folder / "slurm" / "config.yaml"
        text = re.sub(r"^# (set-resources:| {2,}\w+:.*)$", r"\1", profile.read_text(encoding="utf-8"), flags=re.M)
        text = text.replace("# slurm_partition: cpu", "slurm_partition: cpu")
        assert yaml.safe_load(text)["set-resources"]["train"] == {"slurm_partition": "gpu", "gpu_model": "a100"}
        profile.write_text(text, encoding="utf-8")

    def jobs(self, clone: Clone, rule: str = r"\w+?") -> list[dict[str, str]]:
        """What Slurm says of each job of a rule, ended ones too, that the clone submitted, oldest first."""
        said = self.call("scontrol", "show", "job", "--oneliner").splitlines()
        jobs = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in said]
        jobs = [job for job in jobs if job.get("WorkDir") == str(clone.folder)]
        ours = [job for job in jobs if re.match(rf"rule_{rule}(_wildcards|$)", job["Comment"])]
        return sorted(ours, key=lambda job: int(job["JobId"]))

    def _configure(self) -> None:
        for name in ("state", "bin", *NODES):
            (self.folder / name).mkdir()
        (self.folder / "munge.key").write_bytes(secrets.token_bytes(1024))
        (self.folder / "munge.key").chmod(0o400)
        self.folder.chmod(0o755)
        host = socket.gethostname().split(".")[0]
        controller_port, *ports = free_ports(1 + len(NODES))
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory=16000 "
            f"State=UNKNOWN{f' Gres=gpu:a100:{len(DEVICES)}' if NODES[node] == 'gpu' else ''}"
            for node, port in zip(NODES, ports, strict=True)
        )
        said = {"cluster": f"test{os.getpid()}", "host": host, "user": user(), "folder": self.folder}
        (self.folder / "slurm.conf").write_text(
            CONFIG.format(**said, controller_port=controller_port, nodes=nodes), encoding="utf-8"
        )
        gres = [f"NodeName=gpu[0-1] Name=gpu Type=a100 File={device} Flags=nvidia_gpu_env" for device in DEVICES]
        (self.folder / "gres.conf").write_text("\n".join(["AutoDetect=off", *gres, ""]), encoding="utf-8")
        # within a job, Snakemake's plugin calls srun without the variables that begin with SLURM_
        srun = self.folder / "bin" / "srun"
        srun.write_text(
            f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun")} "$@"\n', encoding="utf-8"
        )
        srun.chmod(0o755)

    def _munge_files(self) -> list[str]:
        names = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munge.pid", "seed-file": "munge.seed"}
        return [f"--{option}={self.folder / name}" for option, name in (names | {"log-file": "munge.log"}).items()]

    def _launch(self, program: str, *words: str) -> None:
        output = open(self.folder / f"{program}-{len(self.daemons)}.out", "w", encoding="utf-8")  # noqa: SIM115 - the daemon's
        said = {"stdout": output, "stderr": subprocess.STDOUT, "env": self.environment}
        self.daemons.append(subprocess.Popen([shutil.which(program, path=PATH), *words], **said))

    def _wait_until(self, ready, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            ended = [daemon.args[0] for daemon in self.daemons if daemon.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"waited for {what}; ended: {ended}; nodes: {self.states()}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self) -> str:
        """The end of what each daemon said."""
        files = [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
        return "\n".join(f"--- {file.name}\n{file.read_text(encoding='utf-8')[-3000:]}" for file in sorted(files))


def missing() -> list[str]:
    """Which of the programs that a cluster needs are not installed."""
    return [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]


def user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def free_ports(count: int) -> list[int]:
    """Ports on the loopback interface that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports
