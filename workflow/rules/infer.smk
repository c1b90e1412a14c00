# One method, one case of an observation with all its draws, and one seed a job; then one tidy table and the claims.


rule infer:
    input:
        shard_files("validation", *EVALUATED),
        scalars="<results>/{experiment}/data/statistics.json",
        weights=weights_of,
        means="<results>/{experiment}/data/mean.npz",
        settings=network_settings_of,
        starts=starts_of,
    output:
        estimates=directory("<results>/{experiment}/inference/{method}/{case}/seed-{seed}/estimates.zarr"),
        metrics="<results>/{experiment}/inference/{method}/{case}/seed-{seed}/metrics.csv",
    log:
        "<logs>/{experiment}/infer/{method}-{case}-seed-{seed}.log",
    benchmark:
        "<logs>/{experiment}/infer/{method}-{case}-seed-{seed}.tsv"
    wildcard_constraints:
        experiment=rf"(?!{WITHOUT_GPU})[a-z][a-z0-9_]*",
    priority: in_turn()
    conda:
        "../../envs/environment.yaml"
    resources:
        gpu=gpu,
        mem_mb=memory_of_inference,
        runtime=grows(120),
    params:
        problem=part("problem"),
        method=method_part,
        source=source("infer.py"),
    script:
        "../scripts/infer.py"


# the same for methods that have nothing for a GPU to do
use rule infer as infer_on_cpu with:
    wildcard_constraints:
        experiment=rf"(?={WITHOUT_GPU})[a-z][a-z0-9_]*",
    resources:
        gpu=0,
        mem_mb=memory_of_inference,
        runtime=grows(120),


rule summarise:
    input:
        swept,
    output:
        metrics="<results>/{experiment}/metrics.csv",
        claims="<results>/{experiment}/claims.csv",
    log:
        "<logs>/{experiment}/summarise.log",
    benchmark:
        "<logs>/{experiment}/summarise.tsv"
    priority: in_turn()
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        evaluation=part("evaluation"),
        seeds=part("training", "seeds"),
        noise_level=lambda wildcards: experiment_of(wildcards).problem.noise_level,
        source=source("summarise.py"),
    script:
        "../scripts/summarise.py"
