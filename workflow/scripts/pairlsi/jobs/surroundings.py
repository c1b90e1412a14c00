"""What the environment of a user's shell may say to the jobs, and what not: all variables in one place, each with why.

Snakemake calls `settle` while it plans, on the machine that submits and again where a job starts, so that every job and
every process of a job inherits what is left. What is not named here passes: paths, proxies, Slurm's variables, those
that choose a GPU or a network. Dotfiles that no variable keeps away are refused where a library is imported: of Zarr
and dask in `store`, of Jupyter and IPython in `kernel`.
"""

import os
import re
import sys
from collections.abc import MutableMapping
from fnmatch import fnmatchcase

# patterns of names -> why they go
CLEARED = {
    # how numbers come out, to the last bit or worse
    "ATEN_*": "torch's choice of instructions",
    "BLIS_*": "a BLAS's threads and kernels",
    "BLOSC_*": "another codec than the one that an array names",
    "CUBLAS*": "cuBLAS's precision and work space",
    "CUDNN_*": "cuDNN's choice of algorithms",
    "DASK_*": "dask's configuration, of which a job sets the scheduler and the threads itself",
    "DNNL_*": "oneDNN's instructions and precision: DNNL_DEFAULT_FPMATH_MODE computes in bfloat16",
    "FSSPEC_*": "where Zarr's files are looked for",
    "GLIBC_TUNABLES": "the C library's instructions",
    "GOMP_*": "OpenMP's threads",
    "KMP_*": "OpenMP's threads and order of sums",
    "MKL_*": "MKL's instructions, order of sums and threads",
    "NPY_*": "NumPy's instructions; a feature that the processor lacks ends the import",
    "NUMEXPR_*": "threads of pandas",
    "NUMPY_*": "NumPy's experiments",
    "NVIDIA_TF32_OVERRIDE": "the precision of products on the GPU",
    "OMP_*": "OpenMP's threads: a job sets their number itself",
    "ONEDNN_*": "see DNNL",
    "OPENBLAS_*": "OpenBLAS's threads",
    "PANDAS_*": "how pandas behaves in other versions",
    "PYTORCH_*": "torch's compiler, caches and defaults",
    "SCIPY_*": "SciPy's kinds of arrays and types",
    "SKIMAGE_*": "scikit-image's back ends",
    "TORCH*": "torch's precision, algorithms, compiler and plug-ins; whether files of weights may run code",
    "XLA_*": "another device, or another precision",
    "ZARR_*": "Zarr's order, format, codecs and fill, of which a job sets the threads itself",
    # which processes belong to a training: Fabric's own, set when it starts them
    "GROUP_RANK": "a process of another program's training",
    "LOCAL_RANK": "a process of another program's training",
    "LOCAL_WORLD_SIZE": "a process of another program's training",
    "LT_*": "Fabric's devices and precision",
    "MASTER_ADDR": "where another program's processes meet",
    "MASTER_PORT": "where another program's processes meet",
    "NODE_RANK": "a process of another program's training",
    "PAIRLSI_*": "a process of another training of ours",
    "PL_*": "Lightning's seeds",
    "RANK": "a process of another program's training",
    "STANDALONE_PORT": "where another program's processes meet",
    "WORLD_SIZE": "a process of another program's training",
    # how Python starts
    "PYTHON*": "assertions left out, warnings made errors, files run first, packages of elsewhere, a prompt at the end",
    # what a report looks like, and whether it is made
    "IPYTHON*": "IPython's settings",
    "JUPYTER*": "kernels, templates and settings of the user's notebooks",
    "MATPLOTLIBRC": "sizes, fonts and colours of figures",
    "MPLBACKEND": "how figures are shown: the notebook's kernel knows",
    "NBCONVERT_*": "how notebooks become pages",
    "TRAITLETS_*": "whether a setting that is not known ends Jupyter",
    "TQDM_*": "arguments of every bar of progress",
    # which repository provenance speaks of: Git sets these in its hooks
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "another repository",
    "GIT_COMMON_DIR": "another repository",
    "GIT_DIR": "another repository",
    "GIT_INDEX_FILE": "another repository's files",
    "GIT_NAMESPACE": "another repository's branches",
    "GIT_OBJECT_DIRECTORY": "another repository",
    "GIT_PREFIX": "another folder",
    "GIT_WORK_TREE": "another repository's files",
}
# exceptions from these patterns: the user's to set, and but for the first two no result depends on them
KEPT = {
    "OPENBLAS_CORETYPE": "the processor, where OpenBLAS does not know it and would crash; last bits depend on it",
    "OPENBLAS_L2_SIZE": "the processor, where OpenBLAS does not know it and would crash",
    "PYTHONCOERCECLOCALE": "names of files are read alike by Snakemake and its jobs",
    "PYTHONUTF8": "names of files are read alike by Snakemake and its jobs",
    "PYTHONDONTWRITEBYTECODE": "where compiled modules are kept",
    "PYTHONPYCACHEPREFIX": "where compiled modules are kept",
    "PYTHONFAULTHANDLER": "what is said of a crash",
    "PYTHONUNBUFFERED": "when output appears",
    "PYTHONHOME": "where Python is installed",
    "PYTORCH_ALLOC_CONF": "how GPU memory is handed out",
    "PYTORCH_CUDA_ALLOC_CONF": "how GPU memory is handed out",
    "TORCH_NCCL_*": "the network between GPUs",
    "TQDM_DISABLE": "no bars",
    "TQDM_MININTERVAL": "how often a bar is drawn",
}
PINNED = {
    "MATPLOTLIBRC": os.devnull,  # matplotlib's own settings: with a file named here, ~/.config/matplotlib is not read
    "PYTHONHASHSEED": "0",  # sets have one order in all runs
    "PYTHONNOUSERSITE": "1",  # packages in the home folder belong to other programs
}


def settle(environment: MutableMapping[str, str]) -> None:
    """Clear and set variables in `environment`, for processes to come.

    PYTHONPATH stays where Python runs in no virtual environment: there it may be what finds all packages.
    """
    kept = list(KEPT) if sys.prefix != sys.base_prefix else [*KEPT, "PYTHONPATH"]
    for name in list(environment):
        if matches(name, CLEARED) and not matches(name, kept):
            del environment[name]
    environment.update(PINNED)


def matches(name: str, patterns) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def torn_apart(path: str) -> bool:
    """Whether a shell would not take `path` for one word where it stands without quotes."""
    return re.search(r"""[\s"'`$&;|<>()*?\[\]{}#\\]""", path) is not None
