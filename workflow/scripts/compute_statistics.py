"""Statistics of the training split: what scales both spaces and what SSIM and PSNR take for the data range."""

from pairlsi.jobs import job

with job.start(snakemake, blocks=True):  # noqa: F821 - given by Snakemake
    import json
    from pathlib import Path

    import numpy as np

    from pairlsi.data import store
    from pairlsi.jobs import outputs, provenance

dataset = next(parent for parent in Path(snakemake.input[0]).parents if parent.suffix == ".zarr")  # noqa: F821
scalars, means = store.statistics(dataset)
with outputs.written(snakemake.output.means) as beside:  # noqa: F821
    np.savez(beside, **means)
with outputs.written(snakemake.output.scalars) as beside:  # noqa: F821
    beside.write_text(json.dumps(scalars, indent=1), encoding="utf-8")
# apart, so that what reads the numbers does not run again where they are the same
told = provenance.record(snakemake, dataset.parents[1], dataset)  # noqa: F821
with outputs.written(snakemake.output.told) as beside:  # noqa: F821
    beside.write_text(json.dumps(told, indent=1), encoding="utf-8")
