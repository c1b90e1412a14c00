# Validates the config before anything else, and offers what several stages ask of it.
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from pairlsi import problems, settings, sources, store, variants

try:
    config.update(settings.check(config))
except settings.ConfigError as error:
    sys.exit(str(error))  # the sentence alone: a WorkflowError adds lines of this file


wildcard_constraints:
    experiment="[a-z][a-z0-9_]*",
    split="|".join(settings.SPLITS),
    shard=r"\d+",
    seed=r"\d+",
    mask=r"[a-z]+-\d+-\d+",
    network=r"[a-z][a-z-]*",
    method=r"[a-z][a-z-]*",
