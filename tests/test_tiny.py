"""The preset tiny as users have it: every experiment, with all that the default run has, to its report."""

import numpy as np
import pandas as pd
import pytest
import zarr
from clone import EXPERIMENTS, Clone

TIMEOUT = 3600  # seconds: a slow machine takes several times what a fast one does
pytestmark = [pytest.mark.slow, pytest.mark.timeout(TIMEOUT + 60)]


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> Clone:
    """A clone on which the whole workflow has run, for all experiments."""
    clone = Clone(tmp_path_factory.mktemp("whole") / "clone", small=False)
    clone.snakemake(timeout=TIMEOUT)
    return clone


def test_every_experiment_ends_with_its_report_and_nothing_is_left_to_do(whole):
    for experiment, said in EXPERIMENTS.items():
        results = whole.folder / "results/tiny" / experiment
        assert "data:image/png;base64" in (results / "report.html").read_text(encoding="utf-8")
        metrics = pd.read_csv(results / "metrics.csv")
        assert set(metrics.method) == set(said["methods"]) and np.isfinite(metrics.rre).all()
    assert whole.planned() == {}


def test_methods_that_simulate_run_on_the_samples_and_masks_set_aside_for_them(whole):
    results = whole.folder / "results/tiny/crosswell"
    metrics = pd.read_csv(results / "metrics.csv")
    random = metrics[(metrics.split == "test") & (metrics.observation != "block")]
    counted = random.groupby(["method", "percent"]).size()
    assert counted["lsi"].to_dict() == {0: 6, 50: 12, 90: 12} and counted["mean"].to_dict() == {0: 6}
    for method in ("mlsi", "mlsi-lsi", "fwi", "lsi-refined"):
        assert counted[method].to_dict() == {0: 3, 90: 3}
        assert "block" not in set(metrics[metrics.method == method].observation)
    for method, draws, members in (("lsi", 2, 2), ("mlsi", 1, 2)):
        estimates = zarr.open_group(results / f"inference/{method}/random-90/seed-0/estimates.zarr", mode="r")
        assert estimates["test/x_members"].shape[2] == members
        assert estimates["test/y_members"].shape[:3] == (draws, 2, members)
        chosen = estimates.attrs["chosen_on_validation"]
        assert 1 <= chosen["iterations"] < len(chosen["validation_rre"])
    claims = pd.read_csv(results / "claims.csv")
    assert list(claims[claims.part == "all"].claim) == [7, 8]
