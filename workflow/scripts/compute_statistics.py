"""Statistics of the training split: what scales both spaces and what SSIM and PSNR take for the data range."""

from pairlsi import job

job.start(snakemake, blocks=True)  # noqa: F821 - given by Snakemake

import json
from pathlib import Path

import numpy as np

from pairlsi import provenance, store

dataset = next(parent for parent in Path(snakemake.input[0]).parents if parent.suffix == ".zarr")  # noqa: F821
scalars, means = store.statistics(dataset)
np.savez(snakemake.output.means, **means)  # noqa: F821
Path(snakemake.output.scalars).write_text(json.dumps(scalars, indent=1))  # noqa: F821
# apart, so that what reads the numbers does not run again where they are the same
told = {"source": snakemake.params.source, "data": provenance.recorded(dataset)["settings"]}  # noqa: F821
told["provenance"] = provenance.describe()
Path(snakemake.output.told).write_text(json.dumps(told, indent=1))  # noqa: F821
