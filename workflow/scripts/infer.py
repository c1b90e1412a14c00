"""Estimate x from the masked data of every evaluated split with one method, and measure the estimates."""

from pairlsi import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi import outputs, problems, provenance
    from pairlsi.evaluation import sweep

wildcards, params, output = snakemake.wildcards, snakemake.params, snakemake.output  # noqa: F821
data = Path(snakemake.input.scalars).parent  # noqa: F821
weights, starts = snakemake.input.get("weights"), snakemake.input.get("starts")  # noqa: F821
told = {
    "experiment": wildcards.experiment,
    "method": wildcards.method,
    "mask": wildcards.mask,
    "seed": int(wildcards.seed),
    "problem": params.problem,
    "settings": params.method,
    "source": params.source,
    "data": {split: provenance.recorded(data / f"{split}.zarr")["settings"] for split in params.method["splits"]},
    "dealt": provenance.recorded(data / "validation.zarr").get("dealt"),
    "weights": provenance.fingerprint(weights) if weights else None,
    "starts": provenance.identity(provenance.recorded(starts)) if starts else None,
    "provenance": provenance.describe(),
}
with outputs.written(output.estimates) as beside:
    rows = sweep.run(told, problems.create(params.problem), data, weights, starts, beside)
with outputs.written(output.metrics) as beside:
    sweep.write_metrics(rows, beside)
