"""The jobs that a workflow's targets need, made or not, as its rules say: Snakemake plans only what is to run."""


def jobs(workflow, targets: list[str]) -> list[tuple[dict, dict, list[str]]]:
    """Wildcards, params and outputs of every job in the past of these files, each once.

    workflow: Snakemake's. Of its rules `is_producer`, `get_wildcards` and `expand_…` are used, as in its own planning.
    """
    found, waiting, seen = [], list(targets), set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        maker = next((rule for rule in workflow.rules if rule.is_producer(file)), None)
        if maker is None:
            continue
        wildcards = maker.get_wildcards(file)
        inputs, outputs = maker.expand_input(wildcards)[0], maker.expand_output(wildcards)[0]
        seen.update(map(str, outputs))
        waiting += map(str, inputs)
        params = maker.expand_params(wildcards, inputs, outputs, job=None)[0]
        found.append((dict(wildcards), dict(params.items()), list(map(str, outputs))))
    return found
