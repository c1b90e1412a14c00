# Slices of patients that others published, as data far from what an experiment on CT has learnt from: fetched from the
# system or the package index, then projected as the experiment's own images are.
from pairlsi.problems.ct import patients


rule fetch_slices:
    output:
        "<resources>/patients/{file}",
    log:
        "<logs>/fetch_slices/{file}.log",
    wildcard_constraints:
        file="|".join(patients.FILES.values()),
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        runtime=grows(30),
    script:
        "../scripts/fetch_slices.py"


rule convert_slices:
    input:
        lambda wildcards: f"<resources>/patients/{patients.FILES[wildcards.patient]}",
    output:
        "<resources>/{experiment}/{patient}.npz",
    log:
        "<logs>/{experiment}/convert_slices/{patient}.log",
    wildcard_constraints:
        patient="|".join(patients.FILES),
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(3000),
        runtime=grows(30),
    params:
        problem=part("problem"),
        source=source("convert_slices.py"),
    script:
        "../scripts/convert_slices.py"
