# The report of an experiment: its sections, in a notebook run by papermill, as one HTML file.


report: "../report/workflow.rst"


rule report:
    input:
        shard_files("validation", *EVALUATED),
        networks_of,
        estimates_of,
        metrics_of_relatives,
        designs_of,
        scalars="<results>/{experiment}/data/statistics.json",
        metrics="<results>/{experiment}/metrics.csv",
        claims="<results>/{experiment}/claims.csv",
        trust="<results>/{experiment}/trust.csv",
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
    benchmark:
        "<logs>/{experiment}/report.tsv"
    priority: in_turn()
    # kernels that start at the same moment can be given one port
    retries: 2
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        experiment=part(),
        relatives=relatives,
        source=report_source,
    script:
        "../scripts/report.py"


# whether what lies in the results comes from the present settings and sources; nothing is made: make provenance
rule provenance:
    log:
        "<logs>/provenance.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        results=lambda wildcards: workflow.pathvars.apply("<results>"),
        jobs=planned_jobs,
    script:
        "../scripts/check_provenance.py"
