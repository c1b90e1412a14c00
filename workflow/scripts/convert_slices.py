"""Make what an experiment on CT takes for data of the slices of a patient."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    import numpy as np

    from pairlsi import problems
    from pairlsi.jobs import outputs
    from pairlsi.problems.ct import patients

slices = patients.read(Path(snakemake.input[0]))  # noqa: F821
found = patients.observations(problems.create(snakemake.params.problem), slices)  # noqa: F821
with outputs.written(snakemake.output[0]) as beside:  # noqa: F821
    np.savez_compressed(beside, **found)
