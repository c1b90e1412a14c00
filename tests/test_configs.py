"""Whatever a config asks for is drawn, or refused while planning with a sentence: on configs drawn at random.

Each problem has results of one small experiment, computed within this process. A config asks for some of its methods
and masks; where the check lets it pass, the report's notebook runs on what the config asks for. Its tables are then
read back and held against means of the metrics, taken here over the masks that the config names.
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

from pairlsi import settings
from pairlsi.evaluation.wording import label

pytestmark = pytest.mark.slow

# configs of each experiment: problem, size and paired autoencoder
COUNT = {"ct": 15, "ct_vpae_two": 10, "crosswell_vpae": 14, "crosswell_pair_two": 8, "linear": 3, "linear_two": 3}
KNOWN = [  # what broke reports once: experiment, methods, masks, masks of methods that simulate
    ("ct", ["mean"], {"kinds": ["random", "block"], "percents": [25], "draws": 2}, None),
    ("ct", ["pair", "mean"], {"kinds": ["none", "random"], "percents": [25]}, None),
    ("ct", ["pair", "lsi", "encdec-random"], {"percents": [50], "draws": 2}, None),  # not networks.mask_percent
    ("ct", ["lsi", "pair"], {"kinds": ["block"], "percents": [75]}, None),
    ("crosswell_vpae", ["mlsi"], {"percents": [0, 50]}, {"percents": [0, 50]}),
    ("crosswell_vpae", ["fwi", "mlsi"], {"percents": [50]}, {"kinds": ["random"]}),
    ("crosswell_vpae", ["mlsi", "pair"], {"percents": [25, 50]}, {"kinds": ["block"]}),  # not what most is about
    ("crosswell_vpae", ["lsi", "fwi-lsi"], {"percents": [50]}, {"kinds": ["none"]}),  # on full data alone
]
DRAWS = 3
OF_ALL = ["pair", "lsi", "lsi-zx", "lsi-prior", "interpolate", "linear", "linear-lsi", "mean"]
OF_CT = [*OF_ALL, "lsi-refined", "cgls", "cgls-mean", "cgls-completed", "encdec-none", "encdec-random", "encdec-block"]
SIMULATING = ["mlsi", "mlsi-lsi", "fwi", "fwi-lsi", "lsi-refined"]
KINDS = ["none", "random", "block"]


def small(name: str) -> dict:
    """The settings of the experiment of which each config of `name` is a part, not yet checked."""
    problem, _, variant = name.partition("_")
    two, paired = variant.endswith("two"), "vpae" if "vpae" in variant else "pair"
    said = tiny()["experiments"][problem]
    said["data"] |= {"samples": {"train": 16, "validation": 2, "test": 6, "ood": 3}, "shard_size": 16}
    said["training"] |= {"epochs": 1, "batch_size": 8, "device": "cpu"}
    said["evaluation"]["resamples"] = 100
    networks, inference = said["networks"], said["inference"]
    inference["lsi"]["iterations"] = 2
    if problem == "linear":
        said["problem"] |= {"image_size": 11, "angles": 2 if two else 5}
        said["data"] |= {"samples": {"train": 40, "validation": 2, "test": 6, "ood": 3}, "shard_size": 40}
        networks |= {"linear": [10, 10], "mask_percent": 50}
        inference["masks"] |= {"percents": [50], "draws": DRAWS}
        return said
    inference["lsi_prior"]["iterations"] = 2
    networks["linear"] = [4, 4]
    architecture = {"latent": 4, "width": 2, "stem": 1, "strides": [2], "norm": "none"}
    kind = {"kind": "pyramid", "layers": 1, "rates": [1]} if paired == "vpae" else {"kind": "residual"}
    networks |= {"x": architecture | kind, "y": architecture | kind, "divergence": [1e-5, 1e-5], "mask_percent": 50}
    if two and paired == "pair":
        networks["y"]["latent"] = 1
    inference["paired"] = paired
    inference["masks"] |= {"kinds": KINDS, "percents": [50], "draws": DRAWS, "few": None}
    members = 2 if paired == "vpae" else 1
    inference["lsi"]["members"] = members
    if problem == "ct":
        said["problem"] |= {"image_size": 11, "angles": 2 if two else 8, "oversampling": 1}
        inference["cgls_iterations"] = 2
        networks["train"] = [paired, "linear", "encdec-none", "encdec-random", "encdec-block"]
    else:
        said["problem"] |= {"rows": 11, "columns": 11, "sources_per_well": 1, "receivers_per_well": 2 if two else 6}
        said["problem"]["steps"] = 150
        inference["model_based"] |= {
            "percents": [50],
            "iterations": 2,
            "members": members,
            "samples": {"validation": 2, "test": 3, "ood": 2},
        }
        networks["train"] = [paired, "linear"]
    return said


def some(chance: random.Random, of: list, most: int = 3) -> list:
    """One of these at least, in any order."""
    return chance.sample(of, chance.randint(1, min(most, len(of))))


def drawn(name: str, number: int) -> dict:
    """A config for a part of `small(name)`: most are sound, some contradict themselves."""
    if number < 0:
        return known(number)
    chance, said = random.Random(f"{name} {number}"), small(name)
    networks, inference, problem = said["networks"], said["inference"], said["problem"]["name"]
    rows = said["problem"].get("angles") or said["problem"]["receivers_per_well"]
    possible = [0] + [50] * (rows == 2) + [25, 50, 75] * (rows > 2)
    methods = {"ct": OF_CT, "crosswell": [*OF_ALL, *SIMULATING], "linear": ["linear", "linear-lsi", "cgls", "mean"]}
    chosen = some(chance, methods[problem], 4)
    if chance.random() < 0.9:
        chosen += [start for start in dict.fromkeys(map(settings.STARTS.get, chosen)) if start and start not in chosen]
    inference["methods"] = chosen
    masks = {"kinds": some(chance, KINDS), "percents": some(chance, possible, 2), "draws": chance.randint(1, DRAWS)}
    if chance.random() < 0.5:  # what starts from another's estimates is dear, else the check says so
        dear = [m for m in chosen if m in settings.STARTS] if chance.random() < 0.8 else []
        dear = list(dict.fromkeys([*dear, *some(chance, chosen)]))
        masks["few"] = {"draws": chance.randint(1, masks["draws"]), "methods": dear}
    if chance.random() < 0.1:
        masks["percents"].append(99)
    inference["masks"] |= masks
    networks["mask_percent"] = chance.choice([p for p in possible if p] + [99] * (chance.random() < 0.2))
    needed = {settings.network_of(method, inference["paired"]) for method in chosen} - {None}
    networks["train"] = [n for n in networks["train"] if n in needed or chance.random() < 0.1] or networks["train"][-1:]
    if chance.random() < 0.2 and "linear" not in networks["train"]:
        networks["linear"] = None
    if problem == "crosswell":
        inference["model_based"]["kinds"] = some(chance, masks["kinds"] + ["none"] * (0 in masks["percents"]))
        inference["model_based"]["kinds"] = list(dict.fromkeys(inference["model_based"]["kinds"]))
        inference["model_based"]["percents"] = some(chance, masks["percents"])
    said["evaluation"]["claims"] = some(chance, list(range(1, 10))) if chance.random() < 0.8 else []
    return said


def known(number: int) -> dict:
    """The configs of KNOWN, counted from its end."""
    name, methods, masks, of_model = KNOWN[number]
    said = small(name)
    needed = {settings.network_of(method, said["inference"]["paired"]) for method in methods} - {None}
    said["networks"] |= {"train": sorted(needed) or ["linear"], "mask_percent": 25}
    said["inference"]["methods"] = methods
    said["inference"]["masks"] |= masks
    if of_model:
        said["inference"]["model_based"] |= {"kinds": KINDS} | of_model
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
            said = settings.check({"experiments": {name: small(name)}})["experiments"][name]
            known[name] = in_process.Computed(tmp_path_factory.mktemp("computed") / name, said)
        return known[name]

    return of


def draws_of(method: str, masks: dict) -> int:
    """How many draws of each mask an experiment's settings ask for of this method."""
    few = masks["few"] or {"methods": []}
    return few["draws"] if method in few["methods"] else masks["draws"]


def asked(said: dict) -> list[tuple[str, str, int, int]]:
    """(method, kind, percent, draw) of all that an experiment's settings ask for; full data are of the kind none."""
    inference, found = said["inference"], []
    for method in inference["methods"]:
        limits = inference["model_based"] if method in SIMULATING and inference["model_based"] else inference["masks"]
        for kind in limits["kinds"]:
            for percent in limits["percents"]:
                for draw in range(draws_of(method, inference["masks"])):
                    full = kind == "none" or percent == 0
                    found.append((method, "none", 0, 0) if full else (method, kind, percent, draw))
    if inference["methods"] == ["mean"]:  # the same on all masks: without other methods there is one
        return found[:1]
    return list(dict.fromkeys(found))


def shared(said: dict, new: bool) -> int:
    """How many draws of a mask all methods of an experiment were run on, or all that were run on new ones."""
    inference = said["inference"]
    counts = [draws_of(m, inference["masks"]) for m in inference["methods"] if m != "mean"]
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


def assert_shown(sections, said: dict, metrics: pd.DataFrame) -> None:
    """Each method and mask that was asked for has its mean in the table that is to show it."""
    every, problem = tables(sections), said["problem"]["name"]
    test = metrics[metrics.split == "test"]
    for method, kind, percent, draw in asked(said):
        rows = test[test.method == method]
        if method != "mean":
            rows = rows[(rows.mask_kind == kind) & (rows.percent == percent)]
            assert draw in set(rows.draw), f"{method} was not run on {kind}-{percent}-{draw}"
        within = {"none": "", "random": "at random", "block": "in one gap"}[kind]
        if problem == "ct":
            (table,) = [table for caption, table in every if caption == "Mean RRE in distribution."]
            column = "full data"
            if kind != "none":
                of_training = percent == said["networks"]["mask_percent"]
                rows = rows[
                    rows.draw < shared(said, new=of_training and draw > 0)
                ]  # all are compared on the same masks
                column = f"mask {kind[0].upper()}"
                if percent != said["networks"]["mask_percent"]:
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
                wanted = rows[rows["sample"] < count].rre.mean()
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
        said = settings.check({"experiments": {name: copy.deepcopy(given)}})["experiments"][name]
    except settings.ConfigError as refusal:
        assert number >= 0, "these are all sound"
        assert all(re.match(rf"config key 'experiments\.{name}\.\w.*: .", line) for line in str(refusal).splitlines())
        return
    folder = computed(name).part(tmp_path / name, said)
    sections = in_process.report(folder, monkeypatch)
    assert_shown(sections, given, pd.read_csv(folder / "metrics.csv"))
    assert_complete(sections, folder)


def test_most_of_these_configs_are_sound():
    refused = 0
    for name, count in COUNT.items():
        for number in range(count):
            try:
                settings.check({"experiments": {name: drawn(name, number)}})
            except settings.ConfigError:
                refused += 1
    assert 5 <= refused <= sum(COUNT.values()) / 4
