"""What becomes of a measurement of one's own: read, laid onto what networks were trained for, estimated, and judged."""

from pairlsi.core.errors import ConfigError
from pairlsi.core.instances import COSMETIC


class ObservationError(ValueError):
    """A measurement cannot be used as it is; the message says what was found, what is expected and what to try."""


def methods_of(experiment) -> list[str]:
    """The methods of predictions with a `config.Experiment`, the first speaking for all.

    Those that the config names, or the one that a section `best` of it holds against all others, or its first one.
    """
    best = [one.settings.method for one in experiment.sections.values() if one.part.kind == "best"]
    found = [name for name in experiment.predictions.methods or best if name in experiment.methods]
    return found or list(experiment.methods)[:1]


def with_starts(experiment, methods: list[str]) -> list[str]:
    """The methods, and those whose estimates they start from. Raises ConfigError for one that is not there."""
    found, waiting = [], list(methods)
    while waiting:
        name = waiting.pop(0)
        if name not in experiment.methods:
            raise ConfigError(f"config key 'methods' has {name!r}: it may have {', '.join(experiment.methods)}")
        found += [name] if name not in found else []
        start = experiment.methods[name].part.starts_from(experiment.methods[name].settings)
        waiting += [start] if start else []
    return found


def told(experiment, methods: list[str], words: bool = True) -> dict:
    """What predictions with these methods depend on, as a config of an experiment: nothing else makes them anew.

    words: whether labels and colours are among it.
    """
    said, used = experiment.said, with_starts(experiment, methods)
    networks = {experiment.methods[name].settings.network for name in used}
    cosmetic = {} if words else dict.fromkeys(COSMETIC)
    said["methods"] = {name: said["methods"][name] | cosmetic for name in used}
    said["networks"] = {name: one | cosmetic for name, one in said["networks"].items() if name in networks}
    said["observations"] = {n: one | {"label": None, "draws": 1} for n, one in said["observations"].items() if one}
    said["evaluation"] = said["evaluation"] | {"claims": []}
    said["training"] = said["training"] | {"seeds": said["training"]["seeds"][:1]}
    return said | {"variant_of": None, "sections": {}, "predictions": {"methods": list(methods)}}
