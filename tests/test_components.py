"""What principal components of a network's length leave of the variance, against components that NumPy finds."""

import numpy as np
import pytest
import torch
from in_process import Computed
from test_settings import alone

from pairlsi.config import check
from pairlsi.data import store
from pairlsi.reports import components, tables
from pairlsi.reports.stored import Stored

SHORT, LONG = 12, 60


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Stored:
    """A long linear PAIR, a short PAIR and an encoder-decoder that have learned next to nothing."""
    config = alone("ct")
    said = config["experiments"]["ct"]
    said["problem"] |= {"image_size": 16, "angles": 12}
    said["data"] |= {"samples": {"train": 200, "validation": 40, "test": 4, "ood": 2}, "shard_size": 200}
    said["training"] |= {"batch_size": 50, "epochs": 1, "symmetries": False}
    residual = {"kind": "residual", "latent": SHORT, "width": 4, "stem": 1, "strides": [2], "norm": "none"}
    said["networks"] = {
        "linear": {"latent": [LONG, LONG]},
        "pair": {"kind": "paired", "x": residual, "y": residual},
        "encoder-decoder": {"x": residual, "y": residual},
    }
    said["methods"] = {"linear-estimate": {"lengths": [LONG]}, "pair": {}, "encoder-decoder": {}}
    said |= {"observations": {"none": {}}, "architecture": None, "sections": {}}
    said |= {"predictions": {"methods": ["pair"]}, "evaluation": said["evaluation"] | {"claims": []}}
    told = check(config)["experiments"]["ct"]
    root = tmp_path_factory.mktemp("components")
    return Stored(Computed(root / "base", told).part(root / "ct", told))


def left(stored: Stored, latent: int, of: str = "validation") -> dict[str, float]:
    """By NumPy, from the training samples as the linear network scales them."""
    network = components.trained(stored, "linear")

    def scaled(split: str, name: str) -> np.ndarray:
        values = store.read(stored.results / "data" / f"{split}.zarr", name)
        scaling = getattr(network, f"{name}_scaling")
        return ((values - scaling.shift.numpy()) / scaling.scale.item()).reshape(len(values), -1).astype(float)

    (x, y), (v, w) = ([scaled(split, name) for name in "xy"] for split in ("train", of))
    u, s = (np.linalg.svd(values, full_matrices=False)[2][:latent].T for values in (x, y))
    there, back = np.linalg.lstsq(x @ u, y @ s)[0], np.linalg.lstsq(y @ s, x @ u)[0]
    made = {"autoencode_x": (v @ u @ u.T, v), "autoencode_y": (w @ s @ s.T, w)}
    made |= {"forward": (v @ u @ there @ s.T, w), "inverse": (w @ s @ back @ u.T, v)}
    return {term: float(np.square(a - b).sum(1).mean() / b.shape[1]) for term, (a, b) in made.items()}


def test_components_leave_what_numpys_leave(stored):
    longest = components.trained(stored, "linear")
    for latent in (SHORT, LONG):
        for split in ("test", "validation"):
            found = components.of_length(longest, stored, latent, latent, split)
            assert found == pytest.approx(left(stored, latent, split), rel=1e-3)
    assert found == pytest.approx(tables.terms_left(stored.network("linear")[1]), rel=1e-3)


def test_they_stand_below_each_network_and_those_that_leave_more_are_named(stored):
    table, said = components.beside(stored)
    pair, other = (
        f"{stored.label(name)}: principal components, {SHORT} and {SHORT}" for name in ("pair", "encoder-decoder")
    )
    assert list(table.index) == ["Linear PAIR", "PAIR", pair, "Encoder-decoder", other]
    wanted = left(stored, SHORT)
    assert [float(cell) for cell in table.loc[pair]] == pytest.approx([wanted[term] for term in tables.TERMS], abs=1e-3)
    assert list(table.loc[other]) == ["", "", "", table.loc[pair, "y to x"]]
    assert "leave: PAIR (x to x, y to y, x to y, y to x); Encoder-decoder (y to x)." in said


def test_terms_of_a_pair_are_of_all_samples_and_one_behind_a_mask_is_not_held_against_components_of_all_data(stored):
    network = components.trained(stored, "linear")
    x, y = (torch.from_numpy(stored.samples("validation", name)) for name in "xy")
    with torch.no_grad():
        wanted = {term: float(value.mean()) for term, value in network.loss_terms(x, y).items()}
    assert components.terms_of(network, stored) == pytest.approx(wanted, rel=1e-4)
    other = components.trained(stored, "encoder-decoder")
    with torch.no_grad():
        wanted = float(other.loss_terms(x, y)["inverse"].mean())
    assert components.terms_of(other, stored) == pytest.approx({"inverse": wanted}, rel=1e-4)
    assert not components.behind_masks(other) and not components.behind_masks(network)
    other.keep = torch.zeros(1, 12, 1)
    assert components.behind_masks(other)


def test_where_none_leaves_more_it_says_so(stored, monkeypatch):
    monkeypatch.setattr(components, "ROUNDING", 1e6)
    assert (
        components.beside(stored)[1]
        == "On test samples no network leaves more than principal components of its length."
    )
