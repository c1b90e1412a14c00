# Forward-simulated pairs (x, y): one Zarr dataset a split, one job a shard, then statistics of the training split.


def counts_of(wildcards):
    """A param: the samples of the split, and of the others where they are dealt out of one pool of real images."""
    experiment = experiment_of(wildcards)
    counts = experiment["data"]["samples"]
    if problems.create(experiment["problem"]).shares_samples:
        return counts
    return {wildcards.split: counts[wildcards.split]}


rule create_store:
    output:
        "<results>/{experiment}/data/{split}.zarr/zarr.json",
        "<results>/{experiment}/data/{split}.zarr/x/zarr.json",
        "<results>/{experiment}/data/{split}.zarr/y/zarr.json",
    log:
        "<logs>/{experiment}/create_store/{split}.log",
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        problem=part("problem"),
        samples=lambda wildcards: experiment_of(wildcards)["data"]["samples"][wildcards.split],
        shard_size=part("data", "shard_size"),
        source=source("create_store.py"),
    script:
        "../scripts/create_store.py"


rule simulate:
    input:
        "<results>/{experiment}/data/{split}.zarr/zarr.json",
        "<results>/{experiment}/data/{split}.zarr/x/zarr.json",
        "<results>/{experiment}/data/{split}.zarr/y/zarr.json",
    output:
        x="<results>/{experiment}/data/{split}.zarr/x/c/{shard}/0/0/0",
        y="<results>/{experiment}/data/{split}.zarr/y/c/{shard}/0/0/0",
    log:
        "<logs>/{experiment}/simulate/{split}-{shard}.log",
    benchmark:
        "<logs>/{experiment}/simulate/{split}-{shard}.tsv"
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        problem=part("problem"),
        seed=part("data", "seed"),
        counts=counts_of,
        source=source("simulate.py"),
    script:
        "../scripts/simulate.py"


rule statistics:
    input:
        shard_files("train"),
    output:
        scalars="<results>/{experiment}/data/statistics.json",
        means="<results>/{experiment}/data/mean.npz",
    log:
        "<logs>/{experiment}/statistics.log",
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        source=source("compute_statistics.py"),
    script:
        "../scripts/compute_statistics.py"
