"""The end of `make run`: where the reports lie, and the least errors that they tell of."""

import sys
from pathlib import Path

import pandas as pd

SHOWN = 3  # methods, the best ones
MASKS = ("none", "random", "block")


def ranking(metrics: pd.DataFrame) -> list[str]:
    """The best methods on test data, a line where nothing is missing and one where most methods were compared."""
    test = metrics[metrics.split == "test"]
    rows_missing = test[test.observation.isin(MASKS)]  # levels of others are in units of their own
    test = test if rows_missing.empty else rows_missing
    compared = test[test.percent > 0].groupby("percent").method.nunique()
    lines = []
    for percent in (0, *compared[compared == compared.max()].index[:1]):
        best = test[test.percent == percent].groupby("method").rre.mean().nsmallest(SHOWN)
        where = f"{percent:g} % missing" if percent else "all data"
        said = ", ".join(f"{method} {error:.3f}".replace(" 0.", " .") for method, error in best.items())
        lines.append(f"    {where}: {said}")
    return lines


def main(reports: list[str]) -> None:
    """Print a block for each report; reports: their paths."""
    for report in map(Path, reports):
        print(report)
        table = report.with_name("metrics.csv")
        if table.is_file():
            print("    mean relative errors of the best methods on test data")
            print(*ranking(pd.read_csv(table)), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
