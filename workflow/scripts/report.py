"""Run the notebook of an experiment's problem and export the report."""

from pairlsi import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi import reporting

params, output = snakemake.params, snakemake.output  # noqa: F821
reporting.write_settings(params.experiment, params.relatives, params.source, output.settings)
reporting.run(
    notebook=Path(__file__).parent / params.notebook,
    results=Path(output.html).resolve().parent,
    executed=Path(snakemake.log.notebook),  # noqa: F821
    html=Path(output.html),
)
