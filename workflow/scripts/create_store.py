"""Make the empty dataset of one split."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi import problems
    from pairlsi.data import store
    from pairlsi.jobs import provenance

params = snakemake.params  # noqa: F821
problem = problems.create(params.problem)
path = Path(snakemake.output[0]).parent  # noqa: F821
told = provenance.record(snakemake, path.parents[1], *snakemake.input.images)  # noqa: F821
attributes = {"x_unit": problem.x_unit, "y_unit": problem.y_unit, **told}
shapes = {"x": problem.x_shape, "y": problem.y_shape}
store.create(path, params.samples, shapes, params.shard_size, attributes, problems.axes(problem))
