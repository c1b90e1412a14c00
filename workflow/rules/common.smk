# Validates the config before anything else, and offers what several stages ask of it.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from pairlsi import problems, settings, sources, store

try:
    config.update(settings.check(config))
except settings.ConfigError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    experiment="[a-z][a-z0-9_]*",
    split="|".join(settings.SPLITS),
    shard=r"\d+",
    seed=r"\d+",
    mask=r"[a-z]+-\d+-\d+",
    network=r"[a-z][a-z-]*",
    method=r"[a-z][a-z-]*",


def experiment_of(wildcards):
    return config["experiments"][wildcards.experiment]


def part(*keys):
    """A param: the part of the experiment's config under `keys`, so that no other key reruns the stage."""

    def lookup_part(wildcards):
        found = experiment_of(wildcards)
        for key in keys:
            found = found[key]
        return found

    return lookup_part


def source(script):
    """A param: the digest of the script, of what it imports, and of the experiment's problem."""

    def digest(wildcards):
        problem = experiment_of(wildcards)["problem"]["name"]
        return sources.digest(script, f"pairlsi/problems/{problem}.py")

    return digest


def shard_files(*splits):
    """An input: every shard file of these splits."""

    def files(wildcards):
        data = experiment_of(wildcards)["data"]
        return [
            str(file)
            for split in splits
            for shard in range(store.shards(data["samples"][split], data["shard_size"]))
            for file in store.shard_files(f"<results>/{wildcards.experiment}/data/{split}.zarr", shard)
        ]

    return files


def gpu(device):
    """A resource: one GPU, unless the config keeps the stage on the CPU."""
    return lambda wildcards: 0 if experiment_of(wildcards)["training"]["device"] == "cpu" else 1


def grows(amount):
    """A resource that grows with the attempt: where a job ran out, the next try gets more."""
    return lambda wildcards, attempt: amount * attempt
