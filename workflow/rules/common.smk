# Validates the config before anything else, and offers what several stages ask of it.
import math
import os
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from snakemake.exceptions import WorkflowError

from pairlsi import surroundings

surroundings.settle(os.environ)  # before libraries are imported; jobs inherit it

from pairlsi import config_errors, problems, reporting, settings, sources, store, variants

# conda and Apptainer bring a Python of their own for the jobs
deployed = bool(workflow.deployment_settings.deployment_method)
if not deployed and surroundings.torn_apart(sys.executable):
    sys.exit(
        f"Snakemake starts jobs by the path of Python in a shell, without quotes, and {sys.executable} has blanks or "
        "other signs in it that a shell takes for its own: set up .venv in a folder without them"
    )
try:
    config_errors.check_files(workflow.configfiles)
    config.update(settings.check(config))
except settings.ConfigError as error:
    sys.exit(str(error))  # the sentence alone: a WorkflowError adds lines of this file
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
    split="|".join(settings.SPLITS),
    shard=r"\d+",
    seed=r"\d+",
    mask=r"[a-z]+-\d+",
    network=r"[a-z][a-z-]*",
    method=r"[a-z][a-z-]*",
