"""What config.yaml may say, typed, with every error naming the key, the value and what it may be.

`check` is called on the whole config before the DAG is built. What belongs to one forward problem is declared
by that problem's own `Settings`; what holds between the parts is checked in `check_experiment`.
"""

import difflib
import math
import re
from types import UnionType
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Network = Literal["pair", "encdec-none", "encdec-random", "encdec-block"]
Method = Literal["pair", "lsi", "lsi-zx", "interpolate", "cgls", "encdec-none", "encdec-random", "encdec-block"]
MaskKind = Literal["none", "random", "block"]
SPLITS = ("train", "validation", "test", "ood")
SSIM_WINDOW = 11  # pixels
EVALUATED = ("test", "ood")  # for the report alone; every choice is made on the validation split


class ConfigError(ValueError):
    """The config says what it may not; the message has one line a mistake."""


class Strict(BaseModel):
    """Base of all settings: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _distinct(values: list) -> list:
    if len(set(values)) < len(values):
        raise ValueError(f"the entries must differ, {values} repeats one")
    return values


Distinct = AfterValidator(_distinct)


def _no_boolean(value):
    if isinstance(value, bool):
        raise ValueError("it should be a valid integer, not yes or no")
    return value


Integer = Annotated[int, BeforeValidator(_no_boolean)]
Seed = Annotated[Integer, Field(ge=0, lt=2**32)]
Count = Annotated[Integer, Field(ge=1)]
Seeds = Annotated[list[Seed], Field(min_length=1), Distinct]
Percent = Annotated[Integer, Field(ge=0, lt=100)]


class Samples(Strict):
    train: Count
    validation: Annotated[Integer, Field(ge=2)]  # a paired autoencoder decodes two halves of a batch apart
    test: Count
    ood: Count


class Data(Strict):
    seed: Seed
    samples: Samples
    shard_size: Count


class Autoencoder(Strict):
    """Architecture of one space's autoencoder: the keyword arguments of `networks.autoencoder.Encoder`."""

    latent: Count
    width: Count
    stem: Literal[1, 2, 4]
    strides: Annotated[list[Literal[1, 2]], Field(min_length=1)]
    norm: Literal["none", "batch"]


class Networks(Strict):
    train: Annotated[list[Network], Field(min_length=1), Distinct]
    centre: Literal["pixel", "global"]
    x: Autoencoder
    y: Autoencoder
    weights: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=4, max_length=4)]
    mask_percent: Annotated[Integer, Field(ge=1, lt=100)]


class Training(Strict):
    seeds: Seeds
    epochs: Count
    batch_size: Annotated[Integer, Field(ge=2)]
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    warmup: Annotated[float, Field(ge=0, lt=1)]
    buffer_samples: Count
    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["32-true", "bf16-mixed"]


class Masks(Strict):
    seed: Seed
    kinds: Annotated[list[MaskKind], Field(min_length=1), Distinct]
    percents: Annotated[list[Percent], Field(min_length=1), Distinct]
    draws: Annotated[list[Annotated[Integer, Field(ge=0, le=999)]], Field(min_length=1), Distinct]


class Solver(Strict):
    iterations: Annotated[Integer, Field(ge=1, le=10000)]
    history: Annotated[Integer, Field(ge=1, le=100)]


class Inference(Strict):
    methods: Annotated[list[Method], Field(min_length=1), Distinct]
    masks: Masks
    batch_size: Count
    lsi: Solver
    cgls_iterations: Annotated[Integer, Field(ge=1, le=10000)]


class Evaluation(Strict):
    seed: Seed
    confidence: Annotated[float, Field(ge=0.5, lt=1)]
    resamples: Annotated[Integer, Field(ge=100, le=100000)]
    claims: Annotated[list[Literal[1, 2, 3, 4, 5, 6, 9]], Distinct]


class Experiment(Strict):
    problem: dict
    data: Data
    networks: Networks
    training: Training
    inference: Inference
    evaluation: Evaluation


def network_of(method: str) -> str | None:
    """The network that a method of inference needs; None for one that needs no network."""
    if method.startswith("encdec-"):
        return method
    return None if method == "cgls" else "pair"


def mask_names(masks: Masks) -> list[str]:
    """The masks of a sweep as {kind}-{percent}-{draw}; nothing missing is none-0-0, once."""
    names = []
    for kind in masks.kinds:
        for percent in masks.percents:
            for draw in masks.draws:
                name = "none-0-0" if kind == "none" or percent == 0 else f"{kind}-{percent}-{draw}"
                if name not in names:
                    names.append(name)
    return names


def check(config: dict) -> dict:
    """Validate the whole config; return it as plain data with every experiment complete.

    Raises ConfigError with one line for each mistake.
    """
    unknown = set(config) - {"experiments", "pathvars"}
    if unknown:
        raise ConfigError(f"config key '{sorted(unknown)[0]}' is unknown: the top level has experiments, pathvars")
    experiments = config.get("experiments")
    if not isinstance(experiments, dict) or not experiments:
        raise ConfigError(f"config key 'experiments' is {experiments!r}: it must name at least one experiment")
    checked = {}
    for name, given in experiments.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            raise ConfigError(
                f"config key 'experiments.{name}': a name is lower-case letters, digits and _, as in 'ct_fine'"
            )
        checked[name] = check_experiment(given, f"experiments.{name}")
    return {**config, "experiments": checked}


def check_experiment(given: dict, key: str) -> dict:
    """Validate one experiment and return it as plain data; `key` is its place in the config."""
    from pairlsi import problems

    experiment = parse(Experiment, given, key)
    problem = problems.create(experiment.problem, f"{key}.problem")
    for message in _contradictions(experiment, problem):
        raise ConfigError(f"config key '{key}.{message}")
    return {**experiment.model_dump(), "problem": problem.settings.model_dump()}


def _contradictions(experiment: Experiment, problem):
    """Yield what single keys cannot show, each as "key': what is wrong"."""
    data, networks, inference = experiment.data, experiment.networks, experiment.inference
    if experiment.training.batch_size > data.samples.train:
        yield (
            f"training.batch_size' is {experiment.training.batch_size}: at most the {data.samples.train} "
            "samples of data.samples.train"
        )
    if experiment.training.buffer_samples < min(data.shard_size, data.samples.train):
        yield (
            f"training.buffer_samples' is {experiment.training.buffer_samples}: at least one shard "
            f"(data.shard_size is {data.shard_size})"
        )
    for method in inference.methods:
        needed = network_of(method)
        if needed is not None and needed not in networks.train:
            yield f"inference.methods' has {method!r}, which needs {needed!r} in networks.train: add it there"
        if method == "cgls" and not hasattr(problem, "adjoint"):
            yield "inference.methods' has 'cgls', which needs a linear problem with an adjoint: take it out"
    masks = inference.masks
    rows, axis = problem.missing_count, problem.missing_name
    wanted = [networks.mask_percent] if set(networks.train) & {"encdec-random", "encdec-block"} else []
    swept = [p for p in masks.percents if p > 0 and set(masks.kinds) != {"none"}]
    for where, percents in (("networks.mask_percent", wanted), ("inference.masks.percents", swept)):
        for percent in percents:
            masked = round(rows * percent / 100)
            if not 1 <= masked < rows:
                advice = "masks none: ask for more" if masked < 1 else "masks all: ask for fewer"
                yield f"{where}' has {percent}: of {rows} {axis} it {advice}"
    if min(problem.x_shape[1:]) < SSIM_WINDOW:
        yield (
            f"problem' gives images of {problem.x_shape[1:]} pixels: at least {SSIM_WINDOW} a side, the window of SSIM"
        )
    if not any(networks.weights):
        yield "networks.weights' are all 0: at least one term of the loss must count"
    for space, shape in (("x", problem.x_shape), ("y", problem.y_shape)):
        architecture = getattr(networks, space)
        step = architecture.stem * math.prod(architecture.strides)
        if step > min(shape[1:]):
            yield (
                f"networks.{space}.strides' reduce by {step} in all with the stem: "
                f"more than the {min(shape[1:])} rows or columns of a sample of {space} with shape {shape}"
            )


def parse(model: type[BaseModel], given, key: str) -> BaseModel:
    """Return `model` made from `given`; raise ConfigError with one line a mistake, each naming its key."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        lines = [_sentence(model, e, key) for e in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _sentence(model: type[BaseModel], error: dict, key: str) -> str:
    keys, _ = _walk(model, error["loc"])
    where = ".".join([key, *keys])
    if error["type"] == "extra_forbidden":
        allowed = list(getattr(_walk(model, error["loc"][:-1])[1], "model_fields", {}))
        close = difflib.get_close_matches(str(error["loc"][-1]), allowed, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"it may be {', '.join(allowed)}"
        return f"config key '{where}' is unknown: {hint}"
    if error["type"] == "missing":
        return f"config key '{where}' is missing: see config.yaml for what it means"
    message = error["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
    return f"config key '{where}' is {error['input']!r}: {message}"


def _walk(model, location) -> tuple[list[str], type | None]:
    """The keys of the config along pydantic's `location` within `model`, and what is expected there."""
    keys = []
    for part in location:
        if isinstance(model, UnionType):  # the part is pydantic's tag of an alternative, no key of the config
            model = next((m for m in get_args(model) if part in get_args(m.model_fields["kind"].annotation)), None)
            continue
        keys.append(str(part))
        field = getattr(model, "model_fields", {}).get(part)
        model = field.annotation if field else None
    return keys, model
