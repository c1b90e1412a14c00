"""The networks by name: made from settings, scaled by the training split, stored as safetensors."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialise

from pairlsi import operators, outputs
from pairlsi.networks.linear import LinearPair
from pairlsi.networks.paired import EncoderDecoder, PairedAutoencoder


class WeightsError(RuntimeError):
    """Stored weights are missing, damaged or of another network; the message names the file and the repair."""


def create(name: str, spec: dict, problem) -> torch.nn.Module:
    """Return the untrained network `name` for `problem`.

    spec: "x" and "y", the architectures; for pair and vpae "weights", those of (4), for vpae "divergence", those of
    its divergences; for linear "linear", the lengths of its latents; for an encoder-decoder "mask" and "mask_seed",
    the mask that it is trained on.
    """
    shapes = problem.x_shape, problem.y_shape
    if name == "linear":
        return LinearPair(*shapes, *spec["linear"])
    if name in ("pair", "vpae"):
        return PairedAutoencoder(*shapes, spec["x"], spec["y"], spec["weights"], spec.get("divergence"))
    mask = operators.create(spec["mask"], problem.missing_count, problem.missing_axis, spec["mask_seed"])
    return EncoderDecoder(*shapes, spec["x"], spec["y"], mask.weights())


def fit_scaling(network: torch.nn.Module, scalars: dict, means: dict[str, np.ndarray], centre: str) -> None:
    """Set the scaling of both spaces from statistics of the training split.

    centre: "pixel" subtracts the pixel-wise mean and divides by the standard deviation around it, "global"
    subtracts the mean over all pixels and divides by the standard deviation around that.
    """
    for space, scaling in (("x", network.x_scaling), ("y", network.y_scaling)):
        by_pixel = centre == "pixel"
        scaling.shift.copy_(torch.as_tensor(means[space] if by_pixel else scalars[space]["mean"]))
        scaling.scale.fill_(scalars[space]["pixel_std" if by_pixel else "std"])


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


def read_statistics(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The scalars of statistics.json and the pixel-wise means of mean.npz in a data folder."""
    scalars = json.loads((Path(folder) / "statistics.json").read_text(encoding="utf-8"))
    with np.load(Path(folder) / "mean.npz") as stored:
        return scalars, {name: stored[name] for name in stored.files}
