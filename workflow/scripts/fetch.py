"""Download the archives of real images that the problem names, check their MD5 sums and unpack them."""

from pairlsi import job

job.start(snakemake)  # noqa: F821 - given by Snakemake

import json
from pathlib import Path

from pairlsi import problems

problem = problems.create(snakemake.params.problem)  # noqa: F821
problem.fetch()
Path(snakemake.output[0]).write_text(json.dumps(problem.archives, indent=1))  # noqa: F821
