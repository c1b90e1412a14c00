# Forward-simulated pairs (x, y): one Zarr dataset a split, one job a shard, then statistics of the training split.


rule fetch:
    output:
        "<results>/{experiment}/data/fetched.json",
    log:
        "<logs>/{experiment}/fetch.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        runtime=grows(600),
    params:
        problem=part("problem"),
    script:
        "../scripts/fetch.py"


# a first look at real images: what lies there, whether it can be read, which scale fits
rule look_through_images:
    input:
        fetched_images,
    output:
        "<results>/{experiment}/images.html",
    log:
        "<logs>/{experiment}/check_images.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(1000),
        runtime=grows(60),
    params:
        problem=part("problem"),
        counts=part("data", "samples"),
        source=source("check_images.py"),
    script:
        "../scripts/check_images.py"


rule check_images:
    input:
        looked_through,


# which file is which sample of which split, said once: a folder may change while jobs run, and between two runs
rule deal_images:
    input:
        fetched_images,
    output:
        "<results>/{experiment}/data/images.json",
    log:
        "<logs>/{experiment}/deal_images.log",
    priority: in_turn(300)
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(1000),
        runtime=grows(60),
    params:
        problem=part("problem"),
        seed=part("data", "seed"),
        counts=part("data", "samples"),
        source=source("deal_images.py"),
    script:
        "../scripts/deal_images.py"


rule create_store:
    input:
        images=dealt_images,
    output:
        "<results>/{experiment}/data/{split}.zarr/zarr.json",
        "<results>/{experiment}/data/{split}.zarr/x/zarr.json",
        "<results>/{experiment}/data/{split}.zarr/y/zarr.json",
    log:
        "<logs>/{experiment}/create_store/{split}.log",
    # data first: the longest jobs, training, wait for all of them
    priority: in_turn(300)
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        problem=part("problem"),
        samples=lambda wildcards: getattr(experiment_of(wildcards).data.samples, wildcards.split),
        shard_size=part("data", "shard_size"),
        seed=part("data", "seed"),
        counts=counts_of,
        simulation=source("simulate.py"),  # a dataset is made anew with its shards
        source=source("create_store.py"),
    script:
        "../scripts/create_store.py"


# of these there may be ten thousand, and a plan's time goes by their inputs and the functions that are asked for each
rule simulate:
    input:
        "<results>/{experiment}/data/{split}.zarr/zarr.json",
        images=images_drawn_from,
    output:
        x="<results>/{experiment}/data/{split}.zarr/x/c/{shard}/0/0/0",
        y="<results>/{experiment}/data/{split}.zarr/y/c/{shard}/0/0/0",
    log:
        "<logs>/{experiment}/simulate/{split}-{shard}.log",
    benchmark:
        "<logs>/{experiment}/simulate/{split}-{shard}.tsv"
    priority: in_turn(200)
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        problem=part("problem"),
        samples=samples_of,
        source=source("simulate.py"),
    script:
        "../scripts/simulate.py"


# what lies in a final result's past is not made again when it is lost; ask for it: snakemake --cores all data
rule data:
    input:
        every_shard,


rule statistics:
    input:
        shard_files("train"),
    output:
        scalars="<results>/{experiment}/data/statistics.json",
        means="<results>/{experiment}/data/mean.npz",
        told="<results>/{experiment}/data/statistics.provenance.json",
    log:
        "<logs>/{experiment}/statistics.log",
    benchmark:
        "<logs>/{experiment}/statistics.tsv"
    priority: in_turn(300)
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        source=source("compute_statistics.py"),
    script:
        "../scripts/compute_statistics.py"
