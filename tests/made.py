"""Masks and methods made by hand, without a config around them."""

from pathlib import Path
from types import SimpleNamespace

import yaml

from pairlsi import config, observations
from pairlsi.core.instances import instance
from pairlsi.data.statistics import Statistics
from pairlsi.methods import Given, Method
from pairlsi.networks import stored
from pairlsi.observations.mask import Mask
from pairlsi.reports.stored import Stored

ROOT = Path(__file__).resolve().parents[1]

LABELS = {"pair": "PAIR", "lsi": "PAIR+LSI", "lsi-prior": "PAIR+LSI, prior", "mlsi": "M-LSI", "mean": "Mean model"}
LABELS |= {"lsi-refined": "Refined LSI", "cgls": "CGLS, no network", "fwi": "FWI", "fwi-lsi": "FWI from LSI"}
LABELS |= {"interpolate": "Interpolation, then PAIR", "lsi-zx": "LSI in Z_x (8)", "linear-lsi": "Linear PAIR+LSI"}
LABELS |= {"encdec-none": "Encoder-decoder", "mlsi-lsi": "M-LSI from LSI"}
WHERE = {"none": "", "random": "at random", "block": "in one gap"}
# what a kind has to be told at least; names of the config's instances stand for their kinds
LEAST = {
    "lsi-refined": {"kind": "mlsi", "start": "lsi-prior"},
    "mlsi-lsi": {"kind": "mlsi", "start": "lsi"},
    "fwi-lsi": {"kind": "fwi", "start": "lsi"},
    "cgls-mean": {"kind": "cgls", "start": "mean"},
    "cgls-completed": {"kind": "cgls", "completed_by": "lsi-prior"},
    "cgls-refined": {"kind": "cgls", "start": "lsi-prior"},
}


def seen(name: str, rows: int, axis: int = 2, seed: int = 7) -> observations.Observation:
    """The observation {kind}-{percent}-{draw} of data with so many rows along an axis of a batch."""
    case, draw = observations.split_draw(name)
    kind, percent = observations.split_case(case)
    kind = kind if percent else "none"
    said = {"name": kind, "kind": kind, "seed": seed} | ({"percents": [percent]} if percent else {})
    problem = SimpleNamespace(missing_count=rows, missing_axis=axis, missing_name="rows")
    return observations.made(said, problem, draw)


def make_mask(name: str, rows: int, axis: int = 2, seed: int = 7) -> Mask:
    """What inference is told of it."""
    return seen(name, rows, axis, seed).mask


def make_method(name: str, said: dict, problem, observation, statistics: tuple, network=None, **given) -> Method:
    """The method `name` behind one observation, or mask; said: its settings; statistics: scalars and means."""
    if isinstance(observation, Mask):
        mask = observation
        draw = given.pop("draw", 0)
        observation = _Seen(mask, draw)
    settings = LEAST.get(name, {}) | said
    _, part, settings = instance("methods", name, settings, f"methods.{name}")
    return part(settings, Given(problem, observation, Statistics(*statistics), network=network, **given))


class _Seen:
    """An observation that a mask alone makes."""

    def __init__(self, mask: Mask, draw: int):
        self.mask, self.name, self.draw = mask, mask.name, draw

    def __call__(self, y, split, numbers):
        return self.mask(y)

    def weights(self, numbers):
        return self.mask.weights()[None]


# networks with the forward operator in them, that are told nothing of the others' architecture
SMALL = {
    "fbp-unet": {"kind": "postprocessing", "width": 4},
    "primal-dual": {"kind": "primal-dual", "iterations": 1, "memory": 2, "width": 4},
}


def network_said(name: str, spec: dict) -> dict:
    """What a job is told of the network that a config calls `name`.

    spec: what it may need of "x", "y", "weights", "divergence", "latent", "mask" (of the draw 0 it is trained behind).
    """
    if name in SMALL:
        return {"network": SMALL[name], "observation": None}
    kinds = {"pair": "paired", "vpae": "paired", "linear": "linear"}
    keys = {"pair": ("x", "y", "weights"), "vpae": ("x", "y", "weights", "divergence"), "linear": ("latent",)}
    kind, own = kinds.get(name, "encoder-decoder"), keys.get(name, ("x", "y"))
    said = {key: spec[key] for key in own if key in spec} | {"kind": kind}
    if name == "encdec-fresh":
        said, spec = said | {"missing": 50}, {}
    for space in "xy":
        if space in said and "kind" not in said[space]:
            said[space] = {"kind": "residual", **said[space]}
    observed = None
    if kind == "encoder-decoder" and not spec.get("mask", "none-0-0").startswith("none"):
        case, _ = observations.split_draw(spec["mask"])
        of, percent = observations.split_case(case)
        observed = {"name": of, "kind": of, "percents": [percent], "seed": spec.get("mask_seed", 7)}
    return {"network": said, "observation": observed}


def make_network(name: str, spec: dict, problem):
    """The untrained network of `network_said`."""
    return stored.create(network_said(name, spec), problem)


def stored_of(folder: Path, experiment: str = "crosswell", relatives=(), **changed) -> Stored:
    """The results in a folder, as of an experiment of config.yaml; changed: blocks of it."""
    said = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["experiments"][experiment]
    params = {"experiment": config.Experiment({**said, **changed}).said, "relatives": list(relatives)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.yaml").write_text(yaml.safe_dump({"params": params}), encoding="utf-8")
    return Stored(folder)
