# The report of an experiment: a notebook of its problem, run by papermill, as one HTML file.


report: "../report/workflow.rst"


def notebook_of(wildcards):
    """A param: the notebook that reports on the experiment's problem."""
    return f"../notebooks/{experiment_of(wildcards)['problem']['name']}.py"


def report_source(wildcards):
    """A param: the digest of what the report runs, its notebook included."""
    return sources.digest("report.py", notebook_of(wildcards))


def networks_of(wildcards):
    """An input: weights, settings and history of every network, for the first seed."""
    experiment = experiment_of(wildcards)
    return [
        f"<results>/{wildcards.experiment}/networks/{network}/seed-{experiment['training']['seeds'][0]}/{file}"
        for network in experiment["networks"]["train"]
        for file in ("settings.json", "history.csv")
    ]


def estimates_of(wildcards):
    """An input: every estimate of the first seed, for the figures of examples."""
    first = f"seed-{experiment_of(wildcards)['training']['seeds'][0]}/"
    return [file.replace("metrics.csv", "estimates.zarr") for file in swept(wildcards) if first in file]


rule report:
    input:
        evaluated_files,
        networks_of,
        estimates_of,
        scalars="<results>/{experiment}/data/statistics.json",
        metrics="<results>/{experiment}/metrics.csv",
        claims="<results>/{experiment}/claims.csv",
    output:
        html=report(
            "<results>/{experiment}/report.html",
            caption="../report/report.rst",
            category="Reports",
            labels={"experiment": "{experiment}"},
        ),
        figures=report(
            directory("<results>/{experiment}/figures"),
            patterns=["{figure}.png"],
            caption="../report/figures.rst",
            category="Figures",
            subcategory="{experiment}",
        ),
        settings="<results>/{experiment}/settings.yaml",
    log:
        "<logs>/{experiment}/report.log",
        notebook="<logs>/{experiment}/report.ipynb",
    # kernels that start at the same moment can be given one port
    retries: 2
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        experiment=experiment_of,
        notebook=notebook_of,
        source=report_source,
    script:
        "../scripts/report.py"
