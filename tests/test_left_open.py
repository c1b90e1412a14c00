"""What the paper leaves open and is our choice, as the reports tell it of the shipped experiments."""

from types import SimpleNamespace

import pandas as pd
import pytest
from test_settings import PRESETS, shipped

from pairlsi.config import Experiment
from pairlsi.core import variants
from pairlsi.reports import left_open

VARIANTS = next(path for path in PRESETS if path.stem == "variants")


def rows(name: str) -> dict[str, str]:
    """What is ours, by what it is about."""
    experiment = Experiment(variants.complete(shipped(VARIANTS)["experiments"], name))
    table = pd.DataFrame({"observation": ["none", "random", "outliers"], "percent": [0, 50, 0.1]})
    methods = {method: one.settings.model_dump() for method, one in experiment.methods.items()}
    stored = SimpleNamespace(
        experiment=experiment,
        paired="pair",
        percent=experiment.evaluation.percent,
        sweep=SimpleNamespace(table=table, spoiling=("outliers",)),
        settings_of=lambda method: methods.get(method, {}),
        simulating=[method for method in ("mlsi", "fwi") if method in methods],
    )
    told = left_open.ct_choices if experiment.problem.kind == "ct" else left_open.crosswell_choices
    return {what: ours for what, _, _, ours in told(stored)}


def test_networks_on_principal_components_leave_the_rest_in_its_place():
    told = rows("ct")
    assert "principal components in closed form, a U-Net of 16 channels" in told["networks"]
    assert told["latent sizes"] == "1500 (x), 1500 (y)" and "3 epochs" in told["optimiser"]
    assert "48 × 48" in told["images"] and "10 iterations" in told["LSI"] and told["scaling"]


def test_each_space_is_told_by_its_own_kind():
    told = rows("crosswell")
    assert "x: 3 levels of 3 pyramid pooling layers" in told["networks"]
    assert "y: principal components in closed form, nothing after them" in told["networks"]
    assert told["latent sizes"] == "feature maps of 12 channels (x), 1024 (y)"
    assert "M† decodes latents of y and encodes the data anew" in told["latent maps"]
    assert told["loss (4)"].startswith("25% of each batch") and "14 epochs" in told["optimiser"]
    assert told["missing"].startswith("0, 50 %")  # and no severity of what is wrong otherwise


@pytest.mark.parametrize(("name", "layers"), [("ct_paper", "residual blocks"), ("crosswell_paper", "pyramid pooling")])
def test_the_papers_architectures_are_told_of_both_spaces(name, layers):
    told = rows(name)
    assert told["networks"].count(layers) == 2 and "principal" not in told["networks"]
    assert told["loss (4)"].startswith("50%") and told["latent maps"] == "affine"
