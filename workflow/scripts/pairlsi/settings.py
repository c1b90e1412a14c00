"""What config.yaml may say, typed, with every error naming the key, the value and what it may be.

`check` is called on the whole config before the DAG is built. What belongs to one forward problem is declared
by that problem's own `Settings`; what holds between the parts is checked in `contradictions`.
"""

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pairlsi import variants
from pairlsi.config_errors import ConfigError, check_folders, parse

Network = Literal["pair", "vpae", "linear", "encdec-none", "encdec-random", "encdec-block"]
ModelBased = Literal["mlsi", "mlsi-lsi", "fwi", "fwi-lsi"]  # these simulate in every iteration
Classical = Literal["cgls", "cgls-mean", "cgls-completed"]  # for linear problems
Learned = Literal["pair", "lsi", "lsi-zx", "lsi-prior", "lsi-refined", "interpolate", "linear", "linear-lsi"]
Method = Literal[Learned, "encdec-none", "encdec-random", "encdec-block", "mean", Classical, ModelBased]
METHODS, CLASSICAL, MODEL_BASED = get_args(Method), get_args(Classical), get_args(ModelBased)
STARTS = {"mlsi-lsi": "lsi", "fwi-lsi": "lsi", "lsi-refined": "lsi-prior", "cgls-completed": "lsi-prior"}
MaskKind = Literal["none", "random", "block"]
SPLITS = ("train", "validation", "test", "ood")
SSIM_WINDOW = 11  # pixels
NOTHING = "none-0"  # the name of masks that miss nothing
EVALUATED = ("test", "ood")  # for the report alone; every choice is made on the validation split


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


class Convolutional(Strict):
    """What the architectures of one space's autoencoder share."""

    latent: Count
    width: Count
    stem: Literal[1, 2, 4]
    strides: Annotated[list[Literal[1, 2]], Field(min_length=1)]
    norm: Literal["none", "batch"]


class Residual(Convolutional):
    """The keyword arguments of `networks.autoencoder.Encoder`."""

    kind: Literal["residual"]


class Pyramid(Convolutional):
    """The keyword arguments of `networks.pyramid.PyramidEncoder`."""

    kind: Literal["pyramid"]
    layers: Count
    rates: Annotated[list[Count], Field(min_length=1), Distinct]


Autoencoder = Annotated[Residual | Pyramid, Field(discriminator="kind")]
Weight = Annotated[float, Field(ge=0)]


class Networks(Strict):
    train: Annotated[list[Network], Field(min_length=1), Distinct]
    centre: Literal["pixel", "global"]
    x: Autoencoder
    y: Autoencoder
    weights: Annotated[list[Weight], Field(min_length=4, max_length=4)]
    divergence: Annotated[list[Weight], Field(min_length=2, max_length=2)] | None
    linear: Annotated[list[Count], Field(min_length=2, max_length=2)] | None
    mask_percent: Annotated[Integer, Field(ge=1, lt=100)]


class Training(Strict):
    seeds: Seeds
    epochs: Count
    batch_size: Annotated[Integer, Field(ge=2)]
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    warmup: Annotated[float, Field(ge=0, lt=1)]
    buffer_samples: Count
    device: Literal["auto", "cpu", "cuda"]
    devices: Count = 1
    nodes: Count = 1
    precision: Literal["32-true", "bf16-mixed"]


Draws = Annotated[Integer, Field(ge=1, le=1000)]


class FewDraws(Strict):
    """What is dear is run on the first draws alone."""

    draws: Draws
    methods: Annotated[list[Method], Field(min_length=1), Distinct]


class Masks(Strict):
    seed: Seed
    kinds: Annotated[list[MaskKind], Field(min_length=1), Distinct]
    percents: Annotated[list[Percent], Field(min_length=1), Distinct]
    draws: Draws
    few: FewDraws | None


Iterations = Annotated[Integer, Field(ge=1, le=10000)]


class Solver(Strict):
    """An ensemble of L-BFGS searches; stop "validation": after the best number up to `iterations`."""

    iterations: Iterations
    history: Annotated[Integer, Field(ge=1, le=100)]
    members: Count
    stop: Literal["fixed", "validation"]


class PriorSolver(Solver):
    """LSI with more than the paper's misfit and start."""

    start: Literal["zeros", "interpolated", "mean"]
    misfit: Literal["squared", "weighted", "huber"]
    regulariser: Literal["tikhonov", "mahalanobis"]
    weights: Annotated[list[Weight], Field(min_length=1), Distinct]


class ModelSamples(Strict):
    validation: Annotated[Integer, Field(ge=2)]
    test: Annotated[Integer, Field(ge=2)]
    ood: Annotated[Integer, Field(ge=2)]


class ModelBasedSolver(Solver):
    """What simulates in every iteration is dear: fewer samples, masks and members."""

    batch_size: Count
    kinds: Annotated[list[MaskKind], Field(min_length=1), Distinct]
    percents: Annotated[list[Percent], Field(min_length=1), Distinct]
    samples: ModelSamples
    roughness: Annotated[list[Weight], Field(min_length=1), Distinct]


class Inference(Strict):
    paired: Literal["pair", "vpae"]
    methods: Annotated[list[Method], Field(min_length=1), Distinct]
    masks: Masks
    batch_size: Count
    lsi: Solver
    lsi_prior: PriorSolver | None
    cgls_iterations: Iterations | None
    model_based: ModelBasedSolver | None


class Evaluation(Strict):
    seed: Seed
    confidence: Annotated[float, Field(ge=0.5, lt=1)]
    resamples: Annotated[Integer, Field(ge=100, le=100000)]
    claims: Annotated[list[Literal[1, 2, 3, 4, 5, 6, 7, 8, 9]], Distinct]


class Experiment(Strict):
    variant_of: str | None = None
    problem: dict
    data: Data
    networks: Networks
    training: Training
    inference: Inference
    evaluation: Evaluation


def network_of(method: str, paired: str) -> str | None:
    """The network that a method of inference needs, `paired` or another; None for one that needs no network."""
    if method.startswith("encdec-"):
        return method
    if method.startswith("linear"):
        return "linear"
    return None if method in (*CLASSICAL, "mean", "fwi") else paired


def simulates(method: str, inference: Inference) -> bool:
    """Whether a method simulates in every iteration; for lsi-refined the config says it, as the problem demands."""
    return method in MODEL_BASED or (method == "lsi-refined" and inference.model_based is not None)


def runs_on_gpu(method: str, inference: Inference) -> bool:
    """Whether a GPU has something to do for a method: convolutional networks, or the forward operator in a search.

    Closed forms, the mean and solvers on the host's matrices do without.
    """
    return simulates(method, inference) or method not in (*CLASSICAL, "mean", "linear", "linear-lsi", "lsi-refined")


def masks_of(method: str, inference: Inference) -> list[str]:
    """What a method is run on, {kind}-{percent} of all its draws: all of the sweep but for methods that simulate, and
    the first for the mean.
    """
    names = mask_names(inference.masks)
    if simulates(method, inference):
        chosen = inference.model_based
        asked = mask_names(inference.masks.model_copy(update={"kinds": chosen.kinds, "percents": chosen.percents}))
        return [name for name in names if name in asked]
    return names[:1] if method == "mean" else names


def mask_names(masks: Masks) -> list[str]:
    """The kinds and percentages of a sweep as {kind}-{percent}; nothing missing is none-0, once."""
    every = (
        f"{kind}-{percent}" if kind != "none" and percent else NOTHING
        for kind in masks.kinds
        for percent in masks.percents
    )
    return list(dict.fromkeys(every))


def draws_of(method: str, mask: str, masks: Masks) -> int:
    """How many draws of {kind}-{percent} a method is run on, the first ones; the mean is the same on all."""
    if mask == NOTHING or method == "mean":
        return 1
    return masks.few.draws if masks.few and method in masks.few.methods else masks.draws


def draws_kept(mask: str, masks: Masks) -> int:
    """Of how many draws of {kind}-{percent} the estimates are stored: those that all methods are run on, and a new one
    for the figures.
    """
    return 1 if mask == NOTHING else min(masks.draws, max(2, masks.few.draws)) if masks.few else masks.draws


def check(config: dict) -> dict:
    """Validate the whole config; return it as plain data with every experiment complete.

    Raises ConfigError with one line for each mistake.
    """
    unknown = set(config) - {"experiments", "pathvars"}
    if unknown:
        raise ConfigError(f"config key '{sorted(unknown)[0]}' is unknown: the top level has experiments, pathvars")
    folders = check_folders(config.get("pathvars") or {})
    experiments = config.get("experiments")
    if not isinstance(experiments, dict) or not experiments:
        raise ConfigError(f"config key 'experiments' is {experiments!r}: it must name at least one experiment")
    checked = {}
    for name in experiments:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)):
            raise ConfigError(
                f"config key 'experiments.{name}': a name is lower-case letters, digits and _, as in 'ct_fine'"
            )
        checked[name] = check_experiment(variants.complete(experiments, name), f"experiments.{name}")
    return {**config, **({"pathvars": folders} if folders else {}), "experiments": checked}


def check_experiment(given: dict, key: str) -> dict:
    """Validate one experiment and return it as plain data; `key` is its place in the config."""
    from pairlsi import contradictions, problems

    experiment = parse(Experiment, given, key)
    problem = problems.create(experiment.problem, f"{key}.problem")
    for message in contradictions.find(experiment, problem):
        raise ConfigError(f"config key '{key}.{message}")
    return {**experiment.model_dump(), "problem": problem.settings.model_dump()}
