"""Make the empty dataset of one split."""

from pairlsi import job

job.start(snakemake)  # noqa: F821 - given by Snakemake

from pathlib import Path

from pairlsi import problems, provenance, store

params = snakemake.params  # noqa: F821
problem = problems.create(params.problem)
attributes = {
    "x_unit": problem.x_unit,
    "y_unit": problem.y_unit,
    "settings": {"problem": params.problem, "samples": params.samples},
    "provenance": provenance.describe(),
}
shapes = {"x": problem.x_shape, "y": problem.y_shape}
path = Path(snakemake.output[0]).parent  # noqa: F821
store.create(path, params.samples, shapes, params.shard_size, attributes)
