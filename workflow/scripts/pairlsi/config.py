"""What config.yaml may say, typed, with every error naming the key, the value and what it may be.

`check` is called on the whole config before the DAG is built. What a part may say, and why it does not fit, the part
itself declares (`core.parts`); here is what experiments are made of.
"""

from functools import cached_property, partial
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from pairlsi import observations, problems
from pairlsi.core import variants
from pairlsi.core.base import EVALUATED, Count, Distinct, Integer, Seed, Strict
from pairlsi.core.contradictions import contradictions
from pairlsi.core.errors import ConfigError, check_folders, parse, together
from pairlsi.core.instances import Instance, instances
from pairlsi.evaluation.settings import Evaluation
from pairlsi.networks.architectures import Architecture
from pairlsi.training.settings import Training

# for what neither a part nor the config gives a colour
SPARE = ("#E1A100", "#A8501F", "#1F7A8C", "#5F5F5F", "#937860", "#DA8BC3", "#8FBF7F", "#CCB974", "#B5B5B5", "#222222")
ROOMS = {"networks": "networks", "observations": "observations", "methods": "methods", "sections": "reports.sections"}


class Samples(Strict):
    """How many of each split."""

    train: Count = Field(description="to train on")
    # a paired autoencoder decodes two halves of a batch apart
    validation: Annotated[Integer, Field(ge=2)] = Field(description="every choice is made on these")
    test: Count = Field(description="for the report alone")
    ood: Count = Field(description="out of distribution, for the report alone")


class Data(Strict):
    """The block `data` of an experiment."""

    seed: Seed = Field(description="of x and noise")
    samples: Samples = Field(description="of each split")
    shard_size: Count = Field(description="samples a file, and a job")
    scaling: Literal["pixel", "global"] = Field(
        description="of both spaces, for networks and searches: less the pixel-wise mean of the training split, or its "
        "mean over all pixels"
    )


class Inference(Strict):
    """The block `inference` of an experiment: what holds for all methods."""

    batch_size: Count = Field(description="samples solved at once, where a method does not say otherwise")
    kept_draws: Annotated[Integer, Field(ge=1, le=1000)] = Field(
        2, description="estimates are stored of so many draws: what starts from them, and figures, know no others"
    )


class Predicting(Strict):
    """The block `predictions` of an experiment: what is done with data of one's own."""

    observations: dict[Annotated[str, Field(pattern=r"^[\w-]+$")], str] = Field(
        {}, description="name -> file with measured data, predicted from with every run"
    )
    methods: Annotated[list[str], Field(min_length=1), Distinct] | None = Field(
        None,
        description="what estimates are made with, the first speaking for all; null: the method of a section best "
        "that the config has, or else its first method",
    )


class Said(Strict):
    """An experiment as a config says it; the parts within `problem`, `networks` and so on check their own keys."""

    variant_of: str | None = Field(None, description="another experiment, whose keys it takes but for those given here")
    problem: dict = Field(description="the forward problem: its kind, and what that may say")
    data: Data = Field(description="the splits")
    architecture: Architecture | None = Field(None, description="of all networks that do not say otherwise")
    networks: dict = Field(description="what is trained: name -> kind and settings")
    training: Training = Field(description="how")
    observations: dict = Field(description="how data are observed: name -> kind and settings")
    inference: Inference = Field(description="what holds for all methods")
    methods: dict = Field(description="what is estimated with: name -> kind and settings")
    evaluation: Evaluation = Field(description="how results are judged")
    predictions: Predicting = Field(Predicting(), description="of data of one's own")
    sections: dict = Field({}, description="of the report, beside the problem's: name -> kind; null takes one out")


class Experiment:
    """A checked experiment: the blocks of `Said`, with `problem` and instances of parts in place of their settings.

    given: room -> name -> what the config says of an entry, None for one that is taken out.
    """

    def __init__(self, said: dict, key: str = "experiment"):
        """Raises ConfigError with one line a mistake, each naming its key."""
        given = {name: one for name, one in said.items() if isinstance(one, dict)} if isinstance(said, dict) else {}
        told, self.problem, networks, self.observations, methods, self.sections = together(
            lambda: parse(Said, said, key),
            lambda: problems.create(given["problem"], f"{key}.problem") if "problem" in given else None,
            *(partial(instances, place, given.get(room, {}), f"{key}.{room}") for room, place in ROOMS.items()),
        )
        self.variant_of, self.data, self.training = told.variant_of, told.data, told.training
        self.inference, self.evaluation, self.architecture = told.inference, told.evaluation, told.architecture
        self.networks = {
            name: one._replace(settings=one.part.completed(one.settings, self.architecture))
            for name, one in networks.items()
        }
        self.methods = {name: self._with_network(one) for name, one in methods.items()}
        self.given, self.predictions = {room: getattr(told, room) for room in ROOMS}, told.predictions
        if lines := [f"config key '{key}.{message}" for message in contradictions(self)]:
            raise ConfigError("\n".join(lines))

    def _with_network(self, method: Instance) -> Instance:
        """The method with the network that it takes where the config names none."""
        fitting = [name for name, one in self.networks.items() if method.part.wants in one.part.offers]
        fitting.sort(key=lambda name: self.networks[name].part.closed_form)
        if method.part.wants is None or method.settings.network is not None or not fitting:
            return method
        chosen = method.name if method.name in fitting else fitting[0]
        return method._replace(settings=method.settings.model_copy(update={"network": chosen}))

    @property
    def said(self) -> dict:
        """The whole experiment as plain data, complete."""
        blocks = {name: getattr(self, name) for name in Said.model_fields if name not in ROOMS}
        told = {name: own.model_dump() if isinstance(own, BaseModel) else own for name, own in blocks.items()}
        for room in ROOMS:
            # what was taken out stays out when this is checked again, as a variant
            found = getattr(self, room)
            told[room] = {n: found[n].said if said is not None else None for n, said in self.given[room].items()}
        return {name: told[name] for name in Said.model_fields} | {"problem": self.problem.said}

    @cached_property
    def cases(self) -> list[str]:
        """All cases {observation}-{level} of the sweep."""
        return observations.cases(self.observations)

    def cases_of(self, method: str) -> list[str]:
        """Those that a method is run on; one that sees no data is run on the first alone."""
        _, part, settings = self.methods[method]
        asked = settings.observations
        found = [c for c in self.cases if asked is None or c in asked or observations.split_case(c)[0] in asked]
        return found[:1] if part.blind else found

    def draws_of(self, method: str, case: str) -> int:
        """How many draws of a case a method is run on, the first ones."""
        _, part, settings = self.methods[method]
        draws = self.observations[observations.split_case(case)[0]].settings.draws
        return 1 if part.blind else min(draws, settings.draws or draws)

    def kept_of(self, method: str, case: str) -> int:
        """Of how many draws of a case the estimates of a method are stored."""
        return min(self.draws_of(method, case), self.inference.kept_draws)

    def seeds_of(self, method: str) -> list[int]:
        """The training's seeds that a method is run with: the first alone where no other would change anything."""
        _, part, settings = self.methods[method]
        trained = settings.network and not self.networks[settings.network].part.closed_form
        start = part.starts_from(settings)
        several = trained or part.seeded or (start and len(self.seeds_of(start)) > 1)
        return self.training.seeds if several else self.training.seeds[:1]

    def runs_on_gpu(self, method: str) -> bool:
        """Whether a GPU has something to do for a method."""
        _, part, settings = self.methods[method]
        network = self.networks[settings.network].part if part.wants else None
        return part.on_gpu and not (network and network.closed_form)

    def dependents(self, method: str) -> list[str]:
        """The methods that start from the estimates of this one."""
        return [name for name, one in self.methods.items() if one.part.starts_from(one.settings) == method]

    def described(self, case: str) -> dict:
        """A case as plain data, to make its draws from (`observations.made`)."""
        name, level = observations.split_case(case)
        return observations.described(self.observations[name], level)

    def network_told(self, network: str) -> dict:
        """What a job is told of a network: of others nothing, so that their keys rerun nothing there."""
        _, part, settings = self.networks[network]
        case = part.observed(settings)
        seen = self.described(case) if case else None
        return {"network": self.networks[network].meaning, "observation": seen, "scaling": self.data.scaling}

    def method_told(self, method: str, case: str) -> dict:
        """What a job is told of a method on a case, likewise."""
        said = self.methods[method]
        return {
            "method": {key: value for key, value in said.meaning.items() if key not in ("draws", "observations")},
            "observation": self.described(case),
            "draws": self.draws_of(method, case),
            "kept": self.kept_of(method, case),
            # what starts from these estimates makes its choices on the validation split
            "splits": [*(["validation"] if self.dependents(method) else []), *EVALUATED],
            "scaling": self.data.scaling,
            "device": self.training.device if self.runs_on_gpu(method) else "cpu",
            "batch_size": said.settings.batch_size or self.inference.batch_size,
        }

    @cached_property
    def colours(self) -> dict[str, str]:
        """Of methods and networks: what the config says, else that of the kind for its first instance."""
        found = {}
        for room in (self.networks, self.methods):
            given = {name: one.settings.colour for name, one in room.items() if one.settings.colour}
            free = (
                colour for colour in SPARE if colour not in {*given.values(), *(o.part.colour for o in room.values())}
            )
            first = {one.part.kind: name for name, one in reversed(room.items()) if name not in given}
            for name, one in room.items():
                own = one.part.colour if first.get(one.part.kind) == name else ""
                found[name] = given.get(name) or own or next(free, SPARE[-1])
        return found

    @cached_property
    def labels(self) -> dict[str, str]:
        """What methods and networks are called in tables and legends; no two methods are called the same."""
        found = {name: one.settings.label or one.part.title(one.settings) for name, one in self.networks.items()}
        # those that start from no other first: others are called after what they start from
        for one in sorted(self.methods.values(), key=lambda one: one.part.starts_from(one.settings) is not None):
            found[one.name] = one.settings.label or one.part.title(one.settings, found)
        given = [found[name] for name in self.methods]
        for name, one in self.methods.items():
            if given.count(found[name]) > 1 and not one.settings.label:
                found[name] = f"{found[name]} [{name}]"
        return found


def check(config: dict) -> dict:
    """Validate the whole config; return it as plain data with every experiment complete.

    Raises ConfigError with one line for each mistake.
    """
    unknown = set(config) - {"experiments", "pathvars"}
    if unknown:
        raise ConfigError(f"config key '{sorted(unknown)[0]}' is unknown: the top level has experiments, pathvars")
    folders = check_folders(config.get("pathvars") or {})
    experiments = config.get("experiments")
    if isinstance(experiments, dict):  # null takes one out, as it does any other entry
        experiments = {name: said for name, said in experiments.items() if said is not None}
    if not isinstance(experiments, dict) or not experiments:
        raise ConfigError(f"config key 'experiments' is {experiments!r}: it must name at least one experiment")
    made = {}  # variants last: they take the mistakes of what they vary over
    for names in (set(experiments) - variants.names(experiments), variants.names(experiments)):
        own = [name for name in experiments if name in names]
        found = (lambda n=name: Experiment(variants.complete(experiments, n), f"experiments.{n}") for name in own)
        made |= zip(own, together(*found), strict=True)
    checked = {name: made[name].said for name in experiments}
    return {**config, **({"pathvars": folders} if folders else {}), "experiments": checked}
