# One network and one seed a job.


rule train:
    input:
        shard_files("train", "validation"),
        start=start_of,
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
    wildcard_constraints:
        experiment=rf"(?!{WITHOUT_GPU})[a-z][a-z0-9_]*",
    # the paired autoencoder takes longest and most methods wait for it
    priority: importance
    conda:
        "../../envs/environment.yaml"
    resources:
        gpu=gpus,
        mem_mb=memory_of_training,
        runtime=grows(240),
    params:
        problem=part("problem"),
        network=network_part,
        training=training_part,
        source=source("train.py"),
    script:
        "../scripts/train.py"


# closed forms, which have nothing for a GPU to do
use rule train as train_on_cpu with:
    wildcard_constraints:
        experiment=rf"(?={WITHOUT_GPU})[a-z][a-z0-9_]*",
    resources:
        gpu=0,
        mem_mb=memory_of_training,
        runtime=grows(240),
