"""What the tests share: their order, why some are skipped, a clone, a small disk, a small CT problem, a linear PAIR.

Imported at the top is what every machine has that tests a GPU: see `make gpu`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from clone import Clone

LATE = ("slow", "slurm", "gpu")  # markers, in the order in which they run, after all unmarked tests
# first among those: at the end no core waits for another
LONG = ("test_workflow.py", "test_tiny.py", "test_slurm.py", "test_slurm_run.py", "test_reruns.py", "test_faults.py")


def pytest_configure():
    gc.set_threshold(100_000, 20, 100)  # torch, pandas and what is collected stay: there is little to find


def pytest_collection_modifyitems(items):
    def order(item):
        late = max((LATE.index(mark.name) + 1 for mark in item.iter_markers() if mark.name in LATE), default=0)
        return late > 0, LONG.index(item.path.name) if item.path.name in LONG else len(LONG), late

    items.sort(key=order)
    for item in items:
        if item.get_closest_marker("slurm") and lacks_slurm():
            item.add_marker(pytest.mark.skip(reason=f"Slurm is not installed: no {', '.join(lacks_slurm())}"))
        if item.get_closest_marker("gpu") and not has_gpu():
            item.add_marker(pytest.mark.skip(reason="torch finds no CUDA device"))


@pytest.fixture(params=["pretend", pytest.param("real", marks=pytest.mark.gpu)])
def gpu(request):
    """A context in which there is a GPU; it gives the pretend one, or None."""
    from pretend import Cuda

    return Cuda(2) if request.param == "pretend" else contextlib.nullcontext()


def lacks_slurm() -> list[str]:
    import slurm_cluster

    return slurm_cluster.missing()


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def ct_settings() -> dict:
    return {
        "kind": "ct",
        "image_size": 16,
        "angles": 12,
        "detector_bins": None,
        "noise_level": 0.01,
        "oversampling": 2,
        "source": {"kind": "phantoms"},
    }


@pytest.fixture(scope="session")
def ct_problem(ct_settings):
    from pairlsi import problems

    return problems.create(ct_settings)


@pytest.fixture(scope="session")
def make_split():
    """Write arrays x and y (N, C, H, W) as the dataset at a path, shard by shard."""
    import dask.array

    from pairlsi.data import store

    def make(path, x, y, shard_size):
        store.create(path, len(x), {"x": x.shape[1:], "y": y.shape[1:]}, shard_size, {})
        for shard in range(store.shards(len(x), shard_size)):
            rows = slice(shard * shard_size, (shard + 1) * shard_size)
            store.write_shard(path, shard, [dask.array.from_array(u[rows].astype(np.float32)) for u in (x, y)])
        return path

    return make


@pytest.fixture(scope="session")
def ct_data(tmp_path_factory, ct_problem, make_split):
    """A folder with simulated CT data: train.zarr of 48 samples, validation.zarr of 16, shards of 8."""
    folder = tmp_path_factory.mktemp("ct_data")
    counts = {"train": 48, "validation": 16}
    for split, count in counts.items():
        make_split(folder / f"{split}.zarr", *ct_problem.draw(split, np.arange(count), 3, counts), shard_size=8)
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Clone:
    """A clone on which the whole workflow has run; one for all processes that test side by side, not to be changed."""
    from clone import Clone
    from filelock import FileLock

    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "finished"
    with FileLock(f"{folder}.lock"):
        if folder.is_dir():
            return Clone.at(folder)
        clone = Clone(tmp_path_factory.mktemp("workflow") / "clone")
        clone.snakemake()
        return Clone.at(clone.folder.rename(folder))


@pytest.fixture
def clone(finished, tmp_path) -> Clone:
    """A copy of the finished clone, with what Snakemake remembers of it, to change as one likes."""
    return finished.copy(tmp_path / "copy")


@pytest.fixture(scope="session")
def cluster():
    """A Slurm on this host, for the tests alone."""
    from slurm_cluster import Cluster

    with Cluster() as cluster:
        yield cluster


class SmallDisk:
    """A disk of so many kilobytes at `folder`, in memory."""

    def __init__(self, folder: Path, kilobytes: int):
        self.folder, self.ballast = folder, folder / "ballast"
        call = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        try:
            done = subprocess.run(call, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("a full disk needs mount, which is not here")
        if done.returncode:
            pytest.skip(f"a full disk needs a tmpfs, which may not be mounted here: {done.stderr.strip()}")

    def fill(self) -> None:
        with open(self.ballast, "wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            while True:
                file.write(bytes(4096))

    def make_space(self) -> None:
        self.ballast.unlink()


@pytest.fixture
def small_disk():
    """Mount a `SmallDisk` at a folder for the time of a test; skipped where that is not permitted."""
    disks = []

    def mount(folder: Path, kilobytes: int) -> SmallDisk:
        disks.append(SmallDisk(folder, kilobytes))
        return disks[-1]

    yield mount
    for disk in disks:
        subprocess.run(["umount", str(disk.folder)], check=True)


@pytest.fixture(scope="session")
def linear_pair():
    """The optimal linear PAIR (METHOD.md, "Linear theory") as a class with the interface of `PairedAutoencoder`."""
    import torch

    class LinearPair(torch.nn.Module):
        """Made from A (m, n) and the second moments Γ_x, Γ_ε; all float64, its matrices kept as attributes.

        x has shape (N, 1, 1, n), y has shape (N, *y_shape). encoder_gain != 1 spoils e_y, so that (9) does not start
        at its solution.
        """

        def __init__(self, a, moment_x, moment_noise, latent_x, latent_y, y_shape, encoder_gain=1.0):
            super().__init__()
            moment_y = a @ moment_x @ a.T + moment_noise
            (s_x, u_x), (s_y, u_y) = leading(moment_x, latent_x), leading(moment_y, latent_y)
            self.y_shape, self.moment_y = y_shape, moment_y
            self.u_x, self.u_y, self.m = u_x, u_y, u_y.T @ a @ u_x
            self.m_inverse = np.diag(s_x) @ u_x.T @ a.T @ u_y @ np.diag(1 / s_y)
            self.encoder_gain = encoder_gain
            self.y_scaling = torch.nn.Module()
            self.y_scaling.scale = torch.tensor(0.01, dtype=torch.float64)  # far from 1, and tight tolerances
            self.left_y = torch.zeros((), dtype=torch.float64)

        def encode_x(self, x):
            return x.flatten(1) @ torch.from_numpy(self.u_x)

        def encode_y(self, y):
            return self.encoder_gain * y.flatten(1) @ torch.from_numpy(self.u_y)

        def distribution_y(self, y):
            return self.encode_y(y), y.new_zeros(len(y), self.u_y.shape[1])

        def decode_x(self, z):
            return (z @ torch.from_numpy(self.u_x.T)).unflatten(1, (1, 1, -1))

        def decode_y(self, z):
            return (z @ torch.from_numpy(self.u_y.T)).unflatten(1, self.y_shape)

        def forward_map(self, z):
            return z @ torch.from_numpy(self.m.T)

        def inverse_map(self, z):
            return z @ torch.from_numpy(self.m_inverse.T)

    return LinearPair


@pytest.fixture(scope="session")
def infer():
    """Latent space inference from data to estimate, from the encoded data: x, y and iterations of a batch."""
    import torch
    from made import make_method

    @dataclass
    class Found:
        x: torch.Tensor
        y: torch.Tensor
        iterations: torch.Tensor

    def infer(network, y, keep, space, iterations, history) -> Found:
        name, mask = {"y": "lsi", "x": "lsi-zx"}[space], SimpleNamespace(weights=keep.numpy)
        said = {"iterations": iterations, "history": history}
        observation = SimpleNamespace(mask=mask, name="", draw=0)
        method = make_method(name, said, None, observation, ({}, {}), network)
        with torch.no_grad():
            found = method.follow(y, method.begin(y, y.new_zeros(len(y), 1, 1), None), iterations, 0.0, None)
            points = found.points[-1]
            return Found(method.decoded(points), method.completed(points), found.iterations)

    return infer


def leading(moment: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues of a symmetric matrix, descending, and their eigenvectors as columns."""
    values, vectors = np.linalg.eigh(moment)
    return values[::-1][:rank], vectors[:, ::-1][:, :rank].copy()
