"""Training and inference on a GPU give what they give on the CPU: on a pretend GPU bit for bit, on a real one nearly.

The cases "real" run where there is a CUDA device, by `make gpu` on machines that lack much of the workflow's software
too: what a case needs is imported in it, and where that is missing the case is skipped.
"""

import contextlib
import json
import logging
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pretend import Cuda, place, put, tensors_in

from pairlsi.networks.autoencoders import PairedAutoencoder
from pairlsi.solvers.latent_search import latent_space_inference
from pairlsi.solvers.lbfgs import minimize
from pairlsi.solvers.objectives import Objective

RESIDUAL = {"kind": "residual", "latent": 6, "width": 4, "stem": 2, "strides": [2], "norm": "batch"}
PYRAMID = {"kind": "pyramid", "latent": 4, "width": 4, "stem": 1, "strides": [2, 1], "norm": "none", "layers": 1}
PYRAMID |= {"rates": [1, 2]}
MASKED = {"mask": "random-25-0", "mask_seed": 7}
SPECS = {
    "ct": {"x": RESIDUAL, "y": RESIDUAL, "weights": [1, 1, 1, 1], "latent": [6, 6], "centre": "pixel", **MASKED},
    "crosswell": {"x": PYRAMID, "y": PYRAMID, "weights": [1] * 4, "divergence": [0.01] * 2, "latent": [6, 6]},
}
SPECS["crosswell"]["centre"] = "global"
WIDE = RESIDUAL | {"latent": 5, "stem": 1, "norm": "none"}
PAIRED = {"ct": "pair", "crosswell": "vpae"}
CROSSWELL = {"kind": "crosswell", "rows": 16, "columns": 16, "spacing": 10.0, "mean_velocity": 2150.0}
CROSSWELL |= {"contrast": 650.0, "sources_per_well": 2, "receivers_per_well": 10, "peak_frequency": 22.0}
CROSSWELL |= {"time_step": 0.00135, "steps": 180, "keep_every": 6, "pml_width": 6, "noise_level": 0.01}
TRAINING = {"seeds": [0], "epochs": 2, "batch_size": 8, "learning_rate": 0.01, "warmup": 0.2, "buffer_samples": 16}
TRAINING |= {"precision": "32-true"}
SEARCH = {"iterations": 3, "stop": "validation"}
PRIOR = SEARCH | {"start": "interpolated", "misfit": "huber", "regulariser": "mahalanobis", "weights": [0.01, 0.1]}
SIMULATION = SEARCH | {"samples": {"validation": 2, "test": 2, "ood": 2}}
# what a config says of methods: of all examples, and of one
METHODS = {
    "pair": {},
    "lsi": SEARCH,
    "lsi-zx": SEARCH,
    "lsi-prior": PRIOR,
    "interpolate": {},
    "linear": {"kind": "pair", "network": "linear"},
    "linear-lsi": {},
    "linear-estimate": {"lengths": [2, 4]},
    "mean": {},
    "encdec-random": {"kind": "encoder-decoder"},
    "cgls": {"iterations": 4},
    "tv": {"iterations": 4, "weights": [0.5, 1.0]},
    "dip": {"iterations": 4, "width": 2},
    "epll": {"weights": [0.3, 1.0], "widths": [0.5, 0.1], "products": 2},
    "cgls-mean": {"kind": "cgls", "start": "mean", "iterations": 4},
    "cgls-completed": {"kind": "cgls", "completed_by": "lsi-prior", "iterations": 4},
    "mlsi": SIMULATION,
    "mlsi-lsi": SIMULATION | {"kind": "mlsi", "start": "lsi"},
    "fwi": SIMULATION | {"roughness": [0.3]},
    "fwi-lsi": SIMULATION | {"kind": "fwi", "start": "lsi", "roughness": [0.3]},
}
OF_EXAMPLE = {
    ("ct", "lsi-refined"): {"kind": "cgls", "start": "lsi-prior", "iterations": 4},
    ("crosswell", "lsi-refined"): SIMULATION | {"kind": "mlsi", "start": "lsi-prior"},
    ("crosswell", "lsi"): SEARCH | {"members": 2},
}


@pytest.fixture(autouse=True)
def one_thread():
    """What is computed here is too little for more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def assert_alike(found, wanted, exactly: bool, tolerance: float = 0.01) -> None:
    """Tensors or arrays of another device are equal: bit for bit on a pretend one, by their norm on a real one."""
    found, wanted = (u.cpu().numpy() if isinstance(u, torch.Tensor) else np.asarray(u) for u in (found, wanted))
    if exactly or found.dtype.kind not in "fc":
        assert np.array_equal(found, wanted, equal_nan=found.dtype.kind == "f")
    else:
        assert np.linalg.norm(found - wanted) <= tolerance * np.linalg.norm(wanted)


# --- what needs torch alone


def paired(kind: dict, x_shape, y_shape) -> torch.nn.Module:
    """A paired autoencoder of a problem with these shapes, ready for inference."""
    torch.manual_seed(0)
    return PairedAutoencoder(x_shape, y_shape, kind, kind).eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("kind", "space", "misfit"),
    [(RESIDUAL, "y", "squared"), (RESIDUAL, "x", "squared"), (PYRAMID, "y", "weighted")],
    ids=["frozen-y", "frozen-x", "pyramid"],
)
def test_latent_space_inference_ends_at_the_same_points(gpu, kind, space, misfit):
    # in double precision: in single, a step more in one line search parts the paths of two devices by per cents
    network, y = paired(kind, (1, 16, 16), (1, 12, 20)).double(), torch.randn(5, 1, 12, 20).double()
    keep = torch.ones(1, 12, 1).double()
    keep[:, [2, 5, 6]] = 0

    def search(device):
        on = network.to(device, memory_format=torch.channels_last)
        observed, kept = (keep * y).to(device), keep.to(device)
        prior = on.latent_mean, on.latent_whitening
        regulariser = "mahalanobis" if space == "y" else "tikhonov"
        objective = Objective(misfit, regulariser, 0.1, torch.ones(5, device=device).double(), prior)
        start = on.encode_y(observed) if space == "y" else on.inverse_map(on.encode_y(observed))
        return latent_space_inference(on, observed, kept, start, space, 6, 10, objective=objective).points

    wanted = search("cpu")
    with gpu as pretended:
        found = search("cuda")
        assert found.is_cuda
        assert_alike(found, wanted, bool(pretended), tolerance=1e-6)


def test_the_solver_waits_for_the_device_twice_a_round():
    scales = torch.linspace(1, 30, 40).reshape(8, 5)
    for callback in (None, lambda *_: None):
        with Cuda() as device:
            on, rounds = scales.to("cuda"), []

            def fun(x, rows, on=on, rounds=rounds):
                rounds.append(len(x))
                return (on[rows] * (x - 1).square()).sum(1) + x.pow(4).sum(1)

            found = minimize(fun, torch.zeros(8, 5, device="cuda"), callback=callback)
            assert bool(found.converged.any()) and len(rounds) > 5
            # beside the rounds: the check of the start, the rows that stopped there, what is reported in the end, here
            assert len(device.synchronisations) <= (1 if callback is None else 2) * len(rounds) + 5


# --- what needs the software of the workflow


def needs(name: str):
    """Import a module, or skip the test with what is missing."""
    return pytest.importorskip(name, exc_type=ImportError)


@pytest.fixture(scope="module")
def ct(request, tmp_path_factory):
    """(problem, folder with data and statistics) of the CT example."""
    needs("pairlsi.data.store")
    problem, data = (request.getfixturevalue(name) for name in ("ct_problem", "ct_data"))
    folder = tmp_path_factory.mktemp("ct")
    shutil.copytree(data / "train.zarr", folder / "train.zarr")
    for split in ("validation", "test"):
        pairs = problem.draw(split, np.arange(4), 3, {split: 4})
        request.getfixturevalue("make_split")(folder / f"{split}.zarr", *pairs, 4)
    return problem, described(folder)


@pytest.fixture(scope="module")
def crosswell(request, tmp_path_factory):
    """The same of the seismic example."""
    needs("pairlsi.data.store")
    from pairlsi import problems

    problem, folder = problems.create(CROSSWELL), tmp_path_factory.mktemp("crosswell")
    for split, count in (("train", 24), ("validation", 4), ("test", 4)):
        pairs = problem.draw(split, np.arange(count), 3, {})
        request.getfixturevalue("make_split")(folder / f"{split}.zarr", *pairs, 8)
    return problem, described(folder)


@pytest.fixture(params=["ct", "crosswell"])
def example(request):
    """(name, problem, folder) of each example."""
    return request.param, *request.getfixturevalue(request.param)


def described(folder: Path) -> Path:
    from pairlsi.data import store

    scalars, means = store.statistics(folder / "train.zarr")
    np.savez(folder / "mean.npz", **means)
    (folder / "statistics.json").write_text(json.dumps(scalars), encoding="utf-8")
    return folder


def train(example, name: str, checkpoint: Path, device: str, at=None, draws: bool = False):
    """What the script train.py does; returns weights, history, and what it describes. at: batch before a SIGTERM."""
    from made import make_network
    from test_training import DisturbedBatches

    from pairlsi.data.batches import Batches
    from pairlsi.data.statistics import read_statistics
    from pairlsi.networks import latent_prior, latents
    from pairlsi.networks import stored as kept
    from pairlsi.training import loop as training
    from pairlsi.training.settings import Training

    problem, folder = example
    spec = SPECS[problem.kind]
    torch.manual_seed(0)
    network = make_network(name, spec, problem)
    kept.fit_scaling(network, read_statistics(folder), spec["centre"])
    if draws:  # the numbers that the CPU would draw
        torch.cuda.set_rng_state(torch.get_rng_state())
    data = DisturbedBatches(folder / "train.zarr", 8, 16, 0)
    data.at, data.number = at, signal.SIGTERM
    validation = Batches(folder / "validation.zarr", 256, 16, 0, incomplete=True)
    settings = Training(**TRAINING, device=device)
    best, history = training.train(network, data, validation, settings, checkpoint, "")
    network.load_state_dict(best)
    told = {}
    if name in PAIRED.values():
        latent_prior.fit(network, data)
        told = latents.describe(network, validation) if name == "vpae" else {}
    kept.save(network, checkpoint.with_name("weights.safetensors"))
    loaded = kept.load(make_network(name, spec, problem), checkpoint.with_name("weights.safetensors"))
    return loaded.state_dict(), [{k: v for k, v in row.items() if k != "seconds"} for row in history], told


def assert_same_training(found, wanted, exactly: bool) -> None:
    if exactly:  # else Adam amplifies what rounding makes of small gradients: single weights differ, losses hardly
        for key, value in wanted[0].items():
            assert_alike(found[0][key], value, exactly)
    for a, b in zip((*found[1], found[2]), (*wanted[1], wanted[2]), strict=True):
        for key, value in b.items():
            assert_alike(a[key], value, exactly, 0.05)


DRAWING = ("vpae", "encdec-fresh", "fbp-unet", "primal-dual")  # random numbers in training


@pytest.mark.slow
@pytest.mark.parametrize("name", ["paired", "encdec-random", "encdec-fresh", "fbp-unet", "primal-dual"])
def test_training_gives_the_same_network_also_after_an_interruption_and_on_another_device(
    gpu, example, name, tmp_path, monkeypatch, caplog
):
    caplog.set_level(logging.INFO)
    key, *example = example
    if name in ("encdec-random", "fbp-unet", "primal-dual") and key == "crosswell":
        pytest.skip("the seismic example has no such networks")
    name = PAIRED[key] if name == "paired" else name
    folders = [tmp_path / place for place in ("cpu", "gpu", "again", "moved", "second")]
    for folder in folders:
        folder.mkdir()
    cpu, whole, again, moved, second = (folder / "checkpoint.pt" for folder in folders)
    wanted = train(example, name, cpu, "cpu")
    with gpu as pretended:
        draws = bool(pretended)
        if draws or name not in DRAWING:  # a real GPU draws other numbers
            assert_same_training(train(example, name, whole, "cuda", draws=draws), wanted, draws)
        else:
            wanted = train(example, name, whole, "cuda")
        with pytest.raises(SystemExit):
            train(example, name, again, "cuda", at=(1, 1), draws=draws)
        for checkpoint in (moved, second):
            shutil.copy(again, checkpoint)
        assert_same_training(train(example, name, again, "cuda"), wanted, draws)
    if name in DRAWING:
        return
    # elsewhere there may be no GPU, or it has another number
    assert_same_training(train(example, name, moved, "cpu"), wanted, draws)
    if pretended:
        with pretended:
            on_the_second(monkeypatch)
            assert_same_training(train(example, name, second, "cuda"), wanted, draws)
    for checkpoint in (again, moved, second)[: 2 + draws]:
        assert f"resumed from {checkpoint}: epoch 2, batch 2" in caplog.text


def on_the_second(monkeypatch) -> None:
    """Let training start as in the second of two processes, whose GPU is the second."""
    from lightning_fabric import Fabric

    from pairlsi.training import loop as training
    from pairlsi.training.processes import Processes

    monkeypatch.setattr(training, "start", lambda settings: Processes(Fabric(accelerator="cuda", devices=[1])))


def test_no_step_of_training_waits_for_the_device(ct_data, ct_problem, tmp_path, monkeypatch):
    from test_training import run

    from pairlsi.training import loop as training

    with Cuda() as device:
        seen, steps = [], training.steps_of_epoch

        def counted(*given):
            for found in steps(*given):
                seen.append(len(device.synchronisations))
                yield found

        monkeypatch.setattr(training, "steps_of_epoch", counted)
        run(ct_data, ct_problem, tmp_path / "checkpoint.pt", device="cuda", epochs=1, buffer_samples=100)
        assert len(seen) == 6 and len(set(seen)) == 1
        assert len(device.synchronisations) > seen[-1]  # the look at the losses at the end of the epoch


ON_GPU = {
    "ct": ("pair", "lsi", "lsi-zx", "lsi-prior", "interpolate", "encdec-random", "dip"),
    "crosswell": ("pair", "lsi", "lsi-prior", "lsi-refined", "interpolate", "mlsi", "mlsi-lsi", "fwi", "fwi-lsi"),
}
ON_CPU = {
    "ct": (
        "lsi-refined",
        "linear",
        "linear-lsi",
        "linear-estimate",
        "mean",
        "cgls",
        "cgls-mean",
        "cgls-completed",
        "tv",
    ),
    "crosswell": ("linear-lsi", "linear-estimate", "mean"),
}


def settings_of(key: str, method: str) -> dict:
    """What the config says of a method."""
    return OF_EXAMPLE.get((key, method), METHODS.get(method))


def said_of(key: str, method: str, device: str) -> dict:
    """What a job is told of a method, as the rules put it together."""
    said = settings_of(key, method)
    seen = {"name": "random", "kind": "random", "percents": [25], "seed": 7}
    told = {"method": {"kind": method, **said}, "observation": seen, "draws": 2, "kept": 2, "scaling": "pixel"}
    searches = "iterations" in said and not said.get("kind", method).startswith(("cgls", "tv"))
    return told | {"splits": ["validation", "test"], "device": device, "batch_size": 4 if searches else 3}


def start_of(key: str, method: str) -> str | None:
    said = settings_of(key, method)
    start = said.get("completed_by") or said.get("start")
    return start if start in METHODS or start == "lsi-refined" else None


def network_for(key: str, method: str) -> str | None:
    kind = settings_of(key, method).get("kind", method)
    if kind in ("cgls", "tv", "dip", "mean", "fwi"):
        return None
    return method if kind == "encoder-decoder" else "linear" if method.startswith("linear") else PAIRED[key]


@pytest.fixture(scope="module")
def trained(request, tmp_path_factory):
    """Example and network -> the file of its weights; a start is as good as the end here."""
    from made import make_network, network_said

    from pairlsi.data import store
    from pairlsi.data.batches import Batches
    from pairlsi.data.statistics import read_statistics
    from pairlsi.networks import latent_prior, linear_fit
    from pairlsi.networks import stored as kept

    made = {}

    def make(key: str, name: str) -> str:
        if (key, name) not in made:
            problem, folder = request.getfixturevalue(key)
            torch.manual_seed(1)
            network = make_network(name, SPECS[key], problem)
            kept.fit_scaling(network, read_statistics(folder), SPECS[key]["centre"])
            if name == "linear":
                linear_fit.fit_samples(network, *(store.read(folder / "train.zarr", part) for part in store.ARRAYS))
            elif name in PAIRED.values():
                latent_prior.fit(network, Batches(folder / "train.zarr", 8, 100, 0))
            path = tmp_path_factory.mktemp(key) / name / "seed-0" / "weights.safetensors"
            path.parent.mkdir(parents=True)
            kept.save(network, path)
            told = {"params": {"network": network_said(name, SPECS[key])}}
            path.with_name("settings.json").write_text(json.dumps(told), encoding="utf-8")
            made[key, name] = str(path)
        return made[key, name]

    return make


@pytest.fixture(scope="module")
def estimated(request, trained, tmp_path_factory):
    """Run one method on the CPU, once: (rows of its metrics, folder of its estimates)."""
    made = {}

    def estimate(key: str, method: str):
        if (key, method) not in made:
            path = tmp_path_factory.mktemp("estimates") / f"{method}.zarr"
            made[key, method] = run(request.getfixturevalue(key), key, method, "cpu", trained, estimate, path), path
        return made[key, method]

    return estimate


def run(example, key: str, method: str, device: str, trained, estimated, path: Path) -> list[dict]:
    from pairlsi.evaluation import inference

    problem, folder = example
    names = {"experiment": key, "method": method, "case": "random-25", "seed": "0"}
    told = {"wildcards": names, "params": {"problem": problem.said, "method": said_of(key, method, device)}}
    network, start = network_for(key, method), start_of(key, method)
    weights = trained(key, network) if network else None
    return inference.run(told, weights, str(estimated(key, start)[1]) if start else None, folder, path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "method", "device"),
    [(key, name, "cuda") for key, names in ON_GPU.items() for name in names]
    + [(key, name, "cpu") for key, names in ON_CPU.items() for name in names],
)
def test_every_method_gives_the_same_estimates_and_metrics(gpu, key, method, device, request, tmp_path):
    needs("test_training")
    import zarr

    made, estimated = (request.getfixturevalue(name) for name in ("trained", "estimated"))
    example = request.getfixturevalue(key)
    if network_for(key, method):
        made(key, network_for(key, method))
    wanted, stored = estimated(key, method)
    with gpu as pretended, simulates_on(pretended):
        found = run(example, key, method, device, made, estimated, tmp_path / "found.zarr")
        if pretended:
            assert (pretended.operations_done > 0) == (device == "cuda")
    # on a real one rounding may change what is chosen on the validation split: the errors say that all is well
    for a, b in zip(found, wanted, strict=True):
        assert a["rre"] == b["rre"] if pretended else a["rre"] == pytest.approx(b["rre"], rel=0.2)
        for name, value in b.items() if pretended else ():
            assert name == "seconds" or isinstance(value, str) or np.array_equal(a[name], value, equal_nan=True), name
    here, there = (zarr.open_group(folder, mode="r") for folder in (tmp_path / "found.zarr", stored))
    for name, array in there["test"].arrays():
        assert here["test"][name].shape == array.shape and np.isfinite(here["test"][name][:]).all()
        assert not pretended or np.array_equal(here["test"][name][:], array[:])


def simulates_on(pretended: Cuda | None):
    """Let deepwave take tensors of the pretend device, for which it has no kernels."""
    if pretended is None:
        return contextlib.nullcontext()
    import deepwave

    scalar = deepwave.scalar

    class Kernel(torch.autograd.Function):
        @staticmethod
        def forward(ctx, velocity, given, found):
            places = {place(tensor) for tensor in tensors_in(velocity, given)}
            if len(places) > 1:
                raise RuntimeError(f"deepwave was given tensors on {places}")
            ctx.device = places.pop()
            with pretended.hidden(), torch.enable_grad():
                ctx.velocity = velocity.detach().requires_grad_()
                ctx.out = scalar(ctx.velocity, *given[0], **given[1])
                amplitudes = put(ctx.out.receiver_amplitudes.detach().clone(), ctx.device)
            found.append(ctx.out)
            return amplitudes

        @staticmethod
        def backward(ctx, gradient):
            with pretended.hidden():
                (found,) = torch.autograd.grad(ctx.out.receiver_amplitudes, ctx.velocity, gradient)
                return put(found, ctx.device), None, None

    def simulate(velocity, *given, **named):
        found = []
        amplitudes = Kernel.apply(velocity, (given, named), found)
        return SimpleNamespace(receiver_amplitudes=amplitudes, info=found[0].info)

    context = pytest.MonkeyPatch.context()
    patch = context.__enter__()
    patch.setattr(deepwave, "scalar", simulate)
    return contextlib.closing(SimpleNamespace(close=lambda: context.__exit__(None, None, None)))


@pytest.fixture
def ct_folder(request):
    """(problem, data) of the CT example, as the tests of training have them."""
    needs("test_training")
    return tuple(request.getfixturevalue(name) for name in ("ct_problem", "ct_data"))


@pytest.mark.gpu
def test_training_runs_on_a_gpu_and_resumes_there(ct_folder, tmp_path):
    from test_training import run

    problem, data = ct_folder
    network, _, history = run(data, problem, tmp_path / "checkpoint.pt", device="cuda", epochs=8)
    assert next(network.parameters()).is_cuda
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert len(run(data, problem, tmp_path / "checkpoint.pt", device="cuda", epochs=8)[2]) == 8


@pytest.fixture
def little_gpu_memory():
    """A quarter of a gigabyte of the device for this process, beyond what it has already."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 2**28) / total)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


@pytest.mark.gpu
def test_inference_on_a_gpu_with_little_memory_ends_with_the_same_numbers(ct_folder, little_gpu_memory, caplog):
    from made import make_mask, make_method

    problem, _ = ct_folder
    network = paired(WIDE | {"width": 64, "strides": [1, 2]}, problem.x_shape, problem.y_shape).cuda()
    y = np.random.default_rng(0).standard_normal((4096, *problem.y_shape)).astype(np.float32)
    mask = make_mask("random-25-0", problem.missing_count, problem.missing_axis, 7)
    given = {"network": network, "device": "cuda"}
    estimators = [make_method("pair", {}, problem, mask, ({}, {}), batch_size=size, **given) for size in (64, 4096)]
    wanted = estimators[0](y, "test")
    assert "out of memory" not in caplog.text
    found = estimators[1](y, "test")
    assert "out of memory with 4096 samples at once: going on with 2048" in caplog.text
    # kernels on a GPU round to ten bits, each in its own way
    assert np.linalg.norm(found.x - wanted.x) < 0.01 * np.linalg.norm(wanted.x)


@pytest.mark.gpu
def test_training_on_a_gpu_with_little_memory_stops_with_the_setting_to_change(ct_folder, little_gpu_memory, tmp_path):
    from test_memory import train as train_for_an_epoch

    from pairlsi.jobs import memory

    problem, data = ct_folder
    network = paired(WIDE | {"width": 256, "strides": [1, 1]}, problem.x_shape, problem.y_shape)
    with pytest.raises(memory.OutOfMemory, match=r"set training\.batch_size to less than 48"):
        train_for_an_epoch(network, problem, data, tmp_path, batch_size=48, device="cuda")
