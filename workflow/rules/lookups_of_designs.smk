# What the rules of designs ask of the config.


def linear_estimate(wildcards):
    """A param: the first method that is the best linear estimate, None where there is none."""
    methods = experiment_of(wildcards).methods
    return next((name for name, one in methods.items() if one.part.kind == "linear-estimate"), None)


def methods_of_designs(wildcards):
    """The method that speaks for all, and the linear estimate."""
    if linear_estimate(wildcards) is None:
        raise WorkflowError(f"{wildcards.experiment} has no method linear-estimate, which designs are chosen with")
    return list(dict.fromkeys([methods_of_config(wildcards)[0], linear_estimate(wildcards)]))


def networks_of_designs(wildcards):
    return networks_for(wildcards, methods_of_designs(wildcards))


def designs_of(wildcards):
    """An input: the designs, where there is a linear estimate to choose them with and more than a few rows."""
    few = experiment_of(wildcards).problem.missing_count < 6
    return [] if few or linear_estimate(wildcards) is None else f"<results>/{wildcards.experiment}/designs.csv"
