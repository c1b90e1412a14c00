"""What reports read from an experiment's folder."""

from pathlib import Path

import numpy as np
import yaml
import zarr

from pairlsi import problems, settings
from pairlsi.evaluation.stored import Stored

CONFIG = Path(__file__).resolve().parents[1] / "config.yaml"


def test_estimates_that_an_earlier_config_asked_for_are_not_read(tmp_path):
    said = settings.check(yaml.safe_load(CONFIG.read_text(encoding="utf-8")))["experiments"]["crosswell"]
    experiment = settings.Experiment(**said)
    asked = settings.masks_of("mlsi", experiment.inference)
    assert "random-90" in asked and "random-50" not in asked
    for mask in ("random-50", "random-90"):
        zarr.create_group(tmp_path / "inference" / "mlsi" / mask / "seed-0" / "estimates.zarr")
    zarr.create_group(tmp_path / "inference" / "lsi-zx" / "random-90" / "seed-0" / "estimates.zarr")
    stored = Stored(tmp_path, experiment, problems.create(experiment.problem))
    assert stored.estimates("mlsi", "random-90-0") is not None
    assert stored.estimates("mlsi", "random-50-0") is None and stored.choice("mlsi", "random-50-0") == {}
    assert stored.estimates("lsi-zx", "random-90-0") is None, "a method that is not in the config"
    assert stored.estimates("mlsi", "random-90-1") is None, "a draw of which nothing is kept"


def test_estimates_are_read_draw_by_draw(tmp_path):
    said = settings.check(yaml.safe_load(CONFIG.read_text(encoding="utf-8")))["experiments"]["ct"]
    experiment = settings.Experiment(**said)
    group = zarr.create_group(tmp_path / "inference" / "pair" / "random-25" / "seed-0" / "estimates.zarr")
    x = np.random.default_rng(0).standard_normal((3, 4, 1, 2, 2)).astype(np.float32)
    group.create_array("test/x", data=x)
    stored = Stored(tmp_path, experiment, problems.create(experiment.problem))
    for draw in range(3):
        found = stored.estimates("pair", f"random-25-{draw}")
        assert np.array_equal(found["test/x"], x[draw]) and np.array_equal(found["test"]["x"], x[draw])
        assert "x" in found["test"] and "y" not in found["test"]
    assert stored.estimates("pair", "random-25-3") is None


def test_masks_are_named_by_their_first_draw_and_full_data_are_the_same_for_all_kinds():
    said = settings.check(yaml.safe_load(CONFIG.read_text(encoding="utf-8")))["experiments"]["crosswell"]
    experiment = settings.Experiment(**said)
    stored = Stored(Path("nowhere"), experiment, problems.create(experiment.problem))
    assert (
        stored.mask("random", 90) == "random-90-0" and stored.mask("block", 0) == stored.mask("none", 90) == "none-0-0"
    )
    rows = stored.problem.missing_count
    assert stored.keep("none-0-0").all() and stored.keep("random-90-0").sum() == rows - round(0.9 * rows)
