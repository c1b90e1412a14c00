"""What principal components of the length of each network's latents leave of the variance, beside what it leaves."""

import numpy as np
import pandas as pd

from pairlsi.reports import tables

ROUNDING = 1.0001  # times what components leave


def beside(stored) -> tuple[pd.DataFrame, str]:
    """The table of what all networks leave of validation samples, those that have a length followed by principal
    components of this length, and a sentence on which of them leave more of test samples. stored:
    `reports.stored.Stored`.
    """
    histories = {name: stored.network(name)[1] for name in stored.networks}
    networks, longest = {name: trained(stored, name) for name in stored.networks}, None
    for name, network in networks.items():
        if "linear" in stored.experiment.networks[name].part.offers:
            longest = network if longest is None else max(longest, network, key=lambda one: len(one.variances_y))
    rows, more = {}, []
    for name in stored.networks:
        left = tables.terms_left(histories[name])
        if hasattr(networks[name], "encode_x"):
            left = terms_of(networks[name], stored)
        rows[stored.label(name)] = left
        linear = "linear" in stored.experiment.networks[name].part.offers
        if longest is None or linear or behind_masks(networks[name]):
            continue
        lengths = latents_of(networks[name])
        if lengths is None or any(own > most for own, most in zip(lengths, latents_of(longest), strict=True)):
            continue
        known = {term: value for term, value in of_length(longest, stored, *lengths).items() if term in left}
        rows[f"{stored.label(name)}: principal components, {lengths[0]} and {lengths[1]}"] = known
        tested, least = terms_of(networks[name], stored, "test"), of_length(longest, stored, *lengths, "test")
        worse = [
            told for term, told in tables.TERMS.items() if term in tested and tested[term] > ROUNDING * least[term]
        ]
        if worse:
            more.append(f"{stored.label(name)} ({', '.join(worse)})")
    table = pd.DataFrame(
        {label: {told: row.get(term, np.nan) for term, told in tables.TERMS.items()} for label, row in rows.items()}
    ).T
    said = ""
    if longest is not None:
        said = (
            f"On test samples more than principal components of their length leave: {'; '.join(more)}."
            if more
            else "On test samples no network leaves more than principal components of its length."
        )
    return table.map(lambda value: "" if pd.isna(value) else f"{value:.3f}"), said


def trained(stored, name: str):
    """A network as it was trained."""
    from pairlsi.networks.stored import load_trained

    folder = stored.results / "networks" / name / f"seed-{stored.seed}"
    return load_trained(folder / "weights.safetensors", stored.problem, "cpu")


def behind_masks(network) -> bool:
    """Whether a network was trained on data of which something is missing, of which components know nothing."""
    keep = getattr(network, "keep", None)
    return getattr(network, "masks", None) is not None or (keep is not None and not bool((keep == 1).all()))


def latents_of(network) -> tuple[int, int] | None:
    """How long the latents of x and y are, None where a network has none that a linear map takes to one another."""
    if hasattr(network, "variances_y"):
        return network.basis_x.shape[1], len(network.variances_y)
    last = getattr(network, "inverse_map", None)
    return (last.out_features, last.in_features) if hasattr(last, "in_features") else None


def of_length(longest, stored, latent_x: int, latent_y: int, split: str = "validation") -> dict[str, float]:
    """What the first components of a linear PAIR leave of the samples of a split, by term of the loss (4)."""
    from pairlsi.networks.linear_pair import LinearPair

    network = LinearPair(longest.x_shape, longest.y_shape, latent_x, latent_y)
    content = longest.state_dict()
    cuts = {
        "basis_x": (slice(None), slice(latent_x)),
        "basis_y": (slice(None), slice(latent_y)),
        "variances_y": slice(latent_y),
        "forward_map.weight": (slice(latent_y), slice(latent_x)),
        "inverse_map.weight": (slice(latent_x), slice(latent_y)),
    }
    network.load_state_dict({key: value[cuts.get(key, ...)] for key, value in content.items()})
    return terms_of(network, stored, split)


def terms_of(network, stored, split: str = "validation") -> dict[str, float]:
    """What a PAIR leaves of all samples of a split, by term of the loss (4), or an encoder-decoder by its one; in
    training each term of a PAIR is told of a part of every batch, two of one part and two of the rest.
    """
    import torch

    with torch.no_grad():
        x, y = (torch.from_numpy(stored.samples(split, name)) for name in ("x", "y"))
        made = {"inverse": (network.invert(y), x, network.x_scaling)}
        if hasattr(network, "encode_x"):
            made |= {
                "autoencode_x": (network.decode_x(network.encode_x(x)), x, network.x_scaling),
                "autoencode_y": (network.decode_y(network.encode_y(y)), y, network.y_scaling),
                "forward": (network.predict(x), y, network.y_scaling),
            }
    return {term: float(((a - b) / scaling.scale).square().mean()) for term, (a, b, scaling) in made.items()}
