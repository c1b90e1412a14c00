"""What a config or a file from elsewhere must never reach: a shell, an unpickler.

What is read is tested beside its reader: weights in test_networks, checkpoints in test_training, archives in
test_detect2d, names and folders in test_settings.
"""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from pairlsi.data.statistics import read_statistics

ROOT = Path(__file__).resolve().parents[1]
RULES = [ROOT / "Snakefile", ROOT / "workflow" / "Snakefile", *sorted((ROOT / "workflow" / "rules").glob("*.smk"))]
SOURCES = sorted((ROOT / "workflow" / "scripts").rglob("*.py"))
CALLS = {"eval", "exec", "os.system", "os.popen", "subprocess.getoutput", "yaml.unsafe_load", "yaml.load"}


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.name)
def test_no_rule_has_a_command_for_a_shell(file):
    assert not re.search(r"^\s*(shell|run)\s*:|\bshell\(", file.read_text(encoding="utf-8"), re.M)


def test_no_source_calls_a_shell_or_an_unpickler():
    for file in SOURCES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not imported & {"pickle", "dill", "cloudpickle", "joblib"}, file
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            called = ast.unparse(call.func)
            given = {word.arg: ast.unparse(word.value) for word in call.keywords}
            assert given.get("shell") != "True" and given.get("allow_pickle") != "True", (file, call.lineno)
            assert called not in CALLS, (file, call.lineno)
            assert called != "torch.load" or given.get("weights_only") == "True", (file, call.lineno)


def test_statistics_that_hold_a_pickle_are_refused(tmp_path):
    (tmp_path / "statistics.json").write_text("{}", encoding="utf-8")
    np.savez(tmp_path / "mean.npz", x=np.array([Exception()], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        read_statistics(tmp_path)
