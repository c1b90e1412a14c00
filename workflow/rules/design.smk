# Where to measure: the rows that leave the least error, chosen from the training split's statistics and tried on test data.


rule design:
    input:
        shard_files("validation", "test"),
        networks=networks_of_designs,
        scalars="<results>/{experiment}/data/statistics.json",
        means="<results>/{experiment}/data/mean.npz",
    output:
        table="<results>/{experiment}/designs.csv",
    log:
        "<logs>/{experiment}/design.log",
    benchmark:
        "<logs>/{experiment}/design.tsv"
    priority: in_turn()
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        experiment=told(methods_of_designs, words=False),
        linear=linear_estimate,
        source=source_of_prediction("design.py", methods_of_designs),
    script:
        "../scripts/design.py"
