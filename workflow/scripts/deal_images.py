"""Share the images in a folder of the user's out to the splits, once for all jobs."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import json
    from pathlib import Path

    from pairlsi import problems
    from pairlsi.jobs import outputs, provenance

params, images = snakemake.params, Path(snakemake.output[0])  # noqa: F821
told = provenance.record(snakemake, images.parents[1])  # noqa: F821
told |= problems.create(params.problem).deal(params.seed, params.counts)
with outputs.written(images) as beside:
    beside.write_text(json.dumps(told, indent=1), encoding="utf-8")
