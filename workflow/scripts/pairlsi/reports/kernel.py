"""A Jupyter kernel that is this very Python, and a Jupyter that knows nobody's settings, for notebooks of reports.

Left to itself, Jupyter starts whatever the user calls python3, elsewhere perhaps, and the kernel runs the user's
start-up files.
"""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

NAME = "pairlsi"
SCRIPTS = Path(__file__).resolve().parents[2]
# IPython reads settings and start-up files of the machine, which no variable keeps away, besides those of IPYTHONDIR
LAUNCH = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from IPython.core import application
application.SYSTEM_CONFIG_DIRS.clear()
application.ENV_CONFIG_DIRS.clear()
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""


@contextlib.contextmanager
def of_this_python() -> Iterator[tuple[str, str]]:
    """The name of the kernel, known to Jupyter for the time of the block, and an empty folder to run a notebook in.

    The kernel can import pairlsi. Exporters take their templates from where they were installed.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="pairlsi-", ignore_cleanup_errors=True) as folder:
        for name in ("work", "ipython", "data", f"path/kernels/{NAME}"):
            Path(folder, name).mkdir(parents=True)
        said = {
            # no path among its "env", where $ would be replaced, nor in PYTHONPATH, which a colon would divide
            "argv": [sys.executable, "-c", LAUNCH, str(SCRIPTS), "-f", "{connection_file}"],
            "display_name": "Python of the workflow",
            "language": "python",
        }
        Path(folder, "path/kernels", NAME, "kernel.json").write_text(json.dumps(said), encoding="utf-8")
        os.environ |= {
            "IPYTHONDIR": f"{folder}/ipython",
            "JUPYTER_PATH": f"{folder}/path",
            "JUPYTER_DATA_DIR": f"{folder}/data",
            "JUPYTER_RUNTIME_DIR": f"{folder}/data",
            "JUPYTER_CONFIG_DIR": f"{folder}/data",
            "JUPYTER_NO_CONFIG": "1",
            "JUPYTER_PREFER_ENV_PATH": "1",
        }
        try:
            yield NAME, f"{folder}/work"
        finally:
            os.environ.clear()
            os.environ.update(before)
