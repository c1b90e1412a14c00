"""A machine that means ill: dotfiles, variables and a locale that change or break whatever heeds them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
END = "import os\nos._exit(9)\n"  # what runs this file ends at once
# files below the home folder -> content
DOTFILES = {
    ".local/share/jupyter/kernels/python3/kernel.json": json.dumps(
        {"argv": ["/bin/false", "{connection_file}"], "display_name": "Python 3", "language": "python"}
    ),
    ".local/share/jupyter/nbconvert/templates/basic/conf.json": '{"base_template": null}',
    ".local/share/jupyter/nbconvert/templates/basic/index.html.j2": "spoiled",
    ".jupyter/jupyter_config.py": END,
    ".jupyter/jupyter_nbconvert_config.py": END,
    ".ipython/profile_default/ipython_config.py": END,
    ".ipython/profile_default/ipython_kernel_config.py": END,
    ".ipython/profile_default/startup/first.py": END,
    ".config/matplotlib/matplotlibrc": "font.size: 30\naxes.facecolor: red\nsavefig.bbox: tight\n",
    ".config/zarr/zarr.yaml": "default_zarr_format: 2\ncodecs:\n  crc32c: nowhere.Codec\n",
    ".config/dask/dask.yaml": "array:\n  backend: cupy\nscheduler: processes\n",
    f".local/lib/{PYTHON}/site-packages/usercustomize.py": END,
    "elsewhere/papermill.py": END,
    "elsewhere/safetensors.py": END,
    f"environment/lib/{PYTHON}/site-packages/pandas.py": END,
    "startup.py": END,
}
# the locale C as it is without Python's help
PLAIN = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
VARIABLES = {
    "ATEN_CPU_CAPABILITY": "default",
    "DASK_ARRAY__BACKEND": "cupy",
    "DNNL_DEFAULT_FPMATH_MODE": "ANY",
    "DNNL_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "NPY_DISABLE_CPU_FEATURES": "AVX2",
    "OMP_DYNAMIC": "true",
    "PANDAS_COPY_ON_WRITE": "0",
    "PYTORCH_JIT": "0",
    "SCIPY_ARRAY_API": "1",
    "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
    "NVIDIA_TF32_OVERRIDE": "1",
    "ZARR_DEFAULT_ZARR_FORMAT": "2",
    # as within another program's training
    "LOCAL_RANK": "1",
    "RANK": "3",
    "WORLD_SIZE": "4",
    "NODE_RANK": "1",
    "MASTER_ADDR": "nowhere.invalid",
    "MASTER_PORT": "1",
    "LT_DEVICES": "4",
    "PAIRLSI_TASK": "1",
    # as within salloc --ntasks=4
    "SLURM_JOB_ID": "7",
    "SLURM_JOB_NAME": "training",
    "SLURM_NTASKS": "4",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "nowhere",
    "MPLBACKEND": "module://nowhere",
    "JUPYTER_PLATFORM_DIRS": "0",
    "TQDM_GUI": "1",
} | PLAIN


def hostile(home: Path) -> dict[str, str]:
    """Put the dotfiles into the folder `home`, and return the environment of a process that lives there."""
    for name, content in DOTFILES.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    said = {
        "HOME": home,
        "IPYTHONDIR": home / ".ipython",
        "JUPYTER_CONFIG_DIR": home / ".jupyter",
        "JUPYTER_DATA_DIR": home / ".local/share/jupyter",
        "JUPYTER_PATH": home / ".local/share/jupyter",
        "MATPLOTLIBRC": home / ".config/matplotlib/matplotlibrc",
        "PYTHONPATH": home / "elsewhere",
        "PYTHONSTARTUP": home / "startup.py",
        "VIRTUAL_ENV": home / "environment",
    }
    if shutil.which("git"):
        as_nobody = ["git", "-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
        subprocess.run(["git", "init", "--quiet", home / "repository"], check=True)
        subprocess.run(
            [*as_nobody, "commit", "--quiet", "--allow-empty", "-m", "-"], cwd=home / "repository", check=True
        )
        said |= {"GIT_DIR": home / "repository/.git", "GIT_WORK_TREE": home / "repository"}
    return os.environ | VARIABLES | {name: str(path) for name, path in said.items()}


def latin(folder: Path) -> dict[str, str]:
    """Variables that set a locale in ISO-8859-1, made below `folder`; none where it cannot be made."""
    made = folder / "latin.ISO-8859-1"
    call = ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(made)]
    if not shutil.which("localedef") or subprocess.run(call, capture_output=True).returncode or not made.is_dir():
        return {}
    return PLAIN | {"LOCPATH": str(folder), "LC_ALL": made.name}
