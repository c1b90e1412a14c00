"""What a wrong config is told: the key, the file in which it stands, and what may have been meant."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from test_settings import shipped

from pairlsi.config import check
from pairlsi.core import errors, parts
from pairlsi.core.errors import ConfigError
from pairlsi.predictions import asked, told


@pytest.fixture
def files(tmp_path):
    """Config files of these contents, the first one the last of the command line; the last one is config.yaml."""

    def write(*contents: dict) -> list:
        paths = [tmp_path / f"{number}.yaml" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return [*reversed(paths[:-1]), paths[-1]]

    return write


def test_a_line_names_the_file_in_which_its_key_counts(files):
    mine, preset = {"experiments": {"ct": {"data": {"seed": -1}}}}, {"experiments": {"ct": {"data": {"seed": 2}}}}
    base = {"experiments": {"ct": {"data": {"seed": 3, "shard_size": 0}}}}
    lines = ["config key 'experiments.ct.data.seed' is -1", "config key 'experiments.ct.data.shard_size' is 0"]
    lines += ["config key 'experiments.ct.data.samples' is missing", "something else"]
    found = errors.with_files(ConfigError("\n".join(lines)), files(mine, preset, base)).split("\n")
    assert [line.rpartition("/")[2] for line in found[:2]] == ["0.yaml)", "2.yaml)"]
    assert found[2:] == lines[2:]


def test_a_name_that_is_no_experiment_is_asked_about():
    config = shipped()
    config["experiments"]["ctt"] = {"training": {"epochs": 3}}
    with pytest.raises(ConfigError, match="'experiments.ctt' has no problem, .* did you mean 'ct'?"):
        check(config)
    config["experiments"]["other"] = config["experiments"].pop("ctt")
    with pytest.raises(ConfigError, match="'experiments.other' has no problem, .* there are ct, crosswell, linear"):
        check(config)


@pytest.mark.parametrize(("name", "meant"), [("methods", "experiments.NAME.methods"), ("experiment", "experiments")])
def test_a_block_of_an_experiment_at_the_top_is_told_where_it_belongs(name, meant):
    with pytest.raises(ConfigError, match=rf"config key '{name}' is a block.* it may be '{meant}'"):
        asked.taken_from({name: {"cgls": {}}}, ["ct"])


def test_a_misspelt_kind_is_told_the_one_that_is_meant():
    with pytest.raises(ConfigError, match="did you mean 'cgls'\\? the kind may be cgls, dip"):
        parts.find("methods", "cgsl")


def test_predictions_without_a_network_need_none():
    from pairlsi.config import Experiment

    experiment = Experiment(check(shipped())["experiments"]["ct"])
    said = told(experiment, ["cgls", "tv"])
    assert said["networks"] == {} and list(Experiment(said).methods) == ["cgls", "tv"]


def test_a_method_that_gives_another_shape_is_named():
    from made import make_mask, make_method, seen

    from pairlsi.evaluation.drawn import Drawn

    problem = SimpleNamespace(x_shape=(1, 4, 3))
    mask = make_mask("none-0-0", 6, 2)
    method = make_method("mean", {}, problem, mask, ({}, {"x": np.zeros((1, 4, 4), np.float32)}))
    y, given = np.zeros((2, 1, 6, 5), np.float32), method.given
    drawn = Drawn(type(method), method.settings, replace(given, observation=seen("none-0-0", 6)))
    with pytest.raises(ValueError, match=r"method mean estimates x of the shape \(1, 4, 4\); expected \(1, 4, 3\)"):
        drawn(y, "test")


def test_files_of_parts_are_looked_for_in_more_folders(tmp_path, monkeypatch):
    monkeypatch.delenv(parts.FOLDERS, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "mine.py").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="there is no such file"):
        parts.file_of("mine.py")
    monkeypatch.setenv(parts.FOLDERS, ".")
    parts.look_in_too([tmp_path / "beside"])
    assert parts.file_of("mine.py") == tmp_path / "beside" / "mine.py"
