# Validates the config before anything else, and offers what several stages ask of it.
import gc
import math
import os
import sys
from pathlib import Path
from types import SimpleNamespace

HERE = Path(workflow.current_basedir) / ".."  # the folder workflow/, also where this is a module of another workflow
sys.path.insert(0, str((HERE / "scripts").resolve()))

gc.set_threshold(100_000, 20, 100)  # of jobs, which stay, there is no garbage to find: a tenth of the time of a plan

from snakemake.exceptions import WorkflowError

from pairlsi.jobs import surroundings

surroundings.settle(os.environ)  # before libraries are imported; jobs inherit it

from pairlsi import observations
from pairlsi.config import Experiment, check
from pairlsi.core import errors, parts, variants
from pairlsi.core.base import EVALUATED, SPLITS
from pairlsi.data import store
from pairlsi.jobs import planned, sources
from pairlsi.observations import spoiled
from pairlsi import predictions
from pairlsi.predictions import asked
from pairlsi.reports import listing, notebook

sources.remember(Path(".snakemake/sources.json").resolve())

# conda and Apptainer bring a Python of their own for the jobs
deployed = bool(workflow.deployment_settings.deployment_method)
if not deployed and surroundings.torn_apart(sys.executable):
    sys.exit(
        f"Snakemake starts jobs by the path of Python in a shell, without quotes, and {sys.executable} has blanks or "
        "other signs in it that a shell takes for its own: set up .venv in a folder without them"
    )
HOW = "--config observation=FILE experiment=NAME"
try:
    errors.check_files(workflow.configfiles)
    # files of parts are named relative to the config that names them; jobs inherit where that is
    parts.look_in([*(Path(file).resolve().parent for file in reversed(workflow.configfiles)), Path.cwd()])
    experiments = [name for name, said in (config.get("experiments") or {}).items() if said is not None]
    ASKED = asked.taken_from(config, experiments)
    ASKED_FOR = {}
    if ASKED.observation is not None:
        ASKED_FOR = {(ASKED.experiment, name): file for name, file in asked.files(ASKED.observation).items()}
    ordered = config
    for file in workflow.configfiles:  # those of the command line first
        ordered = variants.in_order(ordered, errors.read_file(file))
    config.update(check(ordered))
    EXPERIMENTS = {name: Experiment(said, f"experiments.{name}") for name, said in config["experiments"].items()}
    OBSERVATIONS = {
        (e, name): file for e, said in EXPERIMENTS.items() for name, file in said.predictions.observations.items()
    }
    OBSERVATIONS |= ASKED_FOR
    if ASKED.methods and ASKED.experiment:
        predictions.with_starts(EXPERIMENTS[ASKED.experiment], ASKED.methods)  # so that wrong names are told at once
except errors.ConfigError as error:
    sys.exit(errors.with_files(error, workflow.configfiles))  # sentences alone: a WorkflowError adds lines of this file
workflow.pathvars.update(workflow.pathvars.from_config(config))  # as they were checked


onstart:
    # Snakemake 9.27 enforces its limit of new jobs, 100 a second where nobody asks for another, by timers that never
    # end, one more for each job that has ended, and whenever one fires all waiting jobs are looked at: after a hundred
    # jobs that keeps a core busy
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


wildcard_constraints:
    experiment="[a-z][a-z0-9_]*",
    split="|".join(SPLITS),
    shard=r"\d+",
    seed=r"\d+",
    case=r"[a-z][a-z0-9-]*-[0-9.]+",
    network=r"[a-z][a-z0-9-]*",
    method=r"[a-z][a-z0-9-]*",
    name=r"[\w-]+",
