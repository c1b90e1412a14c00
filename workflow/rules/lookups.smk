# What the rules ask of the config: params, inputs and resources that depend on wildcards. What belongs to a part, the
# part is asked for.


def experiment_of(wildcards):
    """The `config.Experiment` of that name."""
    if wildcards.experiment not in EXPERIMENTS:
        known = ", ".join(EXPERIMENTS)
        raise WorkflowError(f"there is no experiment {wildcards.experiment} in the config: its experiments are {known}")
    return EXPERIMENTS[wildcards.experiment]


def part(*keys):
    """A param: the part of the experiment's config under `keys`, so that no other key reruns the stage."""

    def lookup_part(wildcards):
        experiment_of(wildcards)
        found = config["experiments"][wildcards.experiment]
        for key in keys:
            found = found[key]
        return found

    return lookup_part


def source(script):
    """A param: the digest of the script, of what it imports, and of the parts that the job uses, no others."""

    def digest(wildcards):
        experiment, kinds = experiment_of(wildcards), [
            ("problems", config["experiments"][wildcards.experiment]["problem"]["kind"])
        ]
        method = experiment.methods.get(wildcards.get("method"))
        network = wildcards.get("network") or (method and method.settings.network)
        if method:
            kinds.append(("methods", method.part.kind))
            kinds.append(("observations", observation_of(experiment, wildcards.case).part.kind))
        if network:
            kinds.append(("networks", experiment.networks[network].part.kind))
            if trained_on := behind(experiment, network):
                kinds.append(("observations", observation_of(experiment, trained_on).part.kind))
        return sources.digest(script, *sorted({str(parts.source_of(*kind)) for kind in kinds}))

    return digest


def observation_of(experiment, case):
    return experiment.observations[observations.split_case(case)[0]]


def behind(experiment, network):
    """The case that a network is trained behind, if any."""
    return experiment.networks[network].part.observed(experiment.networks[network].settings)


def shard_files(*splits):
    """An input: every shard file of these splits."""

    def files(wildcards):
        data = experiment_of(wildcards).data
        return [
            str(file)
            for split in splits
            for shard in range(store.shards(getattr(data.samples, split), data.shard_size))
            for file in store.shard_files(f"<results>/{wildcards.experiment}/data/{split}.zarr", shard)
        ]

    return files


def network_part(wildcards):
    """A param: what the config says of this network alone."""
    return experiment_of(wildcards).network_told(wildcards.network)


def start_of(wildcards):
    """An input: the weights of the network that this one begins as, if any."""
    experiment = experiment_of(wildcards)
    _, kind, settings = experiment.networks[wildcards.network]
    start, seed = kind.begins_as(settings, experiment.networks), experiment.training.seeds[0]
    return f"<results>/{wildcards.experiment}/networks/{start}/seed-{seed}/weights.safetensors" if start else []


def training_part(wildcards):
    """A param: how to train; which seeds there are besides is no matter of this job."""
    return experiment_of(wildcards).training.model_dump(exclude={"seeds"})


def method_part(wildcards):
    """A param: what the config says of this method and of this case."""
    return experiment_of(wildcards).method_told(wildcards.method, wildcards.case)


def weights_of(wildcards):
    """An input: the weights that the method needs, if any."""
    network = experiment_of(wildcards).methods[wildcards.method].settings.network
    folder = f"<results>/{wildcards.experiment}/networks/{network}/seed-{wildcards.seed}"
    return f"{folder}/weights.safetensors" if network else []


def network_settings_of(wildcards):
    """An input: what those weights were trained with."""
    return [weights.replace("weights.safetensors", "settings.json") for weights in [weights_of(wildcards)] if weights]


def starts_of(wildcards):
    """An input: the estimates of another method, for the methods that start from them."""
    experiment = experiment_of(wildcards)
    _, kind, settings = experiment.methods[wildcards.method]
    start = kind.starts_from(settings)
    if not start:
        return []
    seed = wildcards.seed if int(wildcards.seed) in experiment.seeds_of(start) else experiment.training.seeds[0]
    return f"<results>/{wildcards.experiment}/inference/{start}/{wildcards.case}/seed-{seed}/estimates.zarr"


def swept(wildcards):
    """An input: the metrics of every method, case and seed that makes a difference."""
    experiment = experiment_of(wildcards)
    return [
        f"<results>/{wildcards.experiment}/inference/{method}/{case}/seed-{seed}/metrics.csv"
        for method in experiment.methods
        for case in experiment.cases_of(method)
        for seed in experiment.seeds_of(method)
    ]
