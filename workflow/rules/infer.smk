# One method, one mask and one seed a job; then one tidy table and the claims.


def weights_of(wildcards):
    """An input: the weights that the method needs, if any."""
    network = settings.network_of(wildcards.method)
    if network is None:
        return []
    return f"<results>/{wildcards.experiment}/networks/{network}/seed-{wildcards.seed}/weights.safetensors"


def network_settings_of(wildcards):
    """An input: what those weights were trained with."""
    return [str(Path(weights).with_name("settings.json")) for weights in [weights_of(wildcards)] if weights]


def evaluated_files(wildcards):
    """An input: the shards of the splits to infer on, and of the validation split, on which choices are made."""
    return shard_files("validation", *experiment_of(wildcards)["inference"]["splits"])(wildcards)


def method_part(wildcards):
    """A param: what the config says of this method; of others, nothing, so that their keys rerun nothing here."""
    inference = experiment_of(wildcards)["inference"]
    said = {key: inference[key] for key in ("splits", "batch_size")}
    own = {"lsi": ["lsi"], "lsi-zx": ["lsi"], "cgls": ["cgls_iterations"]}.get(wildcards.method, [])
    return said | {key: inference[key] for key in own} | {"mask_seed": inference["masks"]["seed"]}


def swept(wildcards):
    """An input: the metrics of every method, mask and seed; a method without a network has one seed."""
    experiment = experiment_of(wildcards)
    inference, seeds = experiment["inference"], experiment["training"]["seeds"]
    masks = settings.mask_names(settings.Masks(**inference["masks"]))
    return [
        f"<results>/{wildcards.experiment}/inference/{method}/{mask}/seed-{seed}/metrics.csv"
        for method in inference["methods"]
        for mask in masks
        for seed in seeds
    ]


rule infer:
    input:
        evaluated_files,
        scalars="<results>/{experiment}/data/statistics.json",
        weights=weights_of,
        settings=network_settings_of,
    output:
        estimates=directory("<results>/{experiment}/inference/{method}/{mask}/seed-{seed}/estimates.zarr"),
        metrics="<results>/{experiment}/inference/{method}/{mask}/seed-{seed}/metrics.csv",
    log:
        "<logs>/{experiment}/infer/{method}-{mask}-seed-{seed}.log",
    resources:
        gpu=gpu("inference"),
        mem_mb=grows(3000),
        runtime=grows(120),
    params:
        problem=part("problem"),
        method=method_part,
        source=source("infer.py"),
    script:
        "../scripts/infer.py"


rule summarise:
    input:
        swept,
    output:
        metrics="<results>/{experiment}/metrics.csv",
        claims="<results>/{experiment}/claims.csv",
    log:
        "<logs>/{experiment}/summarise.log",
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        evaluation=part("evaluation"),
        percent=part("networks", "mask_percent"),
        source=source("summarise.py"),
    script:
        "../scripts/summarise.py"
