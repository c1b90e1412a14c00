"""In which regime M-LSI is worse than PAIR+LSI, on metrics made so that the answer is known."""

import json

import numpy as np
import pandas as pd
import pytest
from made import LABELS, stored_of

from pairlsi.data import store
from pairlsi.evaluation.comparisons import Sweep
from pairlsi.evaluation.settings import Evaluation
from pairlsi.reports import regimes

EVALUATION = Evaluation(percent=50, seed=1, confidence=0.95, resamples=300, claims=[])
SHAPES = {"x": (1, 2, 2), "y": (1, 2, 2)}
HARD = {"pair": 0.3, "lsi": 0.2, "mlsi": 0.5, "mean": 0.4}
EASY = {"pair": 0.3, "lsi": 0.2, "mlsi": 0.1, "mean": 0.4}


def metrics(errors: dict[str, float]) -> pd.DataFrame:
    """M-LSI on five samples, which are easier than the others by a factor of ten, and at 0 and 90 %."""
    rng, rows = np.random.default_rng(0), []
    scatter = 1 + 0.01 * rng.standard_normal(20)
    for method, error in errors.items():
        for percent in {"mean": [0], "mlsi": [0, 90]}.get(method, [0, 50, 90]):
            for split in ("test", "ood"):
                for i in range(5 if method == "mlsi" else 20):
                    row = {
                        "method": method,
                        "observation": "random" if percent else "none",
                        "percent": percent,
                        "draw": 0,
                    }
                    row |= {"split": split, "seed": 0, "sample": i, "rre": error * scatter[i] * (1 if i < 5 else 10)}
                    rows.append(row)
    return pd.DataFrame(rows)


def regime(name: str, errors: dict[str, float]) -> regimes.Regime:
    return regimes.regime(name, Sweep(metrics(errors), EVALUATION, labels=LABELS), "random")


def test_errors_are_relative_to_the_mean_model_on_the_samples_that_all_share():
    found = regime("hard", HARD)
    assert found.relative["mlsi"][90][0] == pytest.approx(1.25) and found.relative["lsi"][0][0] == pytest.approx(0.5)
    assert list(found.ratio) == [0, 90] and found.ratio[90][0] == pytest.approx(2.5)
    table = regimes.table([found], 0.95, LABELS)
    assert list(table.columns) == ["regime", "method", "0 %", "90 %"] and table.loc[2, "90 %"].startswith("1.250 (")
    assert regimes.intervals([found], 0.95)["hard"]["mlsi"][90][0] == pytest.approx(1.25)


def test_the_finding_holds_where_m_lsi_is_clearly_worse_whatever_is_missing():
    hard, easy = regime("hard", HARD), regime("easy", EASY)
    assert hard.finding_holds(0.95) and not easy.finding_holds(0.95)
    assert not regime("slightly worse", HARD | {"mlsi": 0.205}).finding_holds(0.95)
    assert easy.does_well() == [0, 90] and hard.does_well() == []
    assert regime("useless", {"pair": 0.5, "lsi": 0.5, "mlsi": 0.5, "mean": 0.4}).does_well() == []
    told = regimes.verdict([hard, easy], 0.95)
    assert "holds in hard. M-LSI does" in told and told.endswith("in easy at 0 %, easy at 90 %.")
    assert "no regime here" in regimes.verdict([easy], 0.95) and "no case" in regimes.verdict([hard], 0.95)


def test_relatives_are_read_where_they_lie_and_told_by_what_differs(tmp_path):
    problem = {"kind": "crosswell", "contrast": 900.0, "rows": 32}
    for name, errors in (("hard", HARD), ("easy", EASY)):
        folder = tmp_path / name / "networks" / "vpae" / "seed-0"
        folder.mkdir(parents=True)
        metrics(errors).to_csv(tmp_path / name / "metrics.csv", index=False)
        said = problem | ({"contrast": 300.0} if name == "easy" else {})
        (folder / "settings.json").write_text(
            json.dumps({"params": {"problem": said, "training": {"epochs": 8}, "network": {}}}), encoding="utf-8"
        )
        samples = 500 if name == "easy" else 1000
        store.create(tmp_path / name / "data" / "train.zarr", 2, SHAPES, 2, {"params": {"samples": samples}})
    stored = stored_of(tmp_path / "hard", relatives=["easy", "gone"])
    sweeps = regimes.sweeps(stored)
    assert list(sweeps) == ["hard", "easy"] and regimes.comparable(sweeps, "random")
    lacking = Sweep(metrics(HARD).query("method != 'mlsi'"), EVALUATION, labels=LABELS)
    assert not regimes.comparable({**sweeps, "lacking": lacking}, "random")
    elsewhere = metrics(HARD)  # M-LSI on blocks alone: there is nothing random that all were run on
    elsewhere.loc[elsewhere.method == "mlsi", "observation"] = "block"
    assert not regimes.comparable({**sweeps, "elsewhere": Sweep(elsewhere, EVALUATION, labels=LABELS)}, "random")
    said = "easy differs from hard by: contrast 300 instead of 900, training samples 500 instead of 1000."
    assert regimes.differences(stored, "easy") == said
    longer = {"problem": problem | {"contrast": 300.0}, "training": {"epochs": 8}, "network": {"epochs": 14}}
    paired = tmp_path / "easy" / "networks" / stored.paired / "seed-0"
    paired.mkdir(parents=True)
    (paired / "settings.json").write_text(json.dumps({"params": longer}), encoding="utf-8")
    assert "epochs 14 instead of 8" in regimes.differences(stored, "easy")
    assert regimes.differences(stored, "hard") == "hard differs from hard by: nothing in problem and training."
