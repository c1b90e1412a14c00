# What the rules that make reports ask of the config.


def networks_of(wildcards):
    """An input: settings and history of every network, for the first seed."""
    experiment = experiment_of(wildcards)
    return [
        f"<results>/{wildcards.experiment}/networks/{network}/seed-{experiment.training.seeds[0]}/{file}"
        for network in experiment.networks
        for file in ("settings.json", "history.csv")
    ]


def estimates_of(wildcards):
    """An input: every estimate of the first seed, for the figures of examples."""
    first = f"seed-{experiment_of(wildcards).training.seeds[0]}/"
    return [file.replace("metrics.csv", "estimates.zarr") for file in swept(wildcards) if first in file]


def relatives(wildcards):
    """A param: the other experiments of its family, the one that it is a variant of or its variants."""
    return variants.relatives(config["experiments"], wildcards.experiment)


def metrics_of_relatives(wildcards):
    """An input: their metrics, for the comparison in the report."""
    return [f"<results>/{name}/metrics.csv" for name in relatives(wildcards)]


def report_source(wildcards):
    """A param: the digest of what the report runs, its sections included; refused where packages for it are missing:
    that should not show after hours of computing.
    """
    if not deployed and notebook.missing():
        raise WorkflowError(
            f"the report needs packages that are not installed: {', '.join(notebook.missing())}. Install "
            f"envs/requirements.txt, or ask for the metrics.csv of {wildcards.experiment} alone"
        )
    experiment = experiment_of(wildcards)
    kinds = listing.kinds(experiment.problem, experiment.given["sections"])
    own = "pairlsi/reports/report.py"  # what the notebook imports
    return sources.digest("report.py", own, *(str(parts.source_of(listing.ROOM, kind)) for kind in sorted(set(kinds))))


def planned_jobs(wildcards):
    """A param: every job that the reports need, made or not."""
    apply = workflow.pathvars.apply
    return planned.jobs(workflow, [apply(f"<results>/{name}/report.html") for name in EXPERIMENTS])
