"""The config: what ships is valid, and every mistake is named in one line with its key, its value and the choice."""

import copy
import functools
import math
from pathlib import Path

import pandas as pd
import pytest
import yaml
from snakemake.utils import update_config

from pairlsi import config as settings
from pairlsi.core import errors as config_errors
from pairlsi.core.errors import ConfigError
from pairlsi.evaluation.seeds import repeated

ROOT = Path(__file__).resolve().parents[1]
PRESETS = sorted((ROOT / "workflow" / "presets").glob("*.yaml"))
REMOVED = ...  # in place of a value: take the key away
CT = "experiments.ct"
RESIDUAL = {"kind": "residual", "latent": 8, "width": 4, "stem": 1, "strides": [2], "norm": "none"}


def merged(base: dict, over: dict) -> dict:
    """`over` laid over `base`, by Snakemake itself."""
    both = copy.deepcopy(base)
    update_config(both, copy.deepcopy(over))
    return both


def without_nulls(said):
    if not isinstance(said, dict):
        return said
    return {key: without_nulls(value) for key, value in said.items() if value is not None}


@functools.cache
def stated(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def shipped(*presets: Path) -> dict:
    config = {}
    for path in (ROOT / "config.yaml", *presets):
        config = merged(config, copy.deepcopy(stated(path)))
    return config


def alone(name: str) -> dict:
    """The shipped config with one of its experiments."""
    config = shipped()
    return config | {"experiments": {name: config["experiments"][name]}}


def tiny(**changes) -> dict:
    """The tiny preset and a variant, with the values at some keys of the experiment, "training__epochs", changed."""
    config = shipped(*(ROOT / "workflow" / "presets" / f"{name}.yaml" for name in ("variants", "tiny")))
    ct = config["experiments"]["ct"]
    ct["networks"]["linear"], ct["methods"]["linear-lsi"] = {"latent": [16, 16]}, {}  # of the preset more
    for name in ("ct_noisy", "ct_paper"):  # they would take every change from ct and contradict some
        del config["experiments"][name]
    for key, value in changes.items():
        put(config["experiments"]["ct"], key.replace("__", "."), value)
    return config


def put(place: dict, key: str, value) -> None:
    *above, last = key.split(".")
    for part in above:
        place = place[part]
    if value is REMOVED:
        del place[last]
    else:
        place[last] = value


@pytest.mark.parametrize(
    "presets", [(), *((path,) for path in PRESETS)], ids=lambda paths: "+".join(p.stem for p in paths)
)
def test_what_ships_is_valid_and_comes_back_complete(presets):
    config = shipped(*presets)
    before = copy.deepcopy(config)
    checked = settings.check(config)
    assert config == before
    there = {name: given for name, given in config["experiments"].items() if given is not None}
    assert set(checked["experiments"]) == set(there)
    for name, given in there.items():
        # nothing given is changed; null stands for what the experiment's architecture says
        assert merged(checked["experiments"][name], without_nulls(given)) == checked["experiments"][name]


def test_the_check_of_a_checked_config_changes_nothing():
    once = settings.check(tiny())
    assert settings.check(copy.deepcopy(once)) == once


# key in the experiment, its wrong value, what the message must say beside the key
WRONG = [
    ("training.epoch", 3, ["is unknown", "did you mean 'epochs'?"]),
    ("data.samples.testing", 3, ["is unknown", "did you mean 'test'?"]),
    ("training.patience", 3, ["is unknown", "it may be seeds, epochs, batch_size"]),
    ("problem.angels", 12, ["is unknown", "did you mean 'angles'?"]),
    ("training.epochs", REMOVED, ["is missing"]),
    ("data", REMOVED, ["is missing"]),
    ("problem.image_size", REMOVED, ["is missing"]),
    ("training.epochs", "many", ["'many'", "integer"]),
    ("training.epochs", 2.5, ["2.5", "integer"]),
    ("training.epochs", True, ["True", "integer"]),
    ("data.samples", 96, ["96", "dictionary"]),
    ("training", [1, 2], ["[1, 2]", "dictionary"]),
    ("data.samples.validation", 1, ["1", "2"]),  # the loss (4) takes a half of a batch for each two of its terms
    ("training.epochs", 0, ["0", "greater than or equal to 1"]),
    ("training.learning_rate", 2, ["2", "less than or equal to 1"]),
    ("training.learning_rate", math.nan, ["nan", "finite"]),
    ("problem.noise_level", math.inf, ["inf", "finite"]),
    ("training.warmup", 1, ["1", "less than 1"]),
    ("methods", {}, ["is empty", "at least one"]),
    ("methods", ["pair"], ["['pair']", "dictionary"]),
    ("methods.pair", 3, ["is 3", "a mapping"]),
    ("methods.Pair", {"kind": "pair"}, ["a name is lower-case letters, digits and -"]),
    ("training.seeds", [], ["[]", "at least 1"]),
    ("observations.random.draws", [0, 1], ["[0, 1]", "integer"]),
    ("methods.cgls.draws", 0, ["0", "greater than or equal to 1"]),
    ("methods.lsi-refined.draws", 3, ["makes 3 draws of random-25", "stored of 2", "inference.kept_draws"]),
    ("evaluation.claims", [1, 1], ["[1, 1]", "differ"]),
    ("observations.random.percents", [2], ["has 2", "16 angles", "none"]),
    ("observations.random.percents", [98], ["has 98", "16 angles", "all"]),
    ("observations.random.percents", [100], ["100", "less than 100"]),
    ("observations.random.percents", [25, 25], ["[25, 25]", "differ"]),
    ("observations.random.percent", [25], ["is unknown", "did you mean 'percents'?"]),
    ("networks.encdec-random.trained_on", "random-50", ["'random-50'", "it may be none-0, random-25, block-25"]),
    ("evaluation.percent", 0, ["0", "greater than or equal to 1"]),
    ("training.devices", 3, ["training.batch_size", "are 3 processes", "a multiple of 12"]),
    ("training.nodes", 0, ["0", "greater than or equal to 1"]),
    ("training.batch_size", 97, ["97", "at most the 96", "data.samples.train"]),
    ("methods.encdec-block.network", "encdec-blck", ["'encdec-blck'", "it may be pair, encdec-none"]),
    ("methods.linear-lsi.network", "pair", ["is 'pair'", "it may be linear"]),
    ("methods.cgls.network", "pair", ["is 'pair'", "takes no network"]),
    ("networks.linear-long", REMOVED, ["methods.linear-estimate.network' is 'linear-long'", "it may be linear"]),
    ("methods.linear-estimate.lengths", [16, 65], ["ask for 65", "'linear-long' has 64"]),
    ("methods.linear-estimate.lengths", [0], ["0", "greater than or equal to 1"]),
    ("methods.magic", {}, ["has no kind", "cgls, dip, encoder-decoder", "lsi-zx", "or the path of a Python file"]),
    ("methods.magic", {"kind": "magic"}, ["methods.magic.kind' is 'magic'", "the kind may be", "mlsi"]),
    ("methods.magic", {"kind": "magic.py"}, ["methods.magic.kind' is 'magic.py'", "there is no such file"]),
    ("methods.lsi.kind", "search", ["'search'", "the kind may be"]),  # what searches share is none
    ("observations.stripe", {}, ["has no kind", "block, blur"]),
    ("networks.pear", {}, ["has no kind", "encoder-decoder, linear, paired"]),
    ("problem.kind", "mri", ["'mri'", "crosswell, ct, linear"]),
    ("problem.kind", "../../evil", ["'../../evil'", "the kind may be"]),
    ("problem.kind", "ct; touch x", ["'ct; touch x'", "the kind may be"]),
    ("problem.kind", "randomness", ["'randomness'", "the kind may be"]),
    ("problem.kind", REMOVED, ["is missing"]),
    ("problem.angles", 1, ["is 1", "greater than or equal to 2"]),
    ("problem.image_size", 4, ["4", "greater than or equal to 8"]),
    ("problem.oversampling", 9, ["9", "less than or equal to 4"]),
    ("problem.detector_bins", 12, ["12", "at least image_size, 16"]),
    ("problem.source", {"kind": "mri"}, ["'mri'", "'phantoms', 'specimens', '2detect'"]),
    ("problem.source", {"kind": "2detect", "scale": 1.0}, ["problem.source.folder'", "is missing"]),
    ("problem.source", {"kind": "phantoms", "foldr": "a"}, ["problem.source.foldr'", "is unknown", "kind"]),
    ("networks.pair.x", {"kind": "residual"}, ["x.latent'", "is missing"]),
    ("training.buffer_samples", 31, ["31", "shard_size is 32"]),
    ("training.device", "gpu", ["'gpu'", "'auto', 'cpu' or 'cuda'"]),
    ("evaluation.claims", [0], ["0", "1, 2, 3, 4, 5, 6, 7, 8 or 9"]),
    ("evaluation.claims", [10], ["10", "1, 2, 3, 4, 5, 6, 7, 8 or 9"]),
    ("networks.pair.weights", [1, 1, 1], ["[1, 1, 1]", "at least 4"]),
    ("networks.pair.weights", [1, 1, 1, 1, 1], ["[1, 1, 1, 1, 1]", "at most 4"]),
    ("networks.pair.weights", [1, 1, 1, -1], ["-1", "greater than or equal to 0"]),
    ("networks.encdec-none.weights", [1, 1, 1, 1], ["is unknown"]),  # of a PAIR alone
    ("training.seeds", [0, -1], ["-1", "greater than or equal to 0"]),
    ("data.seed", -1, ["-1", "greater than or equal to 0"]),
    ("data.scaling", "pixels", ["'pixels'", "'pixel' or 'global'"]),
    ("evaluation.confidence", 1, ["1", "less than 1"]),
    ("evaluation.resamples", 10, ["10", "greater than or equal to 100"]),
    ("networks.pair.weights", [0, 0, 0, 0], ["all 0", "at least one"]),
    ("architecture.x.kind", "dense", ["'dense'", "'residual', 'pyramid'"]),
    ("architecture.x.kind", REMOVED, ["is missing"]),
    ("architecture.y.rates", [1, 2], ["is unknown", "it may be"]),  # of the other kind
    ("architecture.y.latnt", 3, ["is unknown", "did you mean 'latent'?"]),
    ("networks.pair.divergence", [1e-5], ["[1e-05]", "at least 2"]),
    ("networks.pair.divergence", [1e-5, -1], ["-1", "greater than or equal to 0"]),
    ("networks.linear.latent", [257, 16], ["257 latents of x", "at most 256", "data.samples.train"]),
    ("networks.linear.latent", [16, 400], ["400 latents of y", "at most 368"]),
    ("architecture.x.latent", 257, ["networks.pair.x.latent' is 257", "256 entries"]),
    ("architecture.y", RESIDUAL, ["networks.pair.x.kind' is 'principal'", "of both, of none"]),
    ("networks.pair.inverse", RESIDUAL, ["inverse' is given", "x.kind is 'principal'"]),
    ("architecture.x.width", -1, ["-1", "greater than or equal to 0"]),
    ("training.symmetries", 2, ["2", "boolean"]),
    ("networks.linear.latent", REMOVED, ["is missing"]),
    ("networks.linear.latent", [16], ["[16]", "at least 2"]),
    ("networks.linear.latent", [16, 16, 16], ["[16, 16, 16]", "at most 2"]),
    ("networks.linear.latent", [16, 0], ["0", "greater than or equal to 1"]),
    ("methods.cgls.iterations", REMOVED, ["is missing"]),
    ("methods.cgls.iterations", 0, ["0", "greater than or equal to 1"]),
    ("methods.tv.weights", [], ["methods.tv.weights", "at least 1"]),
    ("methods.tv.weights", [1, 0], ["0", "greater than 0"]),
    ("methods.tv.weights", [0.5, 0.5], ["repeats one"]),
    ("methods.tv.weights", REMOVED, ["methods.tv.weights", "is missing"]),
    ("methods.tv.iterations", 0, ["0", "greater than or equal to 1"]),
    ("methods.tv.start", "ones", ["starts from 'ones'", "there is no such method"]),
    ("methods.dip", {"iterations": 5, "width": 0}, ["methods.dip.width", "greater than or equal to 1"]),
    ("methods.dip", {"iterations": 5, "learning_rate": 0}, ["methods.dip.learning_rate", "greater than 0"]),
    ("methods.dip", {}, ["methods.dip.iterations", "is missing"]),
    ("methods.dip", {"iterations": 5, "start": "mean"}, ["methods.dip.start", "is unknown"]),
    ("methods.cgls.start", "ones", ["starts from 'ones'", "there is no such method"]),
    ("methods.lsi.members", 3, ["is 3", "drawn from a variational network"]),
    ("methods.lsi.stop", "never", ["'never'", "'fixed' or 'validation'"]),
    ("methods.lsi.weights", [1], ["regulariser is none"]),
    ("methods.lsi-prior.start", "ones", ["'ones'", "'zeros', 'interpolated' or 'mean'"]),
    ("methods.lsi-prior.misfit", "absolute", ["'absolute'", "'squared', 'weighted' or 'huber'"]),
    ("methods.lsi-prior.regulariser", "none", ["'none'", "'tikhonov' or 'mahalanobis'"]),
    ("methods.lsi-prior.weights", [], ["[]", "at least 1"]),
    ("methods.lsi-prior.weights", [1, 2, 1], ["[1.0, 2.0, 1.0]", "differ"]),
    ("methods.lsi-prior.weights", [-1], ["-1", "greater than or equal to 0"]),
    ("methods.lsi-prior.weight", [1], ["is unknown", "did you mean 'weights'?"]),
    ("methods.lsi-prior.members", 3, ["is 3", "drawn from a variational network"]),
    ("methods.lsi-refined.start", "lsi-prio", ["starts from 'lsi-prio'", "there is no such method"]),
    ("methods.lsi-refined.start", "lsi-refined", ["starts from 'lsi-refined'", "there is no such method"]),
    ("methods.lsi-prior.observations", ["none"], ["methods.lsi-refined", "not run on block-25, random-25"]),
    ("methods.lsi.observations", ["stripe"], ["has 'stripe'", "it may have none, random, block, none-0, random-25"]),
    ("methods.lsi.samples", {"validation": 2, "test": 13, "ood": 2}, ["samples.test' is 13", "at most the 12"]),
    ("sections", {"more": {"kind": "more"}}, ["sections.more.kind' is 'more'", "answer"]),
    ("predictions.methods", ["lsi-post"], ["has 'lsi-post'", "it may have pair, lsi"]),
    ("variant_of", "mri", ["is 'mri'", "it may be crosswell"]),
    ("variant_of", "ct", ["is 'ct'", "it may be crosswell"]),  # of itself
    ("variant_of", "crosswell_mild", ["is 'crosswell_mild'", "it may be crosswell"]),  # a variant itself
]
# the same in the experiment crosswell
WRONG_CROSSWELL = [
    ("architecture.y.strides", [], ["[]", "at least 1"]),
    ("architecture.x.strides", [3], ["3", "1 or 2"]),
    ("architecture.x.stem", 3, ["3", "1, 2 or 4"]),
    ("architecture.x.rates", [], ["[]", "at least 1"]),
    ("architecture.x.rates", [2, 2], ["[2, 2]", "differ"]),
    ("architecture.x.rates", [0], ["0", "greater than or equal to 1"]),
    ("architecture.x.rates", REMOVED, ["is missing"]),
    ("architecture.y.layers", 0, ["0", "greater than or equal to 1"]),
    ("architecture.y.strides", [2, 2, 2, 2], ["networks.encdec-fresh.y.strides'", "by 16", "10 rows or columns"]),
    ("networks.pair.y", REMOVED, ["inverse' is given", "y.kind 'pyramid'"]),
    ("methods.cgls", {"iterations": 3}, ["adjoint", "take it out"]),
    ("methods.mlsi-lsi.start", "pare", ["starts from 'pare'", "it may be"]),
    ("methods.fwi.roughness", REMOVED, ["is missing"]),
    ("methods.fwi.roughnes", [1.0], ["is unknown", "did you mean 'roughness'?"]),
    ("methods.fwi.roughness", [-1.0], ["-1.0", "greater than or equal to 0"]),
    ("methods.fwi.bands", [], ["[]", "at least 1"]),
    ("methods.fwi.bands", [0, None], ["0", "greater than 0"]),
    ("methods.fwi.bands", [None, 8.0], ["[None, 8.0]", "wider than the one before"]),
    ("methods.fwi.bands", [4.0, 8.0, 12.0, 16.0], ["methods.fwi.bands' are 4", "at most one for each of the 3"]),
    ("methods.mlsi.observations", ["random-25"], ["has 'random-25'", "random-50"]),
    ("methods.mlsi.samples.validation", 9, ["is 9", "at most the 8 of data.samples.validation"]),
    ("methods.mlsi.samples.test", 7, ["is 7", "at most the 6 of data.samples.test"]),
    ("methods.mlsi.samples.ood", 1, ["1", "greater than or equal to 2"]),
    ("methods.mlsi.samples.train", 1, ["is unknown", "it may be validation, test, ood"]),
    ("methods.mlsi.stop", "best", ["'best'", "'fixed' or 'validation'"]),
    ("methods.mlsi-lsi.members", 3, ["is 3", "all would start from the same estimate"]),
    ("methods.fwi.members", 3, ["is 3", "all would start from the same model"]),
    ("training.devices", 3, ["training.batch_size", "are 3 processes", "a multiple of 12"]),  # own: a quarter
    ("methods.mlsi.members", 0, ["0", "greater than or equal to 1"]),
    ("networks.pair.divergence", None, ["members' is 2", "drawn from a variational network"]),
]
EVERY_WRONG = [("ct", *wrong) for wrong in WRONG] + [("crosswell", *wrong) for wrong in WRONG_CROSSWELL]


@pytest.mark.parametrize(
    ("experiment", "key", "value", "fragments"),
    EVERY_WRONG,
    ids=[f"{e}.{k}={str(v)[:30]}" for e, k, v, _ in EVERY_WRONG],
)
def test_a_mistake_is_named_in_one_line_with_key_value_and_choice(experiment, key, value, fragments):
    config = tiny()
    put(config["experiments"][experiment], key, value)
    config["experiments"] = {name: config["experiments"][name] for name in (experiment, "crosswell", "crosswell_mild")}
    if experiment == "crosswell":
        del config["experiments"]["crosswell_mild"]  # it would take the mistake over
    with pytest.raises(ConfigError) as raised:
        settings.check(config)
    message = str(raised.value)
    assert all(line.startswith(f"config key 'experiments.{experiment}.") for line in message.splitlines())
    first = message.splitlines()[0]
    for fragment in fragments:
        assert fragment in first
    # a key that is taken away, or contradicts another one, may be named by the other one
    assert key in first or "methods." in first or "networks." in first


def test_a_method_whose_kind_of_network_is_missing_says_which_to_add():
    config = tiny()
    del config["experiments"]["ct"], config["experiments"]["crosswell_mild"]
    networks = config["experiments"]["crosswell"]["networks"]
    del networks["linear-long"]
    config["experiments"]["crosswell"]["methods"]["linear-lsi"] = {}
    with pytest.raises(ConfigError, match=r"methods\.linear-lsi' needs a network, and none of .* offers linear"):
        settings.check(config)


@pytest.mark.parametrize(
    "method",
    [
        {"kind": "mlsi", "iterations": 3},
        {"kind": "fwi", "iterations": 3, "roughness": [1]},
        {"kind": "dip", "iterations": 3},
    ],
)
def test_a_method_that_simulates_is_refused_where_nothing_can_be_differentiated(method):
    config = {"experiments": {"linear": tiny()["experiments"]["linear"]}}
    config["experiments"]["linear"]["methods"]["new"] = method
    with pytest.raises(ConfigError, match=r"methods\.new' needs a problem that can be differentiated: take it out"):
        settings.check(config)


def test_members_that_would_all_start_from_the_mean_are_refused():
    config = tiny()
    config["experiments"] = {"crosswell": config["experiments"]["crosswell"]}
    prior = config["experiments"]["crosswell"]["methods"]["lsi-prior"]
    prior |= {"network": "pair", "members": 3}
    with pytest.raises(ConfigError, match="lsi-prior.turned' is true, and members 3"):
        settings.check(copy.deepcopy(config))
    prior["turned"] = False
    settings.check(copy.deepcopy(config))
    prior["start"] = "mean"
    with pytest.raises(ConfigError, match="lsi-prior.members' is 3: all would start from the mean"):
        settings.check(config)


@pytest.mark.parametrize(
    ("config", "fragments"),
    [
        ({}, ["'experiments'", "at least one"]),
        ({"experiments": {}}, ["'experiments'", "{}", "at least one"]),
        ({"experiments": None}, ["'experiments'", "None", "at least one"]),
        ({"experiments": ["ct"]}, ["'experiments'", "['ct']", "at least one"]),
        ({"experiments": {"ct": None}}, ["'experiments'", "{}", "at least one"]),
        ({"experiments": {"ct": 3}}, ["'experiments.ct'", "3", "dictionary"]),
        ({"experiments": {"CT": {}}}, ["'experiments.CT'", "lower-case letters, digits and _"]),
        ({"experiments": {"ct/../x": {}}}, ["'experiments.ct/../x'", "lower-case letters, digits and _"]),
        ({"experiments": {"ct\n": {}}}, ["lower-case letters, digits and _"]),
        ({"experiments": {"1ct": {}}}, ["'experiments.1ct'", "lower-case letters, digits and _"]),
        ({"experimants": {}}, ["'experimants'", "experiments, pathvars"]),
        ({"experiments": {"ct; touch x": {}}}, ["lower-case letters, digits and _"]),
        ({"pathvars": {"results": "results/$(touch x)"}}, ["'pathvars.results'", "a folder of letters"]),
        ({"pathvars": {"logs": "-rf logs"}}, ["'pathvars.logs'", "a folder of letters"]),
        ({"pathvars": {"result": "results/mine"}}, ["'pathvars.result' is unknown", "results, logs"]),
        (
            {"pathvars": {"benchmarks": "mine"}},
            ["'pathvars.benchmarks' is unknown", "results, logs"],
        ),  # of no rule here
    ],
)
def test_a_mistake_at_the_top_level_is_named(config, fragments):
    with pytest.raises(ConfigError) as raised:
        settings.check(config)
    for fragment in ("config key", *fragments):
        assert fragment in str(raised.value)


def test_folders_come_back_in_their_plainest_form():
    given = tiny() | {"pathvars": {"results": "results//mine/", "logs": "./logs"}}
    assert settings.check(given)["pathvars"] == {"results": "results/mine", "logs": "logs"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", ["'a'", "lines 1 and 3"]),
        ("x:\n  y:\n    z: 1\n    w: 2\n    'z': 3\n", ["'x.y.z'", "lines 3 and 5"]),
        ("x:\n- {y: 1}\n- {y: 1, y: 2}\n", ["'x.y'", "lines 3 and 3"]),
        ('{"x": {"y": 1},\n "x": 2}', ["'x'", "lines 1 and 2"]),  # JSON is YAML
    ],
)
def test_a_key_that_stands_in_a_config_file_twice_is_named_with_both_lines(tmp_path, text, said):
    sound, twice = tmp_path / "sound.yaml", tmp_path / "twice.yaml"
    sound.write_text("a: {b: 1, c: &d {b: 2}}\nb: {<<: *d, <<: *d}\n", encoding="utf-8")
    twice.write_text(text, encoding="utf-8")
    config_errors.check_files([sound])
    with pytest.raises(ConfigError) as raised:
        config_errors.check_files([sound, twice])
    assert "\n" not in str(raised.value)
    for fragment in ("config key", str(twice), *said):
        assert fragment in str(raised.value)


def test_mistakes_in_several_blocks_and_experiments_are_told_at_once():
    config = tiny(training__epochs=0, methods__tv__weights=[], networks__pair__kind="pared", problem__angles=0)
    config["experiments"]["crosswell"]["methods"]["fwi"]["roughness"] = [-1.0]
    with pytest.raises(ConfigError) as raised:
        settings.check(config)
    wanted = {
        f"{CT}.{key}" for key in ("training.epochs", "methods.tv.weights", "networks.pair.kind", "problem.angles")
    }
    found = {line.split("'")[1] for line in str(raised.value).splitlines()}
    assert wanted | {"experiments.crosswell.methods.fwi.roughness.0"} <= found


def test_two_mistakes_make_two_lines():
    with pytest.raises(ConfigError) as raised:
        settings.check(tiny(training__epochs=0, evaluation__confidence=2))
    lines = sorted(str(raised.value).splitlines())
    assert [line.split("'")[1] for line in lines] == [f"{CT}.evaluation.confidence", f"{CT}.training.epochs"]


@pytest.mark.parametrize(
    "changes",
    [
        {"observations": {"none": {}}, "networks__encdec-random": None, "networks__encdec-block": None}
        | {"methods__encdec-random": None, "methods__encdec-block": None},
        {"training__buffer_samples": 32},  # one shard
        {"training__batch_size": 96},
        {"training__batch_size": 16, "training__devices": 2, "training__nodes": 2},
        {"training__learning_rate": "1e-3"},  # YAML 1.1 takes 1e-3 without a point for a string
        {"problem__detector_bins": 16},
        {"architecture": {"x": RESIDUAL | {"strides": [2, 2, 2], "stem": 2}, "y": RESIDUAL}}  # one pixel is left
        | {"methods__lsi-prior__noise": "known"},
        {"methods__lsi-prior__weights": [0]},
        {"methods__lsi-prior": None, "methods__lsi-refined": None},
        {"networks__linear": None, "methods__linear-lsi": None},
        {"methods__lsi__network": "linear", "methods__lsi-huber": {"kind": "lsi", "misfit": "huber", "iterations": 3}},
        {
            "architecture": None,
            "networks": {"linear": {"latent": [8, 8]}},
            "methods": {"linear-lsi": {}},
            "predictions": {},
        },
    ],
    ids=lambda changes: " ".join(changes),
)
def test_the_edge_of_what_is_allowed_is_allowed(changes):
    settings.check(tiny(**changes))


def test_null_takes_an_experiment_out():
    assert set(
        settings.check(tiny() | {"experiments": tiny()["experiments"] | {"crosswell_mild": None}})["experiments"]
    ) == {name for name in tiny()["experiments"] if name != "crosswell_mild"}


def test_what_a_method_is_run_on_is_what_it_asks_for_and_for_one_that_sees_no_data_a_single_case():
    experiment = settings.Experiment(tiny()["experiments"]["crosswell"])
    every = experiment.cases
    assert every == ["none-0", "random-50", "random-90", "block-50"]
    assert every == experiment.cases_of("lsi") == experiment.cases_of("interpolate")
    for method in ("mlsi", "fwi", "lsi-refined"):
        assert experiment.cases_of(method) == ["none-0", "random-90"]
    assert experiment.cases_of("mean") == ["none-0"]
    assert [experiment.draws_of(m, "random-90") for m in ("lsi", "lsi-prior", "mean")] == [2, 2, 1]
    assert experiment.draws_of("lsi", "none-0") == experiment.kept_of("lsi", "none-0") == 1
    ct = settings.Experiment(shipped()["experiments"]["ct"])
    assert (ct.draws_of("lsi", "block-25"), ct.kept_of("lsi", "block-25"), ct.kept_of("cgls", "block-25")) == (4, 3, 3)


def test_a_method_that_no_seed_touches_is_run_with_the_first():
    said = shipped(ROOT / "workflow" / "presets" / "more.yaml")["experiments"]
    for experiment in said.values():
        experiment["training"]["seeds"] = [3, 4, 5]
    ct, crosswell = (settings.Experiment(said[name]) for name in ("ct", "crosswell"))
    once = {name for name in ct.methods if ct.seeds_of(name) == [3]}
    assert once == {"linear", "linear-lsi", "linear-estimate", "cgls", "cgls-mean", "tv", "epll"}
    assert all(ct.seeds_of(name) == [3, 4, 5] for name in set(ct.methods) - once)
    once = {name for name in crosswell.methods if crosswell.seeds_of(name) == [3]}
    assert once == {"linear", "linear-lsi", "linear-estimate", "mean", "fwi"}


def test_what_was_run_with_the_first_seed_stands_for_all():
    rows = [("pair", 3, 0.1), ("pair", 4, 0.2), ("cgls", 3, 0.5), ("cgls", 3, 0.6)]
    found = repeated(pd.DataFrame(rows, columns=["method", "seed", "rre"]), [3, 4])
    assert sorted(found.itertuples(index=False, name=None)) == sorted([*rows, ("cgls", 4, 0.5), ("cgls", 4, 0.6)])


def test_a_method_takes_the_network_of_its_name_or_the_first_trained_one_that_it_can_use():
    experiments = shipped(ROOT / "workflow" / "presets" / "more.yaml")["experiments"]
    wanted = {"pair": "pair", "lsi": "pair", "encdec-block": "encdec-block", "linear": "linear", "linear-lsi": "linear"}
    wanted |= {"cgls": None, "dip": None, "lsi-refined": None, "interpolate": "pair"}
    methods = settings.Experiment(experiments["ct"]).methods
    assert {name: methods[name].settings.network for name in wanted} == wanted
    methods = settings.Experiment(experiments["crosswell"]).methods
    wanted = {"pair": "pair", "mlsi": "pair", "fwi": None, "mean": None, "linear-lsi": "linear"}
    assert {name: methods[name].settings.network for name in wanted} == wanted


def test_two_settings_of_one_method_and_two_networks_stand_side_by_side_under_names_of_their_own():
    config = tiny(networks__vpae={"kind": "paired", "divergence": [1e-5, 1e-5]})
    methods = config["experiments"]["ct"]["methods"]
    methods |= {"lsi-huber": {"kind": "lsi", "misfit": "huber", "iterations": 3}}
    methods |= {"lsi-vpae": {"kind": "lsi", "network": "vpae", "iterations": 3, "members": 4}}
    experiment = settings.Experiment(settings.check(config)["experiments"]["ct"])
    assert len({experiment.labels[name] for name in ("lsi", "lsi-huber", "lsi-vpae")}) == 3
    assert experiment.method_told("lsi-vpae", "random-25")["method"]["network"] == "vpae"
    words = {"label": "another", "colour": "#000000"}
    told = experiment.method_told("lsi", "random-25")
    methods["lsi"] |= words
    renamed = settings.Experiment(settings.check(config)["experiments"]["ct"])
    assert renamed.method_told("lsi", "random-25") == told and renamed.labels["lsi"] == "another"


def test_what_a_variant_says_of_another_kind_takes_no_key_from_its_base():
    config = tiny()
    config["experiments"]["other"] = {
        "variant_of": "ct",
        "architecture": {"x": RESIDUAL, "y": RESIDUAL},
        "methods": {"lsi-prior": {"kind": "pair"}},
    }
    found = settings.check(config)["experiments"]["other"]
    assert found["architecture"] == {"x": RESIDUAL, "y": RESIDUAL}
    assert found["methods"]["lsi-prior"]["kind"] == "pair" and "regulariser" not in found["methods"]["lsi-prior"]


def test_a_variant_takes_every_key_from_its_base_but_its_own():
    config = tiny()
    config["experiments"]["mild"] = {"variant_of": "ct", "training": {"epochs": 9}, "evaluation": {"claims": [1]}}
    checked = settings.check(config)["experiments"]
    assert checked["ct"]["variant_of"] is None
    wanted = copy.deepcopy(checked["ct"])
    wanted["variant_of"], wanted["training"]["epochs"], wanted["evaluation"]["claims"] = "ct", 9, [1]
    assert checked["mild"] == wanted
    assert settings.check({"experiments": checked})["experiments"] == checked
