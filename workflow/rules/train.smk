# One network and one seed a job.


def network_part(wildcards):
    """A param: what the config says of this network alone."""
    experiment = experiment_of(wildcards)
    networks = experiment["networks"]
    said = {key: networks[key] for key in ("x", "y", "centre")}
    if wildcards.network == "pair":
        return said | {"weights": networks["weights"]}
    kind = wildcards.network.removeprefix("encdec-")
    mask = "none-0-0" if kind == "none" else f"{kind}-{networks['mask_percent']}-0"
    return said | {"mask": mask, "mask_seed": experiment["inference"]["masks"]["seed"] if mask != "none-0-0" else 0}


def training_part(wildcards):
    """A param: how to train; which seeds there are besides is no matter of this job."""
    return {key: value for key, value in experiment_of(wildcards)["training"].items() if key != "seeds"}


rule train:
    input:
        shard_files("train", "validation"),
        scalars="<results>/{experiment}/data/statistics.json",
        means="<results>/{experiment}/data/mean.npz",
    output:
        weights="<results>/{experiment}/networks/{network}/seed-{seed}/weights.safetensors",
        settings="<results>/{experiment}/networks/{network}/seed-{seed}/settings.json",
        history="<results>/{experiment}/networks/{network}/seed-{seed}/history.csv",
    log:
        "<logs>/{experiment}/train/{network}-seed-{seed}.log",
    benchmark:
        "<logs>/{experiment}/train/{network}-seed-{seed}.tsv"
    # the paired autoencoder takes longest and most methods wait for it
    priority: lambda wildcards: 100 if wildcards.network == "pair" else 10
    resources:
        gpu=gpu("training"),
        mem_mb=grows(4000),
        runtime=grows(240),
    params:
        problem=part("problem"),
        network=network_part,
        training=training_part,
        source=source("train.py"),
    script:
        "../scripts/train.py"
