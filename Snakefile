from os.path import relpath

from snakemake.utils import min_version

min_version("9.27")


# beside this file, wherever snakemake was started
configfile: f"{workflow.basedir}/config.yaml"


# what --software-deployment-method apptainer runs the jobs in, made by: apptainer build envs/pairlsi.sif envs/apptainer.def
container: relpath(f"{workflow.basedir}/envs/pairlsi.sif")


include: "workflow/rules/common.smk"
include: "workflow/rules/lookups.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/infer.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        expand("<results>/{experiment}/report.html", experiment=config["experiments"]),
