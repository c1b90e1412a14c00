"""Write docs/record.md: the tables of what lies in results/, with machine, commit and date (make record).

python docs/make_record.py EXPERIMENT …; without one the page stays as it was.
"""

import os
import platform
import re
import runpy
import sys
from collections import Counter
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.stats import t

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "astra-toolbox", "deepwave", "numpy")
SHOWN = (0, 25, 50, 90)  # percent missing, of those that there are


def masks(folder: Path) -> list[str]:
    """The observations of an experiment whose levels are percent missing."""
    settings = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))
    said = settings["params"]["experiment"]["observations"]
    return [name for name, own in said.items() if "percents" in own or own.get("kind", name) == "none"]


def errors(metrics: pd.DataFrame, observations: list[str]) -> pd.DataFrame:
    """Mean relative error of test samples with half its 95 % Student interval: a row a method, a column a case."""
    test = metrics[(metrics.split == "test") & metrics.percent.isin(SHOWN) & metrics.observation.isin(observations)]
    # of each sample first: draws of a mask are no samples
    samples = test.groupby(["method", "observation", "percent", "sample"], sort=False).rre.mean()
    cells = {}
    for (method, observation, percent), own in samples.groupby(level=[0, 1, 2], sort=False):
        half = t.ppf(0.975, len(own) - 1) * own.std(ddof=1) / np.sqrt(len(own)) if len(own) > 1 else np.nan
        case = "all data" if not percent else f"{observation}, {percent:g} %"
        cells.setdefault(method, {})[case] = f"{own.mean():.4f} ± {half:.4f} ({len(own)})"
    return pd.DataFrame(cells).T.fillna("")


def beside_the_paper(metrics: pd.DataFrame) -> pd.DataFrame:
    """Mean relative errors of the paper's methods, ours / the paper's (Table 1); empty where one of them was not run.

    R and B are the masks that encoder-decoders were trained on, draw 0, R′ and B′ new ones.
    """
    table_1 = runpy.run_path(str(ROOT / "workflow/scripts/pairlsi/evaluation/paper.py"))["TABLE_1"]
    names = {"PAIR": dict.fromkeys("nRB", "pair"), "PAIR+LSI": dict.fromkeys("nRB", "lsi")}
    names["Encoder-decoder"] = {"n": "encdec-none", "R": "encdec-random", "B": "encdec-block"}
    if not {"pair", "lsi", *names["Encoder-decoder"].values()} <= set(metrics.method):
        return pd.DataFrame()
    cells, kinds = {}, {"n": "none", "R": "random", "B": "block"}
    for (symbol, split), of_paper in table_1.items():
        own = metrics[
            (metrics.split == split) & (metrics.observation == kinds[symbol[0]]) & metrics.percent.isin((0, 25))
        ]
        own = own[(own.draw > 0) == symbol.endswith("′")]
        column = f"{'all data' if symbol == 'none' else symbol}, {split}"
        for method, (paper, _) in of_paper.items():
            ours = own.rre[own.method == names[method][symbol[0]]].mean()
            cells.setdefault(column, {})[method] = f"{ours:.3f} / {paper:.3f}"
    return pd.DataFrame(cells).T


def markdown(table: pd.DataFrame, corner: str) -> list[str]:
    lines = [f"| {corner} | {' | '.join(map(str, table.columns))} |", f"| --- |{' --- |' * len(table.columns)}"]
    rows = zip(table.index, table.values, strict=True)
    return lines + [f"| {name} | {' | '.join(map(str, row))} |" for name, row in rows]


def commits(folders: list[Path]) -> list[str]:
    """The commits that made networks and estimates, with how many files of each, most first."""
    found = Counter()
    for file in (file for folder in folders for file in folder.rglob("*.json")):
        found.update(re.findall(r'"commit": "([^"]+)"', file.read_text(encoding="utf-8")))
    return [f"{commit} ({count})" for commit, count in found.most_common()]


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def page(folders: list[Path]) -> str:
    """The page of experiments whose results lie in these folders."""
    made_by = ", ".join(commits(folders)) or "unknown"
    used = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        "# Results of record",
        "",
        f"*Made by `make record` on {date.today()}, on {processor()}; {used}. Commits that made it, by what "
        f"lies beside it: {made_by}.*",
        "",
        "Mean relative errors of test samples, ± half the 95 % Student interval over samples, in brackets how many; "
        "draws of a mask are averaged first. Reports have intervals over samples and masks together, and compare on "
        "what methods share. Methods of the preset `more` are among them where it was run after `make run`.",
    ]
    for folder in folders:
        name = folder.name if folder.parent.name in ("", "results") else f"{folder.parent.name}/{folder.name}"
        table = errors(pd.read_csv(folder / "metrics.csv"), masks(folder))
        lines += ["", f"## {name}", "", *markdown(table, "method")]
        paper = beside_the_paper(pd.read_csv(folder / "metrics.csv"))
        if len(paper):
            lines += [
                "",
                "Ours / the paper's, whose images, networks and trainings are larger (its Table 1; R and B are",
            ]
            lines += [
                "masks trained on, R′ and B′ new ones; ood: out of distribution):",
                "",
                *markdown(paper, "data, split"),
            ]
        claims = pd.read_csv(folder / "claims.csv")
        whole = claims[claims.part == "all"]
        if len(whole):
            lines += ["", "Claims of the paper, as ours decide them at this scale:", ""]
            lines += [f"- claim {row.claim}: {row.verdict}" for row in whole.itertuples()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("no results to record: make run first, or name their folders; docs/record.md stays as it was")
    for name in ("metrics.csv", "claims.csv", "settings.yaml"):
        if half := [folder for folder in sys.argv[1:] if not (Path(folder) / name).is_file()]:
            sys.exit(f"{half[0]} has no {name}: its run has not ended; docs/record.md stays as it was")
    (ROOT / "docs" / "record.md").write_text(page([Path(name) for name in sys.argv[1:]]), encoding="utf-8")
