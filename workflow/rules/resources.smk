# What jobs ask of a machine, as far as the config says it.


# networks and methods for which a GPU would have nothing to do, as the start of a path: jobs without a GPU are rules
# of their own, since partitions on a cluster, and arrays of jobs that all get what the first one asks for, go by rule
WITHOUT_GPU = "|".join(
    [
        f"{name}/networks/{n}/"
        for name, said in EXPERIMENTS.items()
        for n, one in said.networks.items()
        if one.part.closed_form
    ]
    + [f"{name}/inference/{m}/" for name, said in EXPERIMENTS.items() for m in said.methods if not said.runs_on_gpu(m)]
    or ["$"]
)


def gpu(wildcards):
    """A resource: one GPU, unless the config keeps training and inference on the CPU."""
    return 0 if experiment_of(wildcards).training.device == "cpu" else 1


def gpus(wildcards):
    """A resource: the GPUs of one training on all its nodes, as Slurm counts them."""
    training = experiment_of(wildcards).training
    return gpu(wildcards) * training.devices * training.nodes


def grows(amount):
    """A resource that grows with the attempt: where a job ran out, the next try gets more."""
    return lambda wildcards, attempt: amount * attempt


def memory_of_training(wildcards, attempt):
    """A resource, MB: the program, and three times the samples that are held at once, which are copied as they come."""
    experiment = experiment_of(wildcards)
    problem, samples = experiment.problem, experiment.data.samples
    numbers = math.prod(problem.x_shape) + math.prod(problem.y_shape)
    held = min(experiment.training.buffer_samples, samples.train) + samples.validation
    return attempt * (3000 + round(3 * 4e-6 * numbers * held))


def memory_of_inference(wildcards, attempt):
    """A resource, MB: the program, the samples of a split with copies to work on, and what is kept of every draw.

    The same for all methods of an experiment: on a cluster jobs of a rule may all get what the first one asks for.
    """
    experiment = experiment_of(wildcards)
    kept = experiment.inference.kept_draws
    members = max(getattr(method.settings, "members", 1) for method in experiment.methods.values())
    x, y = (math.prod(shape) for shape in (experiment.problem.x_shape, experiment.problem.y_shape))
    numbers = (3 + 2 * kept) * (x + y) + kept * members * x
    samples = max(getattr(experiment.data.samples, split) for split in ("validation", *EVALUATED))
    return attempt * (3000 + round(4e-6 * numbers * samples))


def numbers_to_train_on(name):
    """How much data an experiment's networks learn from."""
    experiment = EXPERIMENTS[name]
    return experiment.data.samples.train * sum(map(math.prod, (experiment.problem.x_shape, experiment.problem.y_shape)))


IN_TURN = sorted(EXPERIMENTS, key=numbers_to_train_on)


def in_turn(first=0):
    """A priority: experiments one after the other, so that reports are there while others run, the first one soon as
    the smallest is first; `first` tells jobs of an experiment apart.
    """
    return lambda wildcards: first + 1000 * (len(IN_TURN) - IN_TURN.index(wildcards.experiment))


def importance(wildcards):
    """A priority: the more methods wait for a network, or for one that begins as it, the sooner it is trained."""
    experiment = experiment_of(wildcards)
    begun = {name: one.part.begins_as(one.settings, experiment.networks) for name, one in experiment.networks.items()}
    waited_for = [method.settings.network for method in experiment.methods.values()]
    waiting = sum(wildcards.network in (name, begun.get(name)) for name in waited_for)
    return in_turn(10 * waiting)(wildcards)
