"""What reports read from an experiment's folder."""

from pathlib import Path

import yaml
import zarr

from pairlsi import problems, settings
from pairlsi.evaluation.stored import Stored

CONFIG = Path(__file__).resolve().parents[1] / "config.yaml"


def test_estimates_that_an_earlier_config_asked_for_are_not_read(tmp_path):
    said = settings.check(yaml.safe_load(CONFIG.read_text()))["experiments"]["crosswell"]
    experiment = settings.Experiment(**said)
    kind, asked = "random", settings.masks_of("mlsi", experiment.inference)
    assert "random-90-0" in asked and "random-50-0" not in asked
    for mask in ("random-50-0", "random-90-0"):
        zarr.create_group(tmp_path / "inference" / "mlsi" / mask / "seed-0" / "estimates.zarr")
    zarr.create_group(tmp_path / "inference" / "lsi-zx" / "random-90-0" / "seed-0" / "estimates.zarr")
    stored = Stored(tmp_path, experiment, problems.create(experiment.problem))
    assert stored.estimates("mlsi", kind, 90) is not None
    assert stored.estimates("mlsi", kind, 50) is None and stored.choice("mlsi", kind, 50) == {}
    assert stored.estimates("lsi-zx", kind, 90) is None, "a method that is not in the config"
