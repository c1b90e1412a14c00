# What the rules that make data ask of the config.


def every_shard(wildcards):
    """An input: the data of every experiment."""
    return [file for name in EXPERIMENTS for file in shard_files(*SPLITS)(SimpleNamespace(experiment=name))]


def counts_of(wildcards):
    """A param: the samples of the split, and of the others where they are dealt out of one pool of real images."""
    experiment = experiment_of(wildcards)
    counts = experiment.data.samples.model_dump()
    return counts if experiment.problem.shares_samples else {wildcards.split: counts[wildcards.split]}


def samples_of(wildcards):
    """A param: `counts_of` and the seed of all samples."""
    return {"seed": experiment_of(wildcards).data.seed, "counts": counts_of(wildcards)}


def looked_through(wildcards):
    """An input: the pages about the images of all experiments that take real ones."""
    found = [name for name, experiment in EXPERIMENTS.items() if experiment.problem.shares_samples]
    if not found:
        raise WorkflowError("no experiment takes real images: see docs/real-images.md for what to set")
    return [f"<results>/{name}/images.html" for name in found]


def fetched_images(wildcards):
    """An input: the records of real images that were downloaded, where the problem has any to download; also those of
    other experiments that download into the same folder, which changes until they have ended.
    """
    folder = getattr(experiment_of(wildcards).problem, "folder", None)
    return [
        f"<results>/{name}/data/fetched.json"
        for name, experiment in EXPERIMENTS.items()
        if experiment.problem.archives
        and (
            name == wildcards.experiment or folder is not None and getattr(experiment.problem, "folder", None) == folder
        )
    ]


def dealt_images(wildcards):
    """An input: what images of the user's were dealt out to the splits, where the problem draws from such."""
    shared = experiment_of(wildcards).problem.shares_samples
    return [f"<results>/{wildcards.experiment}/data/images.json"] if shared else []


def images_drawn_from(wildcards):
    """An input: `dealt_images` and `fetched_images`."""
    return dealt_images(wildcards) + fetched_images(wildcards)
