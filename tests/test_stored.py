"""What reports read from an experiment's folder."""

import numpy as np
import zarr
from made import stored_of


def test_estimates_that_an_earlier_config_asked_for_are_not_read(tmp_path):
    stored = stored_of(tmp_path)
    asked = stored.experiment.cases_of("mlsi")
    assert "random-90" in asked and "random-50" not in asked
    for case in ("random-50", "random-90"):
        zarr.create_group(tmp_path / "inference" / "mlsi" / case / "seed-0" / "estimates.zarr")
    zarr.create_group(tmp_path / "inference" / "lsi-zx" / "random-90" / "seed-0" / "estimates.zarr")
    assert stored.estimates("mlsi", "random-90-0") is not None
    assert stored.estimates("mlsi", "random-50-0") is None and stored.choice("mlsi", "random-50-0") == {}
    assert stored.estimates("lsi-zx", "random-90-0") is None, "a method that is not in the config"
    assert stored.estimates("mlsi", "random-90-1") is None, "a draw of which nothing is kept"


def test_estimates_are_read_draw_by_draw(tmp_path):
    group = zarr.create_group(tmp_path / "inference" / "pair" / "random-25" / "seed-0" / "estimates.zarr")
    x = np.random.default_rng(0).standard_normal((3, 4, 1, 2, 2)).astype(np.float32)
    group.create_array("test/x", data=x)
    stored = stored_of(tmp_path, "ct")
    for draw in range(3):
        found = stored.estimates("pair", f"random-25-{draw}")
        assert np.array_equal(found["test/x"], x[draw]) and np.array_equal(found["test"]["x"], x[draw])
        assert "x" in found["test"] and "y" not in found["test"]
    assert stored.estimates("pair", "random-25-3") is None


def test_masks_are_named_by_their_first_draw_and_full_data_are_the_same_for_all_kinds(tmp_path):
    stored = stored_of(tmp_path)
    assert (
        stored.mask("random", 90) == "random-90-0" and stored.mask("block", 0) == stored.mask("none", 90) == "none-0-0"
    )
    rows = stored.problem.missing_count
    assert stored.keep("none-0-0", 0).all() and stored.keep("random-90-0", 0).sum() == rows - round(0.9 * rows)


def test_labels_and_colours_are_those_of_the_config_or_the_kind_and_no_two_methods_have_the_same(tmp_path):
    stored = stored_of(tmp_path)
    assert stored.label("lsi-refined") == "Refined LSI" and stored.label("mlsi") == "M-LSI"
    assert stored.colours["lsi-refined"] == "#E1A100" and stored.colours["fwi"] == "#64B5CD"
    labels, colours = ([of[method] for method in stored.methods] for of in (stored.labels, stored.colours))
    assert len(set(labels)) == len(set(colours)) == len(stored.methods)
