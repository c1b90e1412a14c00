"""Estimate x from the observed data of every evaluated split with one method, and measure the estimates."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import shutil
    from pathlib import Path

    from pairlsi.evaluation import inference
    from pairlsi.jobs import outputs, provenance

output = snakemake.output  # noqa: F821
data = Path(snakemake.input.scalars).parent  # noqa: F821
weights, starts = snakemake.input.get("weights"), snakemake.input.get("starts")  # noqa: F821
splits = [data / f"{split}.zarr" for split in dict.fromkeys(["validation", *snakemake.params.method["splits"]])]  # noqa: F821
told = provenance.record(snakemake, data.parent, weights, starts, *splits)  # noqa: F821
batches = Path(output.metrics).parent / "batches"
with outputs.written(output.estimates) as beside:
    rows = inference.run(told, weights, starts, data, beside, batches)
with outputs.written(output.metrics) as beside:
    inference.write_metrics(rows, beside)
shutil.rmtree(batches, ignore_errors=True)
