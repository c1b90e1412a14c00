"""Draw the samples of one shard, simulate their data and write the shard."""

from pairlsi.jobs import job

with job.start(snakemake, blocks=True):  # noqa: F821 - given by Snakemake
    import json
    from pathlib import Path

    from pairlsi import problems
    from pairlsi.data import simulation

wildcards, params = snakemake.wildcards, snakemake.params  # noqa: F821
problem = problems.create(params.problem)
if problem.shares_samples:
    problem.take(json.loads(Path(snakemake.input.images[0]).read_text(encoding="utf-8")))  # noqa: F821
path = Path(snakemake.input[0]).parent  # noqa: F821
simulation.simulate_shard(problem, path, wildcards.split, int(wildcards.shard), **params.samples)
