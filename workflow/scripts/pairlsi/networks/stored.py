"""The networks by name: made from settings, scaled by the training split, stored as safetensors."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialise

from pairlsi import observations
from pairlsi.core.instances import instance
from pairlsi.data.statistics import Statistics
from pairlsi.jobs import outputs


class WeightsError(RuntimeError):
    """Stored weights are missing, damaged or of another network; the message names the file and the repair."""


def create(said: dict, problem) -> torch.nn.Module:
    """The untrained network that a job was told of.

    said: "network", the kind and settings of an instance; "observation", what it is trained behind
    (`observations.described`) or None.
    """
    _, part, settings = instance("networks", "network", said["network"], "networks")
    seen = observations.made(said["observation"], problem, draw=0) if said["observation"] else None
    return part.build(settings, problem, seen)


def fit_scaling(network: torch.nn.Module, statistics: Statistics, scaling: str, symmetries=None) -> None:
    """Set the scaling of both spaces from statistics of the training split; scaling: "pixel" or "global".

    symmetries: of the problem (`problems.symmetries.Symmetries`), which pixel-wise means are averaged over; or None.
    """
    for space, module in (("x", network.x_scaling), ("y", network.y_scaling)):
        shift = statistics.shift(space, scaling)
        if symmetries is not None and scaling == "pixel":
            shift = symmetries.average(shift, space).astype(shift.dtype)
        module.shift.copy_(torch.as_tensor(shift))
        module.scale.fill_(statistics.scale(space, scaling))


def save(network: torch.nn.Module, path: Path) -> None:
    """Store weights and scaling at `path`."""
    content = serialise({key: value.contiguous().cpu() for key, value in network.state_dict().items()})
    with outputs.written(path) as beside:  # by Python, whose error for a full disk can be told from others
        beside.write_bytes(content)


def load(network: torch.nn.Module, path: Path) -> torch.nn.Module:
    """Fill `network` with the weights stored at `path`, ready for inference: eval mode, no parameter gradients.

    Raises WeightsError naming the file where it is missing, damaged or belongs to another architecture.
    """
    repair = f"delete the folder and run snakemake again (rm -r {Path(path).parent})"
    try:
        network.load_state_dict(load_file(path))
    except FileNotFoundError:
        raise WeightsError(f"there are no weights {path}: {repair}") from None
    except SafetensorError as error:
        raise WeightsError(f"the weights {path} are truncated or damaged ({error}): {repair}") from None
    except RuntimeError as error:
        raise WeightsError(f"the weights {path} belong to another network ({error}): {repair}") from None
    return network.eval().requires_grad_(False)


def load_trained(weights: Path | str, problem, device: str) -> torch.nn.Module:
    """The network whose weights lie at `weights`, made from the settings.json beside them, on `device`."""
    told = json.loads(Path(weights).with_name("settings.json").read_text(encoding="utf-8"))
    network = load(create(told["params"]["network"], problem), Path(weights))
    return network.to(device, memory_format=torch.channels_last)
