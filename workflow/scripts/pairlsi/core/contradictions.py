"""What contradicts what in an experiment whose single keys are all as they may be.

Each check yields sentences that begin with the key within the experiment: "key': what is wrong". What a part alone can
say, it says itself (`unfit`).
"""

import math
from fractions import Fraction


def contradictions(experiment):
    """Yield everything that contradicts something in a `config.Experiment`."""
    yield from in_training(experiment)
    for method in experiment.methods.values():
        yield from in_method(experiment, method)
    for room in ("observations", "networks", "methods"):
        for name, (_, part, settings) in getattr(experiment, room).items():
            if room == "methods" and list(in_method(experiment, experiment.methods[name])):
                continue  # what a part may take for granted does not hold
            said = part.unfit(settings, experiment)
            if said:
                yield f"{room}.{name}.{said}" if "'" in said.split(" ")[0] else f"{room}.{name}': {said}"
    for room in ("observations", "methods"):
        if not getattr(experiment, room):
            yield f"{room}' is empty: it must name at least one"
    for name in experiment.predictions.methods or ():
        if name not in experiment.given["methods"]:  # those that were taken out are left out there too
            yield f"predictions.methods' has {name!r}: it may have {', '.join(experiment.methods)}"


def in_training(experiment):
    data, training = experiment.data, experiment.training
    if training.batch_size > data.samples.train:
        yield f"training.batch_size' is {training.batch_size}: at most the {data.samples.train} of data.samples.train"
    processes = training.devices * training.nodes
    own = [one.part.taken_apart(one.settings) for one in experiment.networks.values()]
    rows = math.lcm(*(Fraction(part).limit_denominator(1000).denominator for part in own))
    if processes > 1 and training.batch_size % (rows * processes):
        yield (
            f"training.batch_size' is {training.batch_size}: training.devices x training.nodes are {processes} "
            "processes, each of which takes samples by the share `own` of a paired autoencoder apart from its part, so "
            f"it must be a multiple of {rows * processes}"
        )
    if training.buffer_samples < min(data.shard_size, data.samples.train):
        yield (
            f"training.buffer_samples' is {training.buffer_samples}: at least one shard "
            f"(data.shard_size is {data.shard_size})"
        )


def in_method(experiment, method):
    """What a method wants and does not find: a network, the problem's adjoint or gradient, another method."""
    key, (name, part, settings) = f"methods.{method.name}", method
    problem, networks = experiment.problem, experiment.networks
    if part.wants:
        fitting = [n for n, one in networks.items() if part.wants in one.part.offers]
        known = f"it may be {', '.join(fitting)}" if fitting else f"add one to networks that offers {part.wants}"
        if settings.network is None:
            yield f"{key}' needs a network, and none of {', '.join(networks) or 'none'} fits: {known}"
        elif settings.network not in fitting:
            yield f"{key}.network' is {settings.network!r}: {known}"
    elif settings.network is not None:
        yield f"{key}.network' is {settings.network!r}: {part.kind} takes no network, leave it out"
    if part.linear and not problem.linear:
        yield f"{key}' needs a linear problem with an adjoint: take it out"
    if part.differentiable and not problem.differentiable:
        yield f"{key}' needs a problem that can be differentiated: take it out"
    yield from in_cases(experiment, method)
    for split, wanted in settings.samples.model_dump().items() if settings.samples else ():
        available = getattr(experiment.data.samples, split)
        if wanted > available:
            yield f"{key}.samples.{split}' is {wanted}: at most the {available} of data.samples.{split}"
    start = part.starts_from(settings)
    if start is not None:
        yield from in_start(experiment, name, start)


def in_cases(experiment, method):
    for asked in method.settings.observations or ():
        if asked not in experiment.cases and asked not in experiment.observations:
            known = ", ".join([*experiment.observations, *experiment.cases])
            yield f"methods.{method.name}.observations' has {asked!r}: it may have {known}"


def in_start(experiment, name: str, start: str):
    """What the estimates of `start` do not have that the method `name` starts from."""
    key = f"methods.{name}"
    if start not in experiment.methods or start == name:
        others = ", ".join(other for other in experiment.methods if other != name)
        yield f"{key}' starts from {start!r}: there is no such method, it may be {others}"
        return
    lacking = set(experiment.cases_of(name)) - set(experiment.cases_of(start))
    if lacking:
        yield f"{key}' starts from {start!r}, which is not run on {', '.join(sorted(lacking))}: see its observations"
        return
    for case in experiment.cases_of(name):
        draws, kept = experiment.draws_of(name, case), experiment.kept_of(start, case)
        if draws > kept:
            yield (
                f"{key}.draws' makes {draws} draws of {case}, and it starts from {start!r}, whose estimates are stored "
                f"of {kept}: ask for fewer, or raise inference.kept_draws"
            )
            return
    theirs = experiment.methods[start].settings.samples
    ours = experiment.methods[name].settings.samples
    if theirs is None:
        return
    if ours is None or any(count > getattr(theirs, split) for split, count in ours.model_dump().items()):
        yield f"{key}.samples' are more than those of {start!r}, from which it starts"
