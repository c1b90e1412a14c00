"""What --config says of a prediction, beside the config's experiments: which data, how they were measured, by what."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from pairlsi.core.base import Strict
from pairlsi.core.errors import ConfigError, parse
from pairlsi.predictions.reading import KNOWN, SUFFIXES


def _listed(value):
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


class Asked(Strict):
    """The keys of --config that belong to predictions."""

    observation: str | None = Field(None, description="a file with measured data, or a folder of such files")
    experiment: str | None = Field(None, description="whose networks to predict with; null: the only one there is")
    keep: str | None = Field(None, description="a file with 1 for each row that was measured and 0 for the others")
    positions: str | None = Field(None, description="a file with where the rows lie: angles in degrees, depths in m")
    scale: float = Field(1.0, description="what all values are multiplied by")
    methods: Annotated[list[str] | None, BeforeValidator(_listed)] = Field(
        None, description="methods of the experiment, the first speaking for all; null: predictions.methods"
    )


def taken_from(config: dict, experiments) -> Asked:
    """The keys of predictions, taken out of a config; `experiments`: those that there are.

    Raises ConfigError naming the key.
    """
    given = {name: config.pop(name) for name in Asked.model_fields if name in config}
    for name, value in given.items():  # what would be a block of an experiment stands at the top
        if isinstance(value, dict):
            meant = "'experiments'" if name == "experiment" else f"'experiments.NAME.{name}', NAME an experiment"
            raise ConfigError(
                f"config key '{name}' is a block, and at the top of a config there is none: it may be {meant}"
            )
    try:
        asked = parse(Asked, given, "config")
    except ConfigError as error:
        raise ConfigError(str(error).replace("'config.", "'")) from None
    if asked.observation is not None and asked.experiment is None and len(experiments) != 1:
        raise ConfigError(
            f"config key 'experiment' is missing: say whose networks to take, of {', '.join(experiments)}"
        )
    if asked.experiment is not None and asked.experiment not in experiments:
        raise ConfigError(f"config key 'experiment' is {asked.experiment!r}: it may be {', '.join(experiments)}")
    if asked.observation is not None and asked.experiment is None:
        asked = asked.model_copy(update={"experiment": next(iter(experiments))})
    return asked


def files(observation: str) -> dict[str, str]:
    """Name of the prediction -> file, of a file or a folder of several.

    Raises ConfigError where there is none, or none of a known format.
    """
    path = Path(observation)
    if not path.exists():
        beside = sorted(file.name for file in path.parent.glob("*"))[:8] if path.parent.is_dir() else []
        told = f" (in {path.parent} there are {', '.join(beside)})" if beside else ""
        raise ConfigError(f"config key 'observation' is {observation!r}: there is no such file or folder{told}")
    several = path.is_dir() and path.suffix not in SUFFIXES
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if several else [path]
    if not found:
        raise ConfigError(f"config key 'observation' is {observation!r}, a folder without data: {KNOWN}")
    if found[0].suffix.lower() not in SUFFIXES:
        raise ConfigError(f"config key 'observation' is {observation!r}, of no known format: {KNOWN}")
    stems = [file.stem for file in found]
    names = {}
    for file in found:
        name = file.stem if stems.count(file.stem) == 1 else file.name
        names[re.sub(r"[^\w-]+", "_", name)] = str(file)
    return names
