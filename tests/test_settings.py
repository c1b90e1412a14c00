"""The config: what ships is valid, and every mistake is named in one line with its key, its value and the choice."""

import copy
import math
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from pairlsi import config_errors, problems, settings

ROOT = Path(__file__).resolve().parents[1]
PRESETS = sorted((ROOT / "workflow" / "presets").glob("*.yaml"))
REMOVED = ...  # in place of a value: take the key away
CT = "experiments.ct"


def merged(base: dict, over: dict) -> dict:
    """`over` laid over `base`, by Snakemake itself."""
    both = copy.deepcopy(base)
    update_config(both, copy.deepcopy(over))
    return both


def shipped(*presets: Path) -> dict:
    config = {}
    for path in (ROOT / "config.yaml", *presets):
        config = merged(config, yaml.safe_load(path.read_text(encoding="utf-8")))
    return config


def tiny(**changes) -> dict:
    """The tiny preset with the values at some keys of the experiment, "training__epochs", changed."""
    config = shipped(ROOT / "workflow" / "presets" / "tiny.yaml")
    del config["experiments"]["ct_noisy"]  # it would take every change from ct and contradict some
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
    for name, given in config["experiments"].items():
        assert merged(checked["experiments"][name], given) == checked["experiments"][name]  # nothing given is changed


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
    ("inference.methods", [], ["[]", "at least 1"]),
    ("training.seeds", [], ["[]", "at least 1"]),
    ("networks.y.strides", [], ["[]", "at least 1"]),
    ("inference.methods", ["pair", "pair"], ["['pair', 'pair']", "differ"]),
    ("inference.masks.draws", [0, 1], ["[0, 1]", "integer"]),
    ("inference.masks.few.draws", 4, ["4", "at most the 3"]),
    ("inference.masks.few.methods", ["cgls"], ["lsi-refined", "first draws alone"]),
    ("evaluation.claims", [1, 1], ["[1, 1]", "differ"]),
    ("inference.masks.percents", [2], ["has 2", "16 angles", "none"]),
    ("inference.masks.percents", [98], ["has 98", "16 angles", "all"]),
    ("networks.mask_percent", 1, ["has 1", "16 angles", "none"]),
    ("networks.mask_percent", 99, ["has 99", "16 angles", "all"]),
    ("inference.masks.percents", [100], ["100", "less than 100"]),
    ("training.devices", 3, ["training.batch_size", "are 3 processes", "a multiple of 6"]),
    ("training.nodes", 0, ["0", "greater than or equal to 1"]),
    ("training.batch_size", 97, ["97", "at most the 96", "data.samples.train"]),
    ("networks.train", ["encdec-none"], ["inference.methods", "'pair'", "networks.train"]),
    (
        "networks.train",
        ["pair", "encdec-none", "encdec-random", "linear"],
        ["inference.methods", "'encdec-block'", "networks.train"],
    ),
    (
        "networks.train",
        ["pair", "encdec-none", "encdec-random", "encdec-block"],
        ["inference.methods", "'linear-lsi', which needs 'linear' in networks.train"],
    ),
    (
        "inference.methods",
        ["magic"],
        [
            "'magic'",
            "'pair', 'lsi', 'lsi-zx', 'lsi-prior', 'lsi-refined', 'interpolate', 'linear', 'linear-lsi', 'encdec-none'",
            "'mean', 'cgls', 'cgls-mean', 'cgls-completed', 'mlsi', 'mlsi-lsi', 'fwi' or 'fwi-lsi'",
        ],
    ),
    ("inference.masks.kinds", ["stripe"], ["'stripe'", "'none', 'random' or 'block'"]),
    ("networks.train", ["pear"], ["'pear'", "'pair', 'vpae', 'linear', 'encdec-none', 'encdec-random' or"]),
    ("problem.name", "mri", ["'mri'", "problems/mri.py"]),
    ("problem.name", "../../evil", ["'../../evil'", "there is no module"]),
    ("problem.name", "ct; touch x", ["'ct; touch x'", "there is no module"]),
    ("problem.name", "randomness", ["'randomness'", "no class Problem"]),
    ("problem.angles", 1, ["is 1", "greater than or equal to 2"]),
    ("problem.image_size", 4, ["4", "greater than or equal to 8"]),
    ("problem.oversampling", 9, ["9", "less than or equal to 4"]),
    ("problem.detector_bins", 12, ["12", "at least image_size, 16"]),
    ("problem.source", {"kind": "mri"}, ["'mri'", "'phantoms', '2detect'"]),
    ("problem.source", {"kind": "2detect", "scale": 1.0}, ["problem.source.folder'", "is missing"]),
    ("problem.source", {"kind": "phantoms", "foldr": "a"}, ["problem.source.foldr'", "is unknown", "kind"]),
    ("networks.x.strides", [2, 2, 2, 2], ["by 32", "16 rows or columns"]),
    ("networks.x.strides", [3], ["3", "1 or 2"]),
    ("networks.x.stem", 3, ["3", "1, 2 or 4"]),
    ("training.buffer_samples", 31, ["31", "shard_size is 32"]),
    ("training.device", "gpu", ["'gpu'", "'auto', 'cpu' or 'cuda'"]),
    ("evaluation.claims", [0], ["0", "1, 2, 3, 4, 5, 6, 7, 8 or 9"]),
    ("evaluation.claims", [10], ["10", "1, 2, 3, 4, 5, 6, 7, 8 or 9"]),
    ("networks.weights", [1, 1, 1], ["[1, 1, 1]", "at least 4"]),
    ("networks.weights", [1, 1, 1, 1, 1], ["[1, 1, 1, 1, 1]", "at most 4"]),
    ("networks.weights", [1, 1, 1, -1], ["-1", "greater than or equal to 0"]),
    ("training.seeds", [0, -1], ["-1", "greater than or equal to 0"]),
    ("data.seed", -1, ["-1", "greater than or equal to 0"]),
    ("evaluation.confidence", 1, ["1", "less than 1"]),
    ("evaluation.resamples", 10, ["10", "greater than or equal to 100"]),
    ("networks.weights", [0, 0, 0, 0], ["all 0", "at least one"]),
    ("networks.x.kind", "dense", ["'dense'", "'residual', 'pyramid'"]),
    ("networks.x.kind", REMOVED, ["is missing"]),
    ("networks.y.rates", [1, 2], ["is unknown", "it may be"]),  # of the other kind
    ("networks.y.latnt", 3, ["is unknown", "did you mean 'latent'?"]),
    ("networks.divergence", [1e-5], ["[1e-05]", "at least 2"]),
    ("networks.divergence", [1e-5, -1], ["-1", "greater than or equal to 0"]),
    ("networks.divergence", REMOVED, ["is missing"]),
    ("networks.train", ["pair", "vpae"], ["networks.divergence' is null", "'vpae'", "two weights"]),
    ("networks.linear", [97, 16], ["97 latents of x", "at most 96", "data.samples.train"]),
    ("networks.linear", [16, 400], ["400 latents of y", "at most 96"]),
    ("inference.paired", "vpae", ["inference.methods' has 'pair'", "needs 'vpae' in networks.train"]),
    ("inference.paired", "twin", ["'twin'", "'pair' or 'vpae'"]),
    ("inference.methods", ["mlsi"], ["'mlsi'", "can be differentiated", "take it out"]),
    ("inference.methods", ["fwi-lsi", "lsi"], ["'fwi-lsi'", "can be differentiated", "take it out"]),
    ("inference.cgls_iterations", None, ["is null", "'lsi-refined' in inference.methods"]),  # and cgls: see below
    ("inference.cgls_iterations", 0, ["0", "greater than or equal to 1"]),
    ("inference.lsi.members", 3, ["is 3", "drawn from a vpae", "with pair it is 1"]),
    ("inference.lsi.stop", "never", ["'never'", "'fixed' or 'validation'"]),
    ("inference.lsi.weights", [1], ["is unknown"]),  # of lsi_prior alone
    ("inference.lsi_prior", None, ["is null", "'lsi-prior' in inference.methods"]),
    ("inference.lsi_prior", REMOVED, ["is missing"]),
    ("inference.lsi_prior.start", "ones", ["'ones'", "'zeros', 'interpolated' or 'mean'"]),
    ("inference.lsi_prior.misfit", "absolute", ["'absolute'", "'squared', 'weighted' or 'huber'"]),
    ("inference.lsi_prior.regulariser", "none", ["'none'", "'tikhonov' or 'mahalanobis'"]),
    ("inference.lsi_prior.weights", [], ["[]", "at least 1"]),
    ("inference.lsi_prior.weights", [1, 2, 1], ["[1.0, 2.0, 1.0]", "differ"]),
    ("inference.lsi_prior.weights", [-1], ["-1", "greater than or equal to 0"]),
    ("inference.lsi_prior.weight", [1], ["is unknown", "did you mean 'weights'?"]),
    ("inference.lsi_prior.members", 3, ["is 3", "drawn from a vpae", "with pair it is 1"]),
    (
        "inference.methods",
        ["pair", "lsi", "lsi-refined"],
        ["'lsi-refined'", "starts from the estimates of 'lsi-prior'"],
    ),
    ("inference.methods", ["lsi", "cgls-completed"], ["'cgls-completed'", "starts from the estimates of 'lsi-prior'"]),
    ("networks.linear", None, ["is null", "'linear' in networks.train", "lengths of both latents"]),
    ("networks.linear", REMOVED, ["is missing"]),
    ("networks.linear", [16], ["[16]", "at least 2"]),
    ("networks.linear", [16, 16, 16], ["[16, 16, 16]", "at most 2"]),
    ("networks.linear", [16, 0], ["0", "greater than or equal to 1"]),
    ("variant_of", "mri", ["is 'mri'", "it may be crosswell"]),
    ("variant_of", "ct", ["is 'ct'", "it may be crosswell"]),  # of itself
    ("variant_of", "crosswell_mild", ["is 'crosswell_mild'", "it may be crosswell"]),  # a variant itself
]
# the same in the experiment crosswell
WRONG_CROSSWELL = [
    ("networks.x.rates", [], ["[]", "at least 1"]),
    ("networks.x.rates", [2, 2], ["[2, 2]", "differ"]),
    ("networks.x.rates", [0], ["0", "greater than or equal to 1"]),
    ("networks.x.rates", REMOVED, ["is missing"]),
    ("networks.y.layers", 0, ["0", "greater than or equal to 1"]),
    ("networks.y.strides", [2, 2, 2, 2], ["by 16", "10 rows or columns"]),
    ("networks.divergence", None, ["is null", "'vpae'", "two weights"]),
    ("inference.paired", "pair", ["inference.methods' has 'pair'", "needs 'pair' in networks.train"]),
    ("inference.methods", ["pair", "cgls"], ["'cgls'", "adjoint", "take it out"]),
    ("inference.methods", ["pair", "cgls-mean"], ["'cgls-mean'", "adjoint", "take it out"]),
    ("inference.methods", ["lsi-prior", "cgls-completed"], ["'cgls-completed'", "adjoint", "take it out"]),
    ("inference.methods", ["lsi", "lsi-refined"], ["'lsi-refined'", "starts from the estimates of 'lsi-prior'"]),
    ("inference.methods", ["pair", "mlsi-lsi"], ["'mlsi-lsi'", "starts from the estimates of 'lsi'"]),
    ("inference.methods", ["pair", "fwi-lsi"], ["'fwi-lsi'", "starts from the estimates of 'lsi'"]),
    ("inference.model_based", None, ["is null", "'lsi-refined' in inference.methods"]),  # and mlsi: see below
    ("inference.lsi_prior", None, ["is null", "'lsi-prior' in inference.methods"]),
    ("inference.model_based.roughnes", [1.0], ["is unknown", "did you mean 'roughness'?"]),
    ("inference.model_based.roughness", [-1.0], ["-1.0", "greater than or equal to 0"]),
    ("inference.model_based.percents", [0, 25], ["has 25", "inference.masks.percents"]),
    ("inference.masks.kinds", ["block"], ["model_based.kinds' has 'random'", "inference.masks.kinds lacks"]),
    ("inference.model_based.samples.validation", 9, ["is 9", "at most the 8 of data.samples.validation"]),
    ("inference.model_based.samples.test", 7, ["is 7", "at most the 6 of data.samples.test"]),
    ("inference.model_based.samples.ood", 1, ["1", "greater than or equal to 2"]),
    ("inference.model_based.samples.train", 1, ["is unknown", "it may be validation, test, ood"]),
    ("inference.model_based.stop", "best", ["'best'", "'fixed' or 'validation'"]),
    ("inference.model_based.members", 0, ["0", "greater than or equal to 1"]),
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
    with pytest.raises(settings.ConfigError) as raised:
        settings.check(config)
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(f"config key 'experiments.{experiment}.")
    for fragment in (key, *fragments):
        assert fragment in message


READERS = [  # of a key that is null in the experiment
    ("ct", "cgls_iterations", "cgls", ["cgls"]),
    ("ct", "cgls_iterations", "cgls-mean", ["cgls-mean"]),
    ("ct", "cgls_iterations", "cgls-completed", ["lsi-prior", "cgls-completed"]),
    ("ct", "cgls_iterations", "lsi-refined", ["lsi-prior", "lsi-refined"]),
    ("crosswell", "model_based", "mlsi", ["mlsi"]),
    ("crosswell", "model_based", "fwi-lsi", ["lsi", "fwi-lsi"]),
    ("crosswell", "model_based", "lsi-refined", ["lsi-prior", "lsi-refined"]),
]


@pytest.mark.parametrize(("experiment", "key", "reader", "methods"), READERS)
def test_a_key_is_null_only_where_no_method_reads_it(experiment, key, reader, methods):
    config = tiny()
    config["experiments"] = {experiment: config["experiments"][experiment]}  # without its variants
    inference = config["experiments"][experiment]["inference"]
    inference["methods"], inference[key] = [*methods], None
    with pytest.raises(settings.ConfigError) as raised:
        settings.check(config)
    place = f"config key 'experiments.{experiment}.inference.{key}' is null"
    assert str(raised.value).startswith(place) and f"{reader!r} in inference.methods" in str(raised.value)
    inference["methods"].remove(reader)
    inference["methods"].append("interpolate")
    settings.check(config)


def test_members_that_would_all_start_from_the_mean_are_refused():
    config = tiny()
    config["experiments"] = {"crosswell": config["experiments"]["crosswell"]}
    prior = config["experiments"]["crosswell"]["inference"]["lsi_prior"]
    prior |= {"members": 3}
    settings.check(copy.deepcopy(config))
    prior["start"] = "mean"
    with pytest.raises(settings.ConfigError, match="lsi_prior.members' is 3: all would start from the mean"):
        settings.check(config)


def test_settings_of_simulations_contradict_a_refinement_of_what_cannot_be_simulated():
    config = tiny()
    simulations = copy.deepcopy(config["experiments"]["crosswell"]["inference"]["model_based"])
    config["experiments"]["ct"]["inference"]["model_based"] = simulations | {
        "percents": [25],
        "members": 1,
        "samples": {"validation": 2, "test": 2, "ood": 2},
    }
    with pytest.raises(settings.ConfigError, match="inference.model_based' has a value, by which 'lsi-refined'"):
        settings.check(config)
    config["experiments"]["ct"]["inference"]["methods"].remove("lsi-refined")
    settings.check(config)


@pytest.mark.parametrize(
    ("config", "fragments"),
    [
        ({}, ["'experiments'", "at least one"]),
        ({"experiments": {}}, ["'experiments'", "{}", "at least one"]),
        ({"experiments": None}, ["'experiments'", "None", "at least one"]),
        ({"experiments": ["ct"]}, ["'experiments'", "['ct']", "at least one"]),
        ({"experiments": {"ct": None}}, ["'experiments.ct'", "None", "dictionary"]),
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
    with pytest.raises(settings.ConfigError) as raised:
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
    with pytest.raises(settings.ConfigError) as raised:
        config_errors.check_files([sound, twice])
    assert "\n" not in str(raised.value)
    for fragment in ("config key", str(twice), *said):
        assert fragment in str(raised.value)


def test_two_mistakes_make_two_lines():
    with pytest.raises(settings.ConfigError) as raised:
        settings.check(tiny(training__epochs=0, evaluation__confidence=2))
    lines = sorted(str(raised.value).splitlines())
    assert [line.split("'")[1] for line in lines] == [f"{CT}.evaluation.confidence", f"{CT}.training.epochs"]


@pytest.mark.parametrize(("percent", "advice"), [(2, "ask for more"), (98, "ask for fewer")])
def test_a_mask_of_no_angles_or_of_all_comes_with_the_right_advice(percent, advice):
    with pytest.raises(settings.ConfigError, match=advice):
        settings.check(tiny(inference__masks__percents=[percent]))


@pytest.mark.parametrize(
    "changes",
    [
        {"inference__masks__percents": [0, 25]},  # 0 means none, it is no mistake
        {"inference__masks__kinds": ["none"], "inference__masks__percents": [1]},  # no mask is made
        {"training__buffer_samples": 32},  # one shard
        {"training__batch_size": 96},
        {"training__batch_size": 8, "training__devices": 2, "training__nodes": 2},
        {"training__learning_rate": "1e-3"},  # YAML 1.1 takes 1e-3 without a point for a string
        {"problem__detector_bins": 16},
        {"networks__x__strides": [2, 2, 2], "networks__x__stem": 2},  # one pixel is left
        {"inference__lsi_prior__weights": [0]},
        {"inference__lsi_prior": None, "inference__methods": ["pair", "linear"]},
        {"networks__linear": None, "networks__train": ["pair"], "inference__methods": ["lsi-prior", "lsi-refined"]},
        {"inference__methods": ["cgls-completed", "lsi-prior"]},  # in any order
    ],
    ids=lambda changes: " ".join(changes),
)
def test_the_edge_of_what_is_allowed_is_allowed(changes):
    settings.check(tiny(**changes))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("networks.divergence", [0, 0]),
        ("inference.model_based.samples", {"validation": 8, "test": 6, "ood": 4}),
        ("inference.model_based.percents", [90]),
        ("inference.methods", ["lsi", "mlsi-lsi"]),
        ("networks.y.strides", [2, 2]),
    ],
    ids=str,
)
def test_the_edge_of_what_crosswell_may_say_is_allowed(key, value):
    config = tiny()
    put(config["experiments"]["crosswell"], key, value)
    settings.check(config)


def test_methods_that_simulate_are_run_on_their_own_masks_and_the_mean_model_on_one():
    inference = settings.Inference(**settings.check(tiny())["experiments"]["crosswell"]["inference"])
    every = settings.masks_of("lsi", inference)
    assert every == settings.masks_of("interpolate", inference) == settings.mask_names(inference.masks)
    assert every == ["none-0", "random-50", "random-90", "block-50", "block-90"]
    chosen = inference.model_copy(
        update={
            "model_based": inference.model_based.model_copy(update={"percents": [0, 90], "kinds": ["none", "block"]})
        }
    )
    for method in ("mlsi", "fwi-lsi", "lsi-refined"):
        assert settings.masks_of(method, chosen) == ["none-0", "block-90"]
    # 0 % is full data whatever the kind, and so is the kind none whatever the percentage
    for kinds, percents in ((["block"], [0, 90]), (["none", "block"], [90])):
        of_model = chosen.model_based.model_copy(update={"kinds": kinds, "percents": percents})
        some = chosen.model_copy(update={"model_based": of_model})
        assert settings.masks_of("mlsi", some) == ["none-0", "block-90"]
    assert settings.masks_of("lsi-prior", chosen) == every
    linear = chosen.model_copy(update={"model_based": None})  # where lsi-refined solves a linear problem
    assert settings.masks_of("lsi-refined", linear) == every
    assert settings.masks_of("mean", inference) == ["none-0"]


def test_a_variant_takes_every_key_from_its_base_but_its_own():
    config = tiny()
    config["experiments"]["mild"] = {"variant_of": "ct", "training": {"epochs": 9}, "evaluation": {"claims": [1]}}
    checked = settings.check(config)["experiments"]
    assert checked["ct"]["variant_of"] is None
    wanted = copy.deepcopy(checked["ct"])
    wanted["variant_of"], wanted["training"]["epochs"], wanted["evaluation"]["claims"] = "ct", 9, [1]
    assert checked["mild"] == wanted
    assert settings.check({"experiments": checked})["experiments"] == checked


def test_masks_are_all_kinds_and_percents_with_none_only_once():
    masks = settings.Masks(seed=7, kinds=["block", "none", "random"], percents=[25, 0, 50], draws=4, few=None)
    names = settings.mask_names(masks)
    wanted = {f"{kind}-{percent}" for kind in ("random", "block") for percent in (25, 50)}
    assert sorted(names) == sorted(wanted | {"none-0"})  # a list: no name twice


def test_dear_methods_are_run_on_the_first_draws_and_estimates_are_kept_of_these():
    masks = settings.Masks(
        seed=7, kinds=["random"], percents=[25], draws=9, few=settings.FewDraws(draws=3, methods=["cgls"])
    )
    assert [settings.draws_of(method, "random-25", masks) for method in ("pair", "cgls")] == [9, 3]
    assert settings.draws_of("pair", "none-0", masks) == settings.draws_kept("none-0", masks) == 1
    assert settings.draws_kept("random-25", masks) == 3 and settings.draws_of("mean", "random-25", masks) == 1
    few = masks.model_copy(update={"few": settings.FewDraws(draws=1, methods=["cgls"])})
    assert settings.draws_kept("random-25", few) == 2  # a new one for the figures
    assert settings.draws_kept("random-25", masks.model_copy(update={"few": None})) == 9


@pytest.mark.parametrize(
    ("methods", "network"),
    [
        (["pair", "lsi", "lsi-zx", "lsi-prior", "lsi-refined", "interpolate", "mlsi", "mlsi-lsi"], "vpae"),
        (["cgls", "cgls-mean", "cgls-completed", "mean", "fwi"], None),
        (["linear", "linear-lsi"], "linear"),
        (["encdec-block"], "encdec-block"),
    ],
)
def test_a_method_names_the_network_it_needs(methods, network):
    assert {settings.network_of(method, "vpae") for method in methods} == {network}


@pytest.mark.parametrize("module", ["phantoms", "detect2d", "velocity", "randomness"])
def test_a_helper_module_is_no_problem(module):
    with pytest.raises(settings.ConfigError, match=rf"problem.name' is '{module}': that module is no problem"):
        problems.create({"name": module})
