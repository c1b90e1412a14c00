# What the rules of predictions ask of the config and of the command line.


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
        if script == "trust.py":
            kinds += [("observations", one.part.kind) for one in spoiled.fitting(experiment)]
        return sources.digest(script, *sorted({str(parts.source_of(*kind)) for kind in kinds}))

    return digest
