"""Say whether what lies in the results comes from the present settings and sources; end with an error where not."""

from pairlsi import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi import comparison

params = snakemake.params  # noqa: F821
table = comparison.compare(Path(params.results), params.expected)
print(*comparison.lines(table), sep="\n", file=job.terminal)
if (table.state == "differs").any():
    raise comparison.DifferenceError("some results come from other settings or sources: snakemake makes them again")
