"""Look through a folder of real images and say in a page what lies there."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi import problems
    from pairlsi.jobs import outputs
    from pairlsi.problems.ct import look_through

params = snakemake.params  # noqa: F821
problem = problems.create(params.problem)
scale = problem.settings.source.scale
told = look_through.survey(problem.folder, params.counts, scale)
with outputs.written(Path(snakemake.output[0])) as beside:  # noqa: F821
    beside.write_text(look_through.page(told, str(problem.settings.source.folder), scale), encoding="utf-8")
