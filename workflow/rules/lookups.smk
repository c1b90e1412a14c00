# What the rules ask of the config: params, inputs and resources that depend on wildcards.


def experiment_called(name):
    if name not in config["experiments"]:
        known = ", ".join(config["experiments"])
        raise WorkflowError(f"there is no experiment {name} in the config: its experiments are {known}")
    return config["experiments"][name]


def experiment_of(wildcards):
    return experiment_called(wildcards.experiment)


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


def dataset_files(experiment, split):
    """Every shard file of one split."""
    data = experiment_called(experiment)["data"]
    return [
        str(file)
        for shard in range(store.shards(data["samples"][split], data["shard_size"]))
        for file in store.shard_files(f"<results>/{experiment}/data/{split}.zarr", shard)
    ]


def shard_files(*splits):
    """An input: every shard file of these splits."""
    return lambda wildcards: [file for split in splits for file in dataset_files(wildcards.experiment, split)]


def every_shard(wildcards):
    """An input: the data of every experiment."""
    return [file for name in config["experiments"] for split in settings.SPLITS for file in dataset_files(name, split)]


def runs_on_gpu(experiment, method):
    return settings.runs_on_gpu(method, settings.Inference(**experiment["inference"]))


# experiments and methods for which a GPU would have nothing to do, as the start of a path: jobs without a GPU are rules
# of their own, since partitions on a cluster, and arrays of jobs that all get what the first one asks for, go by rule
WITHOUT_GPU = "|".join(
    f"{name}/inference/{method}/"
    for name, experiment in config["experiments"].items()
    for method in settings.METHODS
    if not runs_on_gpu(experiment, method)
)


def gpu(wildcards):
    """A resource: one GPU, unless the config keeps training and inference on the CPU."""
    return 0 if experiment_of(wildcards)["training"]["device"] == "cpu" else 1


def gpus(wildcards):
    """A resource: the GPUs of one training on all its nodes, as Slurm counts them."""
    training = experiment_of(wildcards)["training"]
    return gpu(wildcards) * training["devices"] * training["nodes"]


def grows(amount):
    """A resource that grows with the attempt: where a job ran out, the next try gets more."""
    return lambda wildcards, attempt: amount * attempt


def memory_of_training(wildcards, attempt):
    """A resource, MB: the program, and three times the samples that are held at once, which are copied as they come."""
    experiment = experiment_of(wildcards)
    problem, samples = problems.create(experiment["problem"]), experiment["data"]["samples"]
    numbers = math.prod(problem.x_shape) + math.prod(problem.y_shape)
    held = min(experiment["training"]["buffer_samples"], samples["train"]) + samples["validation"]
    return attempt * (3000 + round(3 * 4e-6 * numbers * held))


def counts_of(wildcards):
    """A param: the samples of the split, and of the others where they are dealt out of one pool of real images."""
    experiment = experiment_of(wildcards)
    counts = experiment["data"]["samples"]
    if problems.create(experiment["problem"]).shares_samples:
        return counts
    return {wildcards.split: counts[wildcards.split]}


def dataset_part(wildcards):
    """A param: all that decides what the split will hold, stored with it."""
    experiment = experiment_of(wildcards)
    return {
        "problem": experiment["problem"],
        "samples": experiment["data"]["samples"][wildcards.split],
        "shard_size": experiment["data"]["shard_size"],
        "seed": experiment["data"]["seed"],
        "counts": counts_of(wildcards),
        "source": source("simulate.py")(wildcards),
    }


def fetched_images(wildcards):
    """An input: the records of real images that were downloaded, where the problem has any to download; also those of
    other experiments that download into the same folder, which changes until they have ended.
    """
    every = {name: problems.create(said["problem"]) for name, said in config["experiments"].items()}
    folder = getattr(every[wildcards.experiment], "folder", None)
    return [
        f"<results>/{name}/data/fetched.json"
        for name, problem in every.items()
        if problem.archives
        and (name == wildcards.experiment or folder is not None and getattr(problem, "folder", None) == folder)
    ]


def dealt_images(wildcards):
    """An input: what images of the user's were dealt out to the splits, where the problem draws from such."""
    shared = problems.create(experiment_of(wildcards)["problem"]).shares_samples
    return f"<results>/{wildcards.experiment}/data/images.json" if shared else []


def network_part(wildcards):
    """A param: what the config says of this network alone."""
    experiment = experiment_of(wildcards)
    networks = experiment["networks"]
    said = {key: networks[key] for key in ("x", "y", "centre")}
    if wildcards.network == "linear":
        return {"linear": networks["linear"], "centre": networks["centre"]}
    if wildcards.network in ("pair", "vpae"):
        divergence = {"divergence": networks["divergence"]} if wildcards.network == "vpae" else {}
        return said | {"weights": networks["weights"]} | divergence
    kind = wildcards.network.removeprefix("encdec-")
    mask = "none-0-0" if kind == "none" else f"{kind}-{networks['mask_percent']}-0"
    return said | {"mask": mask, "mask_seed": experiment["inference"]["masks"]["seed"] if mask != "none-0-0" else 0}


def training_part(wildcards):
    """A param: how to train; which seeds there are besides is no matter of this job."""
    return {key: value for key, value in experiment_of(wildcards)["training"].items() if key != "seeds"}


def weights_of(wildcards):
    """An input: the weights that the method needs, if any."""
    network = settings.network_of(wildcards.method, experiment_of(wildcards)["inference"]["paired"])
    if network is None:
        return []
    return f"<results>/{wildcards.experiment}/networks/{network}/seed-{wildcards.seed}/weights.safetensors"


def starts_of(wildcards):
    """An input: the estimates of another method, for the methods that start from them."""
    if wildcards.method not in settings.STARTS:
        return []
    other = settings.STARTS[wildcards.method]
    return f"<results>/{wildcards.experiment}/inference/{other}/{wildcards.mask}/seed-{wildcards.seed}/estimates.zarr"


def network_settings_of(wildcards):
    """An input: what those weights were trained with."""
    return [str(Path(weights).with_name("settings.json")) for weights in [weights_of(wildcards)] if weights]


def method_part(wildcards):
    """A param: what the config says of this method; of others, nothing, so that their keys rerun nothing here."""
    experiment = experiment_of(wildcards)
    inference = experiment["inference"]
    masks = settings.Masks(**inference["masks"])
    said = {"batch_size": inference["batch_size"], "mask_seed": masks.seed}
    said["draws"] = settings.draws_of(wildcards.method, wildcards.mask, masks)
    said["kept"] = min(said["draws"], settings.draws_kept(wildcards.mask, masks))
    device = experiment["training"]["device"] if runs_on_gpu(experiment, wildcards.method) else "cpu"
    said |= {"device": device, "splits": list(settings.EVALUATED)}
    if wildcards.method in settings.STARTS.values():
        if any(settings.STARTS.get(method) == wildcards.method for method in inference["methods"]):
            said["splits"].insert(0, "validation")  # what starts from these estimates makes its choices there
    if settings.simulates(wildcards.method, settings.Inference(**inference)):
        said["search"] = {
            key: value for key, value in inference["model_based"].items() if key not in ("kinds", "percents")
        }
    elif wildcards.method in (*settings.CLASSICAL, "lsi-refined"):
        said["cgls_iterations"] = inference["cgls_iterations"]
    elif wildcards.method in ("lsi", "lsi-zx", "lsi-prior"):
        own = inference["lsi_prior" if wildcards.method == "lsi-prior" else "lsi"]
        said["search"] = own | {"batch_size": inference["batch_size"]}
    return said | {"centre": experiment["networks"]["centre"]} if "search" in said else said


def swept(wildcards):
    """An input: the metrics of every method, mask and seed."""
    experiment = experiment_of(wildcards)
    inference, seeds = settings.Inference(**experiment["inference"]), experiment["training"]["seeds"]
    return [
        f"<results>/{wildcards.experiment}/inference/{method}/{mask}/seed-{seed}/metrics.csv"
        for method in inference.methods
        for mask in settings.masks_of(method, inference)
        for seed in seeds
    ]


def notebook_of(wildcards):
    """A param: the notebook that reports on the experiment's problem, from workflow/scripts."""
    return f"../notebooks/{experiment_of(wildcards)['problem']['name']}.py"


def written_notebook(wildcards):
    """A param: the same, refused where nobody has written it yet: that should not show after hours of computing.

    Likewise where packages that run it are missing.
    """
    if not deployed and reporting.missing():
        raise WorkflowError(
            f"the report needs packages that are not installed: {', '.join(reporting.missing())}. Install "
            f"envs/requirements.txt, or ask for the metrics.csv of {wildcards.experiment} alone"
        )
    notebook = notebook_of(wildcards)
    if not (sources.ROOT / notebook).is_file():
        raise WorkflowError(
            f"there is no notebook workflow/{notebook.removeprefix('../')} for the report: write one (see README.md), "
            f"or ask for the metrics.csv of {wildcards.experiment} alone"
        )
    if not reporting.takes_results(sources.ROOT / notebook):
        raise WorkflowError(
            f"the notebook workflow/{notebook.removeprefix('../')} has no cell tagged 'parameters' that sets 'results'"
        )
    return notebook


def report_source(wildcards):
    """A param: the digest of what the report runs, its notebook included."""
    return sources.digest("report.py", notebook_of(wildcards))


def networks_of(wildcards):
    """An input: settings and history of every network, for the first seed."""
    experiment = experiment_of(wildcards)
    return [
        f"<results>/{wildcards.experiment}/networks/{network}/seed-{experiment['training']['seeds'][0]}/{file}"
        for network in experiment["networks"]["train"]
        for file in ("settings.json", "history.csv")
    ]


def estimates_of(wildcards):
    """An input: every estimate of the first seed, for the figures of examples."""
    first = f"seed-{experiment_of(wildcards)['training']['seeds'][0]}/"
    return [file.replace("metrics.csv", "estimates.zarr") for file in swept(wildcards) if first in file]


def relatives(wildcards):
    """A param: the other experiments of its family, the one that it is a variant of or its variants."""
    return variants.relatives(config["experiments"], wildcards.experiment)


def metrics_of_relatives(wildcards):
    """An input: their metrics, for the comparison in the report."""
    return [f"<results>/{name}/metrics.csv" for name in relatives(wildcards)]


def expected(wildcards):
    """A param: each result of the present settings, for `comparison.compare`."""
    found = []
    for experiment, said in config["experiments"].items():

        def add(stage, path, fields, **inputs):
            path, inputs = f"<results>/{experiment}/{path}", {key: value or "" for key, value in inputs.items()}
            apply = workflow.pathvars.apply
            found.append((experiment, stage, apply(path), fields, {key: apply(file) for key, file in inputs.items()}))

        def here(**wildcards):
            return SimpleNamespace(experiment=experiment, **wildcards)

        datasets = {split: dataset_part(here(split=split)) for split in settings.SPLITS}
        if images := dealt_images(here()):
            told = {"problem": said["problem"], "seed": said["data"]["seed"], "counts": said["data"]["samples"]}
            told["source"] = source("deal_images.py")(here())
            add("data", "data/images.json", told, images=images)
        for split, dataset in datasets.items():
            add("data", f"data/{split}.zarr", {"settings": dataset}, dealt=images)
        told = {"data": datasets["train"], "source": source("compute_statistics.py")(here())}
        add("data", "data/statistics.provenance.json", told)
        inference, seeds = settings.Inference(**said["inference"]), said["training"]["seeds"]
        problem = said["problem"]
        source_of_train, source_of_infer = (source(script)(here()) for script in ("train.py", "infer.py"))
        for network in said["networks"]["train"]:
            told = {
                "problem": problem,
                "network": network_part(here(network=network)),
                "training": training_part(here()),
                "data": {split: datasets[split] for split in ("train", "validation")},
            }
            for seed in seeds:
                fields = {**told, "seed": seed, "source": source_of_train}
                read = {"statistics": f"<results>/{experiment}/data/statistics.json", "dealt": images}
                add("networks", f"networks/{network}/seed-{seed}/settings.json", fields, **read)
        for method in inference.methods:
            for mask in settings.masks_of(method, inference):
                own = method_part(here(method=method, mask=mask))
                told = {"problem": problem, "settings": own, "source": source_of_infer}
                told["data"] = {split: datasets[split] for split in own["splits"]}
                for seed in seeds:
                    job = here(method=method, mask=mask, seed=seed)
                    path = f"inference/{method}/{mask}/seed-{seed}/estimates.zarr"
                    read = {"weights": weights_of(job), "starts": starts_of(job), "dealt": images}
                    add("inference", path, {**told, "seed": seed}, **read)
        told = {"settings": said, "relatives": relatives(here()), "source": report_source(here())}
        add("report", "settings.yaml", told)
    return found
