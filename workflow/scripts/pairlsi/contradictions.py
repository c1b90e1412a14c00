"""What contradicts what in a config whose single keys are all as they may be.

Each check yields sentences that begin with the key within its experiment: "key': what is wrong".
"""

import math

from pairlsi.settings import CLASSICAL, MODEL_BASED, SSIM_WINDOW, STARTS, Experiment, network_of, simulates


def find(experiment: Experiment, problem):
    """Yield everything that contradicts something in `experiment`, whose problem is `problem`."""
    yield from in_training(experiment)
    yield from in_methods(experiment, problem)
    yield from in_searches(experiment)
    yield from in_masks(experiment, problem)
    yield from in_shapes(experiment, problem)


def in_training(experiment: Experiment):
    data, networks, training = experiment.data, experiment.networks, experiment.training
    if training.batch_size > data.samples.train:
        yield f"training.batch_size' is {training.batch_size}: at most the {data.samples.train} of data.samples.train"
    processes = training.devices * training.nodes
    if processes > 1 and training.batch_size % (2 * processes):
        yield (
            f"training.batch_size' is {training.batch_size}: training.devices x training.nodes are {processes} "
            f"processes, each of which takes two halves of its part apart, so it must be a multiple of {2 * processes}"
        )
    if training.buffer_samples < min(data.shard_size, data.samples.train):
        yield (
            f"training.buffer_samples' is {training.buffer_samples}: at least one shard "
            f"(data.shard_size is {data.shard_size})"
        )
    if not any(networks.weights):
        yield "networks.weights' are all 0: at least one term of the loss must count"
    if "linear" in networks.train and networks.linear is None:
        yield "networks.linear' is null, and 'linear' in networks.train needs the lengths of both latents"
    if "vpae" in networks.train and networks.divergence is None:
        yield "networks.divergence' is null, and 'vpae' in networks.train needs two weights, as in [1.0e-5, 1.0e-5]"


def in_methods(experiment: Experiment, problem):
    inference, key = experiment.inference, "inference.methods' has"
    for method in inference.methods:
        needed = network_of(method, inference.paired)
        if needed is not None and needed not in experiment.networks.train:
            other = ", or change inference.paired" if needed == inference.paired else ""
            yield f"{key} {method!r}, which needs {needed!r} in networks.train: add it there{other}"
        if STARTS.get(method, method) not in inference.methods:
            yield f"{key} {method!r}, which starts from the estimates of {STARTS[method]!r}: add that too"
        linear, differentiable = hasattr(problem, "adjoint"), hasattr(problem, "simulate")
        if method in CLASSICAL and not linear:
            yield f"{key} {method!r}, which needs a linear problem with an adjoint: take it out"
        if method in MODEL_BASED and not differentiable:
            yield f"{key} {method!r}, which needs a problem that can be differentiated: take it out"
        if method == "lsi-refined" and not (linear or differentiable):
            yield f"{key} 'lsi-refined', which needs a problem with an adjoint or one that can be differentiated"
        if method == "lsi-refined" and simulates(method, inference) and not differentiable:
            yield "inference.model_based' has a value, by which 'lsi-refined' simulates this problem: set it to null"
        of_classical = (*CLASSICAL, "lsi-refined") if linear else ()
        of_model = MODEL_BASED if linear else (*MODEL_BASED, "lsi-refined")
        for read, methods in (
            ("cgls_iterations", of_classical),
            ("model_based", of_model),
            ("lsi_prior", ("lsi-prior",)),
        ):
            if method in methods and getattr(inference, read) is None:
                yield f"inference.{read}' is null, and {method!r} in inference.methods reads it: give it a value"


def in_searches(experiment: Experiment):
    inference, samples = experiment.inference, experiment.data.samples
    solvers = ("lsi", inference.lsi), ("lsi_prior", inference.lsi_prior), ("model_based", inference.model_based)
    for key, solver in solvers:
        if solver is not None and solver.members > 1 and inference.paired != "vpae":
            yield f"inference.{key}.members' is {solver.members}: starts are drawn from a vpae, with pair it is 1"
    prior = inference.lsi_prior
    if prior is not None and prior.members > 1 and prior.start == "mean":
        yield f"inference.lsi_prior.members' is {prior.members}: all would start from the mean, so 1 will do"
    if inference.model_based is None:
        return
    for split, wanted in inference.model_based.samples.model_dump().items():
        available = getattr(samples, split)
        if wanted > available:
            yield (
                f"inference.model_based.samples.{split}' is {wanted}: at most the {available} of data.samples.{split}"
            )
    for percent in inference.model_based.percents:
        if percent not in inference.masks.percents:
            yield f"inference.model_based.percents' has {percent}, which inference.masks.percents lacks: add it there"
    for kind in inference.model_based.kinds:
        if kind not in inference.masks.kinds and not (kind == "none" and 0 in inference.masks.percents):
            yield f"inference.model_based.kinds' has {kind!r}, which inference.masks.kinds lacks: add it there"


def in_masks(experiment: Experiment, problem):
    networks, masks = experiment.networks, experiment.inference.masks
    if masks.few and masks.few.draws > masks.draws:
        yield f"inference.masks.few.draws' is {masks.few.draws}: at most the {masks.draws} of inference.masks.draws"
    for method in experiment.inference.methods if masks.few else ():
        if method in STARTS and method not in masks.few.methods:
            yield (
                f"inference.masks.few.methods' lacks {method!r}, which starts from the estimates of another method: "
                "they are stored for the first draws alone"
            )
    rows, axis = problem.missing_count, problem.missing_name
    swept = [p for p in masks.percents if p > 0 and set(masks.kinds) != {"none"}]
    for where, percents in (("networks.mask_percent", [networks.mask_percent]), ("inference.masks.percents", swept)):
        for percent in percents:
            masked = round(rows * percent / 100)
            if not 1 <= masked < rows:
                advice = "masks none: ask for more" if masked < 1 else "masks all: ask for fewer"
                yield f"{where}' has {percent}: of {rows} {axis} it {advice}"


def in_shapes(experiment: Experiment, problem):
    pixels = problem.x_shape[1:]
    if min(pixels) < SSIM_WINDOW:
        yield f"problem' gives images of {pixels} pixels: at least {SSIM_WINDOW} a side, the window of SSIM"
    for space, shape in (("x", problem.x_shape), ("y", problem.y_shape)):
        architecture = getattr(experiment.networks, space)
        step = architecture.stem * math.prod(architecture.strides)
        if step > min(shape[1:]):
            yield (
                f"networks.{space}.strides' reduce by {step} in all with the stem: "
                f"more than the {min(shape[1:])} rows or columns of a sample of {space} with shape {shape}"
            )
    if "linear" not in experiment.networks.train or experiment.networks.linear is None:
        return
    for space, shape, latent in zip("xy", (problem.x_shape, problem.y_shape), experiment.networks.linear, strict=True):
        rank = min(math.prod(shape), experiment.data.samples.train)
        if latent > rank:
            yield (
                f"networks.linear' asks for {latent} latents of {space}: at most {rank}, the lesser of a sample's "
                "entries and data.samples.train"
            )
