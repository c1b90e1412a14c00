"""Make the empty dataset of one split."""

from pairlsi import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi import problems, provenance, store

params = snakemake.params  # noqa: F821
said = params.dataset
problem = problems.create(said["problem"])
attributes = {
    "x_unit": problem.x_unit,
    "y_unit": problem.y_unit,
    "settings": said,
    "dealt": provenance.fingerprint(images) if (images := snakemake.input.get("images")) else None,  # noqa: F821
    "provenance": provenance.describe(),
}
shapes = {"x": problem.x_shape, "y": problem.y_shape}
path = Path(snakemake.output[0]).parent  # noqa: F821
store.create(path, said["samples"], shapes, said["shard_size"], attributes, problems.axes(problem))
