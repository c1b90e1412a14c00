"""Share the images in a folder of the user's out to the splits, once for all jobs."""

from pairlsi import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import json

    from pairlsi import outputs, problems, provenance

params = snakemake.params  # noqa: F821
told = {"problem": params.problem, "source": params.source}
told |= problems.create(params.problem).deal(params.seed, params.counts)
told["provenance"] = provenance.describe()
with outputs.written(snakemake.output[0]) as beside:  # noqa: F821
    beside.write_text(json.dumps(told, indent=1), encoding="utf-8")
