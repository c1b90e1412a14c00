"""Download the archives of real images that the problem names, check their MD5 sums and unpack them."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import json

    from pairlsi import problems
    from pairlsi.jobs import outputs

problem = problems.create(snakemake.params.problem)  # noqa: F821
problem.fetch()
with outputs.written(snakemake.output[0]) as beside:  # noqa: F821
    beside.write_text(json.dumps(problem.archives, indent=1), encoding="utf-8")
