# The whole workflow, with the config beside this file wherever snakemake was started.
configfile: f"{workflow.basedir}/config.yaml"


include: "workflow/Snakefile"


# what an included file names as the default target does not count here
rule default:
    default_target: True
    input:
        rules.all.input,
