"""Say whether what lies in the results comes from the present settings and sources; end with an error where not."""

from pairlsi.jobs import job

with job.start(snakemake):  # noqa: F821 - given by Snakemake
    from pathlib import Path

    from pairlsi import problems
    from pairlsi.jobs import comparison

params = snakemake.params  # noqa: F821


def look_again(told: dict) -> dict:
    """The images of the user's as they lie there now; they may be gone, once the data are made from them."""
    if "images" not in told:
        return {}
    try:
        return {"images": problems.create(told["params"]["problem"]).images()}
    except FileNotFoundError:
        return {}


table = comparison.compare(Path(params.results), params.jobs, look_again)
print(*comparison.lines(table), sep="\n", file=job.terminal)
if (table.state == "differs").any():
    raise comparison.DifferenceError("some results come from other settings or sources: snakemake makes them again")
