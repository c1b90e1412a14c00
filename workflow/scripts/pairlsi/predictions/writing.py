"""The results of a prediction as files that other programs open: Zarr, TIFF stacks and a table."""

import csv
from pathlib import Path

import numpy as np

from pairlsi import problems
from pairlsi.predictions.results import Prediction


def write_store(found: Prediction, problem, path: Path, told: dict) -> None:
    """A Zarr group: measured, keep, and of each method x, its band and the completed data y; told: attributes."""
    import zarr

    from pairlsi.data.store import consolidate

    group = zarr.create_group(path, overwrite=True, attributes=told)
    axes = {space: ("sample", *names) for space, names in problems.axes(problem).items()}
    _put(group, "measured", found.y, axes["y"], problem.y_unit)
    _put(group, "keep", found.keep.astype(np.uint8), ("sample", problem.missing_name), "1: measured, 0: missing")
    for name, one in found.estimates.items():
        own = group.create_group(name)
        _put(own, "x", one.x, axes["x"], problem.x_unit)
        _put(own, "band", one.band, axes["x"], f"{problem.x_unit}; x - band to x + band holds 90 % of the pixels")
        if one.y is not None:
            _put(own, "y", one.y, axes["y"], problem.y_unit)
    consolidate(path)


def _put(group, name: str, values: np.ndarray, axes: tuple, unit: str) -> None:
    group.create_array(name, data=values, dimension_names=axes, attributes={"units": unit})


def write_stacks(found: Prediction, folder: Path) -> None:
    """TIFF stacks, a page a sample (and channel): METHOD-x.tif, METHOD-band.tif and METHOD-y.tif, float32."""
    import tifffile

    folder.mkdir(parents=True)
    for name, one in found.estimates.items():
        for what, values in (("x", one.x), ("band", one.band), ("y", one.y)):
            if values is not None:
                stack = values.reshape(-1, *values.shape[2:]).astype(np.float32)
                tifffile.imwrite(folder / f"{name}-{what}.tif", stack, photometric="minisblack")


def write_figures(drawn: dict, folder: Path) -> None:
    """PNG files of `page.figures`, by name."""
    folder.mkdir(parents=True)
    for name, (figure, _) in drawn.items():
        figure.savefig(folder / f"{name}.png", dpi=200, facecolor="white")


def rows_of_table(found: Prediction) -> list[dict]:
    """A row a sample and method: expected error and its interval, p-value and those of each score; the error itself
    where the truth is known.
    """
    rows = []
    for name, one in found.estimates.items():
        for sample in range(len(one.x)):
            row = {
                "sample": sample,
                "method": name,
                "measured": float(found.keep[sample].mean()),
                "expected_error": one.trust.error[sample],
                "error_low": one.trust.interval[sample, 0],
                "error_high": one.trust.interval[sample, 1],
                "p_value": one.trust.p_value[sample],
            }
            if found.truth is not None:
                row["error"] = found.errors(name)[sample]
            rows.append(row | {f"p_{score}": values[sample] for score, values in one.trust.of_each.items()})
    return rows


def write_table(found: Prediction, path: Path) -> None:
    """`rows_of_table` as CSV; a score that a method has not is an empty field."""
    rows = rows_of_table(found)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
