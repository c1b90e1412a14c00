"""Show the sections of an experiment's report in a notebook and export it."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi import problems
    from pairlsi.jobs import provenance
    from pairlsi.reports import listing, notebook

params, output = snakemake.params, snakemake.output  # noqa: F821
results = Path(output.html).resolve().parent
notebook.write_settings(provenance.record(snakemake, results), output.settings)  # noqa: F821
sections = listing.listed(problems.create(params.experiment["problem"]), params.experiment["sections"])
notebook.run(listing.headings(sections), results, Path(snakemake.log.notebook), Path(output.html))  # noqa: F821
