"""Whatever a config asks for is drawn, or refused while planning with a sentence: on configs drawn at random.

Each problem has results of one small experiment, computed within this process. A config asks for some of its methods
and masks; where the check lets it pass, the report's sections are shown of what the config asks for. Its tables are
then read back and held against means of the metrics, taken here over the masks that the config names.
"""

import copy
import random
import re
import xml.etree.ElementTree as ElementTree

import in_process
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.image import imread
from test_settings import tiny
from threadpoolctl import threadpool_limits

from pairlsi import config, problems
from pairlsi.core.errors import ConfigError
from pairlsi.reports import listing

pytestmark = pytest.mark.slow

# configs of each experiment: problem, size and paired autoencoder
COUNT = {"ct": 9, "ct_vpae_two": 6, "crosswell_vpae": 8, "crosswell_pair_two": 5, "linear": 2, "linear_two": 2}
KNOWN = [  # what broke reports once: experiment, methods, percents of observations, cases of methods that simulate
    ("ct", ["mean"], {"random": [25], "block": [25]}, None),
    ("ct", ["pair", "mean"], {"none": [], "random": [25]}, None),
    ("ct", ["pair", "lsi", "encdec-random"], {"random": [50], "block": [50]}, None),  # not evaluation.percent
    ("ct", ["lsi", "pair"], {"block": [75]}, None),
    ("crosswell_vpae", ["mlsi"], {"none": [], "random": [50]}, ["none", "random"]),
    ("crosswell_vpae", ["fwi", "mlsi"], {"random": [50]}, ["random"]),
    ("crosswell_vpae", ["mlsi", "pair"], {"random": [25, 50], "block": [25, 50]}, ["block"]),  # not what most is about
    ("crosswell_vpae", ["lsi", "fwi-lsi"], {"none": [], "random": [50]}, ["none"]),  # on full data alone
]
DRAWS = 3
SIMULATING = ["mlsi", "mlsi-lsi", "fwi", "fwi-lsi", "lsi-refined"]
STARTS = {
    "mlsi-lsi": "lsi",
    "fwi-lsi": "lsi",
    "lsi-refined": "lsi-prior",
    "cgls-completed": "lsi-prior",
    "tv-lsi": "lsi-prior",
}
SEARCH = {"iterations": 2}
TOTAL_VARIATION = SEARCH | {"weights": [0.5, 1.0]}


def methods_of(problem: str, members: int) -> dict:
    """Every method that a config may ask for, with its settings."""
    if problem == "linear":
        named = {"kind": "pair", "label": "Linear PAIR"}
        estimate = {"lengths": [5, 10]}
        return {
            "linear": named,
            "linear-lsi": {},
            "linear-estimate": estimate,
            "cgls": SEARCH,
            "tv": TOTAL_VARIATION,
            "mean": {},
        }
    found = {
        "pair": {},
        "lsi": SEARCH | {"members": members},
        "lsi-zx": SEARCH,
        "lsi-prior": SEARCH | {"weights": [0.01, 0.1]},
        "interpolate": {},
        "linear": {"kind": "pair", "label": "Linear PAIR"},
        "linear-lsi": {},
        "linear-estimate": {"lengths": [2, 4]},
        "mean": {},
    }
    dear = SEARCH | {"samples": {"validation": 2, "test": 3, "ood": 2}}
    if problem == "ct":
        encoder_decoders = {f"encdec-{kind}": {"kind": "encoder-decoder"} for kind in ("none", "random", "block")}
        return (
            found
            | encoder_decoders
            | {
                "lsi-refined": {"kind": "cgls", "label": "Refined LSI", "start": "lsi-prior", **SEARCH},
                "cgls": SEARCH,
                "dip": dear | {"width": 2},
                "epll": {"weights": [0.3, 1.0], "widths": [0.5, 0.1], "products": 2},
                "tv": TOTAL_VARIATION,
                "tv-lsi": {"kind": "tv", "start": "lsi-prior", **TOTAL_VARIATION},
                "cgls-mean": {"kind": "cgls", "start": "mean", **SEARCH},
                "cgls-completed": {"kind": "cgls", "completed_by": "lsi-prior", **SEARCH},
            }
        )
    return found | {
        "lsi-refined": {"kind": "mlsi", "label": "Refined LSI", "start": "lsi-prior", **dear},
        "mlsi": dear | {"members": members},
        "mlsi-lsi": {"kind": "mlsi", "start": "lsi", **dear},
        "fwi": dear | {"roughness": [0.3, 1.0], "bands": [12.0, None]},
        "fwi-lsi": {"kind": "fwi", "start": "lsi", "roughness": [0.3], **dear},
    }


def small(name: str) -> dict:
    """The settings of the experiment of which each config of `name` is a part, not yet checked."""
    problem, _, variant = name.partition("_")
    two, paired = variant.endswith("two"), "vpae" if "vpae" in variant else "pair"
    said = tiny()["experiments"][problem]
    said["data"] |= {"samples": {"train": 16, "validation": 2, "test": 6, "ood": 3}, "shard_size": 16}
    said["training"] |= {"epochs": 1, "batch_size": 8, "device": "cpu"}
    said["evaluation"] |= {"resamples": 100, "percent": 50}
    said["inference"] = {"batch_size": 200, "kept_draws": DRAWS}
    said["predictions"] = {}
    said["methods"] = methods_of(problem, 2 if paired == "vpae" else 1)
    if problem == "linear":
        said["problem"] |= {"image_size": 11, "angles": 2 if two else 5}
        said["data"] |= {"samples": {"train": 40, "validation": 2, "test": 6, "ood": 3}, "shard_size": 40}
        said["networks"] = {"linear": {"latent": [10, 10]}}
    else:
        architecture = {"latent": 4, "width": 2, "stem": 1, "strides": [2], "norm": "none"}
        kind = {"kind": "pyramid", "layers": 1, "rates": [1]} if paired == "vpae" else {"kind": "residual"}
        said["architecture"] = {"x": architecture | kind, "y": architecture | kind}
        if two and paired == "pair":
            said["architecture"]["y"]["latent"] = 1
        variational = {"divergence": [1e-5, 1e-5]} if paired == "vpae" else {}
        said["networks"] = {paired: {"kind": "paired", **variational}, "linear": {"latent": [4, 4]}}
    if problem == "ct":
        said["problem"] |= {"image_size": 11, "angles": 2 if two else 8, "oversampling": 1}
        said["networks"]["encdec-none"] = {"kind": "encoder-decoder"}
        said["networks"]["patches"] = {"size": 3, "components": 3, "drawn": 60, "iterations": 2}
        for seen in ("random", "block"):
            said["networks"][f"encdec-{seen}"] = {"kind": "encoder-decoder", "trained_on": f"{seen}-50"}
    elif problem == "crosswell":
        said["problem"] |= {"rows": 11, "columns": 11, "sources_per_well": 1, "receivers_per_well": 2 if two else 6}
        said["problem"]["steps"] = 150
    masks = {"percents": possible(said), "draws": DRAWS, "seed": 1}
    said["observations"] = {"none": {}, "random": masks, "block": masks}
    return said


def possible(said: dict) -> list[int]:
    """The percentages that can be missing of the rows."""
    rows = said["problem"].get("angles") or said["problem"]["receivers_per_well"]
    return [50] if rows == 2 else [25, 50, 75]


def some(chance: random.Random, of: list, most: int = 3) -> list:
    """One of these at least, in any order."""
    return chance.sample(of, chance.randint(1, min(most, len(of))))


def network_of(method: str, networks: dict) -> str | None:
    """The network that a method takes."""
    if method.startswith("encdec"):
        return method
    if method == "epll":
        return "patches"
    if method.startswith("linear"):
        return "linear"
    without = (
        method.startswith(("cgls", "dip", "fwi", "tv"))
        or method == "mean"
        or method == "lsi-refined"
        and "encdec-none" in networks
    )
    return None if without else next(iter(networks))


def drawn(name: str, number: int) -> dict:
    """A config for a part of `small(name)`: most are sound, some contradict themselves."""
    if number < 0:
        return known(number)
    chance, said = random.Random(f"{name} {number}"), small(name)
    every, problem = said["methods"], said["problem"]["kind"]
    chosen = some(chance, [*every], 4)
    if chance.random() < 0.8:
        chosen += [start for start in dict.fromkeys(map(STARTS.get, chosen)) if start and start not in chosen]
    kinds, percents = some(chance, ["none", "random", "block"]), some(chance, possible(said), 2)
    percents += [99] * (chance.random() < 0.1)
    draws = chance.randint(1, DRAWS)
    masks = {"percents": percents, "draws": draws, "seed": 1}
    said["observations"] = {kind: {} if kind == "none" else masks for kind in kinds}
    said["inference"]["kept_draws"] = chance.randint(1, DRAWS)
    said["methods"] = {method: dict(every[method]) for method in chosen}
    for method in chosen:
        if chance.random() < 0.4 or method in STARTS:
            said["methods"][method]["draws"] = chance.randint(1, said["inference"]["kept_draws"])
        if problem == "crosswell" and method in SIMULATING:
            said["methods"][method]["observations"] = some(chance, kinds)
    said["evaluation"]["percent"] = chance.choice(possible(said))
    needed = {network_of(method, said["networks"]) for method in chosen} - {None}
    kept = [n for n in said["networks"] if n in needed or chance.random() < 0.1] or [*said["networks"]][-1:]
    said["networks"] = {n: seen_as_here(said["networks"][n], said["observations"]) for n in kept}
    said["evaluation"]["claims"] = some(chance, list(range(1, 10))) if chance.random() < 0.8 else []
    return said


def seen_as_here(network: dict, observations: dict) -> dict:
    """A network trained behind a case that is in the sweep, if there is any of its kind."""
    kind = network.get("trained_on", "").partition("-")[0]
    percents = observations.get(kind, {}).get("percents")
    return network | {"trained_on": f"{kind}-{percents[0]}"} if percents else network


def known(number: int) -> dict:
    """The configs of KNOWN, counted from its end."""
    name, methods, percents, simulated = KNOWN[number]
    said = small(name)
    every = said["methods"]
    said["methods"] = {method: dict(every[method]) for method in methods}
    for method in methods if simulated else ():
        if method in SIMULATING:
            said["methods"][method]["observations"] = simulated
    said["observations"] = {
        kind: {"percents": of, "draws": 2, "seed": 1} if of else {} for kind, of in percents.items()
    }
    needed = {network_of(method, said["networks"]) for method in methods} - {None}
    networks = {n: seen_as_here(said["networks"][n], said["observations"]) for n in sorted(needed) or ["linear"]}
    said["networks"] = networks
    said["evaluation"]["percent"] = 25
    return said


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As a job has: for such small arrays threads take longer to meet than to compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """The experiment `name`, computed when it is first asked for."""
    known = {}

    def of(name: str) -> in_process.Computed:
        if name not in known:
            said = config.check({"experiments": {name: small(name)}})["experiments"][name]
            known[name] = in_process.Computed(tmp_path_factory.mktemp("computed") / name, said)
        return known[name]

    return of


def draws_of(method: str, said: dict, kind: str) -> int:
    """How many draws of an observation an experiment's settings ask for of this method."""
    draws = said["observations"][kind].get("draws", 1)
    return min(draws, said["methods"][method].get("draws", draws))


def asked(said: dict) -> list[tuple[str, str, int, int]]:
    """(method, kind, percent, draw) of all that an experiment's settings ask for; full data are of the kind none."""
    found = []
    for method, own in said["methods"].items():
        for kind, of in said["observations"].items():
            if kind in own.get("observations", said["observations"]):
                for percent in of.get("percents", [0]):
                    found += [(method, kind, percent, draw) for draw in range(draws_of(method, said, kind))]
    if [*said["methods"]] == ["mean"]:  # the same on all masks: without other methods there is one
        return found[:1]
    return found


def shared(said: dict, kind: str, new: bool) -> int:
    """How many draws of a mask all methods of an experiment were run on, or all that were run on new ones."""
    counts = [draws_of(m, said, kind) for m in said["methods"] if m != "mean"]
    return min([count for count in counts if count > 1 or not new], default=1)


def tables(sections: list[in_process.Section]) -> list[tuple[str, pd.DataFrame]]:
    """(caption, cells as they are written) of each table."""
    found = []
    for section in sections:
        for html in section.html:
            if "<table" not in html:
                continue
            tree = ElementTree.fromstring(f"<div>{html}</div>")
            head, body = (
                [[cell.text or "" for cell in row] for row in tree.find(f"table/{part}")] for part in ("thead", "tbody")
            )
            one = len(head) == 1  # row of names; the paper's Table 1 has more
            found.append((tree.find("figcaption").text or "", pd.DataFrame(body, columns=head[0] if one else None)))
    return found


def cell(table: pd.DataFrame, row: str, column: str) -> float:
    """The number that a cell begins with; the row is named in the table's first column."""
    found = table[table.iloc[:, 0] == row]
    assert len(found) == 1 and column in table, f"{row}, {column}: not in\n{table}"
    return float(found[column].iloc[0].split()[0])


def few(said: dict, kind: str, new: bool) -> int:
    """How many test samples all methods of an experiment were run on behind a mask, or behind new ones."""
    own = [
        each["samples"]["test"]
        for m, each in said["methods"].items()
        if "samples" in each and (not new or draws_of(m, said, kind) > 1)
    ]
    return min(own, default=said["data"]["samples"]["test"])


def assert_shown(sections, said: dict, metrics: pd.DataFrame) -> None:
    """Each method and mask that was asked for has its mean in the table that is to show it."""
    every, problem = tables(sections), said["problem"]["kind"]
    label = config.Experiment(said).labels.__getitem__
    test = metrics[metrics.split == "test"]
    for method, kind, percent, draw in asked(said):
        rows = test[test.method == method]
        if method != "mean":
            rows = rows[(rows.observation == kind) & (rows.percent == percent)]
            assert draw in set(rows.draw), f"{method} was not run on {kind}-{percent}-{draw}"
        within = {"none": "", "random": "at random", "block": "in one gap"}[kind]
        if problem == "ct":
            (table,) = [table for caption, table in every if caption == "Mean RRE in distribution."]
            column = "full data"
            new = kind != "none" and percent == said["evaluation"]["percent"] and draw > 0
            rows = rows[rows["sample"] < few(said, kind, new)]
            if kind != "none":
                rows = rows[rows.draw < shared(said, kind, new)]  # all are compared on the same masks
                column = f"mask {kind[0].upper()}"
                if percent != said["evaluation"]["percent"]:
                    column += f" {percent} %"
                else:
                    column += "" if draw == 0 else "′"
                    rows = rows if method == "mean" else rows[(rows.draw == 0) == (draw == 0)]
            assert cell(table, label(method), column) == pytest.approx(rows.rre.mean(), abs=6e-4)
        elif problem == "crosswell":
            found = [
                (c, t)
                for c, t in every
                if c.startswith("Mean RRE ±") and within in c and label(method) in set(t.iloc[:, 0])
            ]
            assert found, f"{method} on {kind}-{percent}-{draw} is in no table"
            for caption, table in found:
                count = int(re.search(r"on the (\d+) test samples", caption)[1])
                here = test[(test.observation == kind) & (test.percent == percent)]
                draws = here[here.method != "mean"].groupby("method").draw.nunique().min()  # that all were run on
                wanted = rows[(rows["sample"] < count) & ((rows.draw < draws) | (method == "mean"))].rre.mean()
                assert cell(table, label(method), f"{percent} %") == pytest.approx(wanted, abs=6e-4)
        else:
            (table,) = [table for caption, table in every if caption.startswith("Exact errors are for draw 0")]
            column = "complete" if kind == "none" else f"{kind}, {percent} %"
            assert cell(table, f"{label(method)}, measured", column) > 0


def assert_complete(sections, folder) -> None:
    """No section and no table is empty, no number missing where there should be one, no figure blank."""
    for section in sections:
        assert section.html or any(text.strip() for text in section.text), f"nothing below {section.heading}"
        for text in section.text:
            assert not re.search(r"\b(nan|inf|None)\b", text.split("```")[0]), f"{section.heading}: {text}"
        for shown in (*section.html, *section.text):
            words = re.sub(r"data:image/png;base64,[^\"]*|```.*?```", "", shown, flags=re.S)
            assert not re.search(r"[$\\]", words), f"{section.heading}: a formula is left as it was written in {words}"
    for caption, table in tables(sections):
        assert len(table) and not table.isin(["nan", "inf"]).any(axis=None), f"{caption}\n{table}"
    figures = list((folder / "figures").iterdir())
    assert figures
    for figure in figures:
        assert np.ptp(imread(figure)[..., :3]) > 0.2, f"{figure.name} is blank"


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, i - len(KNOWN)) for i, (name, *_) in enumerate(KNOWN)]
    + [(name, i) for name, count in COUNT.items() for i in range(count)],
)
def test_what_a_config_asks_for_is_drawn_or_refused_with_a_sentence(name, number, computed, tmp_path, monkeypatch):
    given = drawn(name, number)
    try:
        said = config.check({"experiments": {name: copy.deepcopy(given)}})["experiments"][name]
    except ConfigError as refusal:
        assert number >= 0, "these are all sound"
        assert all(re.match(rf"config key 'experiments\.{name}\.\w.*: .", line) for line in str(refusal).splitlines())
        return
    folder = computed(name).part(tmp_path / name, said)
    sections = in_process.report(folder, monkeypatch)
    assert_shown(sections, given, pd.read_csv(folder / "metrics.csv"))
    assert_complete(sections, folder)


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("name", COUNT)
def test_the_generic_report_shows_whatever_a_config_asks_for(name, number, computed, tmp_path, monkeypatch):
    given = drawn(name, number)
    own = config.check({"experiments": {name: small(name)}})["experiments"][name]["problem"]
    given["sections"] = dict.fromkeys(problems.create(own).sections, None) | dict.fromkeys(listing.GENERIC, {})
    try:
        said = config.check({"experiments": {name: given}})["experiments"][name]
    except ConfigError:
        pytest.skip("refused, see above")
    folder = computed(name).part(tmp_path / name, said)
    assert_complete(in_process.report(folder, monkeypatch), folder)


def test_most_of_these_configs_are_sound():
    refused = 0
    for name, count in COUNT.items():
        for number in range(count):
            try:
                config.check({"experiments": {name: drawn(name, number)}})
            except ConfigError:
                refused += 1
    assert 5 <= refused <= sum(COUNT.values()) / 4
