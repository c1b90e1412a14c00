# Tilt series of electron tomography, measured and simulated by others, as data of an experiment on CT: fetched from the
# package index, then put on the views and bins of the experiment.
from pairlsi.problems.ct import tilt_files, tilt_series


rule fetch_tilt_series:
    output:
        expand("<resources>/etspy/{file}", file=tilt_files.FILES.values()),
    log:
        "<logs>/fetch_tilt_series.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        runtime=grows(30),
    script:
        "../scripts/fetch_tilt_series.py"


rule convert_tilt_series:
    input:
        lambda wildcards: f"<resources>/etspy/{tilt_series.SERIES[wildcards.series].file}",
    output:
        "<resources>/{experiment}/{series}.npz",
    log:
        "<logs>/{experiment}/convert_tilt_series/{series}.log",
    wildcard_constraints:
        series="|".join(tilt_series.SERIES),
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=grows(3000),
        runtime=grows(30),
    params:
        problem=part("problem"),
        source=source("convert_tilt_series.py"),
    script:
        "../scripts/convert_tilt_series.py"
