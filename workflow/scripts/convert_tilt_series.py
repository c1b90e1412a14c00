"""Make what an experiment on CT takes for data of one of the tilt series."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    import logging

    import numpy as np

    from pairlsi import problems
    from pairlsi.jobs import outputs
    from pairlsi.problems.ct import tilt_files, tilt_series

series = tilt_series.SERIES[snakemake.wildcards.series]  # noqa: F821
problem = problems.create(snakemake.params.problem)  # noqa: F821
found = tilt_series.observations(problem, *tilt_files.read(snakemake.input[0]), series)  # noqa: F821
logging.info(tilt_series.described(found))
with outputs.written(snakemake.output[0]) as beside:  # noqa: F821
    np.savez_compressed(beside, **found)
