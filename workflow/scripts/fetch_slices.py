"""Fetch one of the files with slices of patients."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi.problems.ct import patients

path = Path(snakemake.output[0])  # noqa: F821
patients.FETCHED[path.name](path.parent)
