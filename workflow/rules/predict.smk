# Data of one's own: snakemake --cores all predict --config observation=FILE experiment=ct. A file, or each file of a
# folder, is a job; what it needs of the experiment is made first, and nothing else. No job here asks for a GPU: they take
# one where they see it, and seconds otherwise.


def measured_by(wildcards):
    """An input: the file of that name."""
    if (wildcards.experiment, wildcards.name) not in OBSERVATIONS:
        raise WorkflowError(
            f"there is no observation {wildcards.name} for {wildcards.experiment}: name its file by {HOW}"
        )
    return OBSERVATIONS[wildcards.experiment, wildcards.name]


def pages(observations):
    return [f"<results>/{experiment}/predictions/{name}/page.html" for experiment, name in observations]


def pages_of_config(wildcards):
    """An input: the pages of the observations that the config names for its experiments."""
    return pages((e, name) for e, said in EXPERIMENTS.items() for name in said.predictions.observations)


def predicted(wildcards):
    """An input: the pages of the observations that --config names, or else of those in the config."""
    asked_for = [key for key in OBSERVATIONS if ASKED.observation is None or key in ASKED_FOR]
    if not asked_for:
        raise WorkflowError(f"say which data to predict from: {HOW}")
    return pages(asked_for)


def methods_asked(wildcards):
    return ASKED.methods or methods_of_config(wildcards)


def networks_asked(wildcards):
    return networks_for(wildcards, methods_asked(wildcards))


def networks_of_predictions(wildcards):
    return networks_for(wildcards, methods_of_config(wildcards))


def networks_for(wildcards, methods):
    """An input: the weights and settings of the networks of methods, and of those that they start from."""
    experiment = experiment_of(wildcards)
    networks = {experiment.methods[name].settings.network for name in started(experiment, methods)} - {None}
    folder = f"<results>/{wildcards.experiment}/networks"
    return [
        f"{folder}/{network}/seed-{experiment.training.seeds[0]}/{file}"
        for network in sorted(networks)
        for file in ("weights.safetensors", "settings.json")
    ]


def started(experiment, methods):
    try:
        return predictions.with_starts(experiment, methods)
    except errors.ConfigError as error:
        raise WorkflowError(str(error)) from None


def told(asked_for, words=True):
    """A param: what the config says of the methods that `asked_for` names, and of all that they need."""
    return lambda wildcards: predictions.told(experiment_of(wildcards), asked_for(wildcards), words)


def methods_of_config(wildcards):
    return predictions.methods_of(experiment_of(wildcards))


def source_of_prediction(script, asked_for):
    """A param: the digest of the script, of what it imports, and of the parts that these methods use."""

    def digest(wildcards):
        experiment = experiment_of(wildcards)
        used = [experiment.methods[name] for name in started(experiment, asked_for(wildcards))]
        kinds = [("problems", experiment.problem.kind)] + [("methods", one.part.kind) for one in used]
        networks = {one.settings.network for one in used} - {None}
        kinds += [("networks", experiment.networks[name].part.kind) for name in networks]
        if script != "predict.py":
            kinds += [("observations", one.part.kind) for one in experiment.observations.values()]
        return sources.digest(script, *sorted({str(parts.source_of(*kind)) for kind in kinds}))

    return digest


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
    log:
        "<logs>/{experiment}/predict/{name}.log",
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
