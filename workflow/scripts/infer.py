"""Estimate x from the masked data of every evaluated split with one method, and measure the estimates."""

from pairlsi import job

job.start(snakemake)  # noqa: F821 - given by Snakemake

from pathlib import Path

from pairlsi import problems
from pairlsi.evaluation import sweep

wildcards, params = snakemake.wildcards, snakemake.params  # noqa: F821
rows = sweep.run(
    experiment=wildcards.experiment,
    method=wildcards.method,
    mask=wildcards.mask,
    seed=int(wildcards.seed),
    problem=problems.create(params.problem),
    said=params.method,
    data=Path(snakemake.input.scalars).parent,  # noqa: F821
    weights=snakemake.input.get("weights"),  # noqa: F821
    starts=snakemake.input.get("starts"),  # noqa: F821
    estimates=Path(snakemake.output.estimates),  # noqa: F821
)
sweep.write_metrics(rows, Path(snakemake.output.metrics))  # noqa: F821
