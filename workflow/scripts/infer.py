"""Estimate x from the masked data of every evaluated split with one method, and measure the estimates."""

from pairlsi import job

job.start(snakemake)  # noqa: F821 - given by Snakemake

from pathlib import Path

from pairlsi import problems
from pairlsi.evaluation import sweep

wildcards, params = snakemake.wildcards, snakemake.params  # noqa: F821
table = sweep.run(
    method=wildcards.method,
    mask=wildcards.mask,
    problem=problems.create(params.problem),
    said=params.method,
    data=Path(snakemake.input.scalars).parent,  # noqa: F821
    weights=snakemake.input.get("weights"),  # noqa: F821
    starts=snakemake.input.get("starts"),  # noqa: F821
    estimates=Path(snakemake.output.estimates),  # noqa: F821
)
table.insert(0, "experiment", wildcards.experiment)
table.insert(5, "seed", int(wildcards.seed))
table.to_csv(snakemake.output.metrics, index=False)  # noqa: F821
