# Data of one's own: snakemake --cores all predict --config observation=FILE experiment=ct. A file, or each file of a
# folder, is a job; what it needs of the experiment is made first, and nothing else. No job here asks for a GPU: they take
# one where they see it, and seconds otherwise.


rule predict:
    input:
        predicted,


rule prediction:
    input:
        shard_files("validation"),
        networks=networks_asked,
        observation=measured_by,
        scalars="<results>/{experiment}/data/statistics.json",
        means="<results>/{experiment}/data/mean.npz",
    output:
        page="<results>/{experiment}/predictions/{name}/page.html",
        table="<results>/{experiment}/predictions/{name}/table.csv",
        estimates=directory("<results>/{experiment}/predictions/{name}/estimates.zarr"),
        stacks=directory("<results>/{experiment}/predictions/{name}/tiff"),
        figures=directory("<results>/{experiment}/predictions/{name}/figures"),
    log:
        "<logs>/{experiment}/predict/{name}.log",
    benchmark:
        "<logs>/{experiment}/predict/{name}.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(3000),
        runtime=grows(60),
    params:
        experiment=told(methods_asked),
        asked=lambda wildcards: ASKED.model_dump(exclude={"observation", "experiment"}),
        source=source_of_prediction("predict.py", methods_asked),
    script:
        "../scripts/predict.py"


# whether what predictions say of themselves is right, on test data
rule trust:
    input:
        shard_files("validation", *EVALUATED),
        networks=networks_of_predictions,
        scalars="<results>/{experiment}/data/statistics.json",
        means="<results>/{experiment}/data/mean.npz",
    output:
        table="<results>/{experiment}/trust.csv",
    log:
        "<logs>/{experiment}/trust.log",
    benchmark:
        "<logs>/{experiment}/trust.tsv"
    priority: in_turn()
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(3000),
        runtime=grows(60),
    params:
        experiment=told(methods_of_config, words=False),
        source=source_of_prediction("trust.py", methods_of_config),
    script:
        "../scripts/trust.py"


# everything that predictions need but data, to be loaded on another machine: make export EXPERIMENT=ct
rule export:
    input:
        shard_files("validation"),
        networks=networks_of_predictions,
        scalars="<results>/{experiment}/data/statistics.json",
        means="<results>/{experiment}/data/mean.npz",
    output:
        file="<results>/{experiment}/model.zip",
    log:
        "<logs>/{experiment}/export.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(3000),
        runtime=grows(60),
    params:
        experiment=told(methods_of_config),
        source=source_of_prediction("export.py", methods_of_config),
    script:
        "../scripts/export.py"
