"""Estimate x from the masked data of every evaluated split with one method, and measure the estimates."""

from pairlsi import job

job.start(snakemake)  # noqa: F821 - given by Snakemake

from pathlib import Path

from pairlsi import outputs, problems
from pairlsi.evaluation import sweep

wildcards, params, output = snakemake.wildcards, snakemake.params, snakemake.output  # noqa: F821
with outputs.written(output.estimates) as beside:
    table = sweep.run(
        method=wildcards.method,
        mask=wildcards.mask,
        problem=problems.create(params.problem),
        said=params.method,
        data=Path(snakemake.input.scalars).parent,  # noqa: F821
        weights=snakemake.input.get("weights"),  # noqa: F821
        starts=snakemake.input.get("starts"),  # noqa: F821
        estimates=beside,
    )
table.insert(0, "experiment", wildcards.experiment)
table.insert(5, "seed", int(wildcards.seed))
with outputs.written(output.metrics) as beside:
    table.to_csv(beside, index=False)
