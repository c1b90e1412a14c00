"""One suite for all parts of a kind: every part of the package, and those of the docs, found by name or by path."""

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made import ROOT
from pretend import Cuda

from pairlsi import observations, problems, testing
from pairlsi.core import parts
from pairlsi.core.errors import ConfigError
from pairlsi.core.instances import instance
from pairlsi.networks import latent_prior

OWN_PROBLEM = str(ROOT / "docs" / "own-problem" / "deblur.py")
OWN_METHOD = str(ROOT / "docs" / "own-method" / "fill.py")
RESIDUAL = {"kind": "residual", "latent": 5, "width": 4, "stem": 1, "strides": [2], "norm": "none"}
# what a kind has to be told at least
SAID = {
    "lsi": {"iterations": 3},
    "lsi-zx": {"iterations": 3},
    "lsi-prior": {"iterations": 3, "weights": [0.1]},
    "lsi-robust": {"iterations": 3, "weights": [0.1]},
    "cgls": {"iterations": 3},
    "sirt": {"iterations": 3},
    "tv": {"iterations": 3, "weights": [1]},
    "dip": {"iterations": 3, "width": 4},
    "epll": {"weights": [1.0], "widths": [1.0, 0.3], "products": 2},
    "mlsi": {"iterations": 2},
    "fwi": {"iterations": 2, "roughness": [0.1]},
    "random": {"percents": [25, 50], "draws": 3, "seed": 1},
    **dict.fromkeys(("block", "limited", "scattered"), {"percents": [25, 50], "draws": 3, "seed": 1}),
}
WHERE = ["here", pytest.param("on a pretend device", marks=pytest.mark.slow)]
NETWORKS = {
    "paired": {"x": RESIDUAL, "y": RESIDUAL},
    "encoder-decoder": {"x": RESIDUAL, "y": RESIDUAL},
    "linear": {"latent": [5, 5]},
    "patches": {"size": 2, "components": 2, "drawn": 40, "iterations": 2},
    "postprocessing": {"width": 4},
    "primal-dual": {"iterations": 1, "width": 4, "memory": 2},
}
PRINCIPAL = {"kind": "principal", "latent": 5, "encoder_width": 0, "width": 4}
ON_COMPONENTS = {kind: {"x": PRINCIPAL, "y": PRINCIPAL} for kind in ("paired", "encoder-decoder")}
OF_DATA = {"x": RESIDUAL, "y": PRINCIPAL | {"width": 0}, "inverse": RESIDUAL}
ROOMS = ("problems", "observations", "networks", "methods", "reports.sections")


def problem_called(kind: str):
    return problems.create({"kind": kind, **parts.find("problems", kind).small()})


@pytest.fixture(scope="module")
def linear():
    return problem_called("linear")


@pytest.mark.parametrize("room", ROOMS)
def test_every_part_says_what_it_is_and_every_key_of_its_settings_has_a_description(room):
    assert parts.kinds(room)
    for kind in parts.kinds(room):
        part = parts.find(room, kind)
        assert part.kind == kind and part.description.endswith("."), kind
        assert part.label or room == "reports.sections", kind
        for key, field in part.Settings.model_fields.items():
            assert field.description, f"{room}/{kind}: {key}"


def test_listing_the_parts_imports_nothing_heavy():
    import subprocess
    import sys

    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "workflow/scripts")!r})
from pairlsi.core import parts
for room in {ROOMS}:
    parts.kinds(room)
heavy = {{"torch", "astra", "deepwave", "matplotlib", "scipy", "pandas", "zarr"}} & set(sys.modules)
sys.exit(", ".join(heavy) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", [*parts.kinds("problems"), OWN_PROBLEM])
def test_a_problem_holds_what_problems_hold(kind):
    testing.check_problem(problem_called(kind))


@pytest.mark.parametrize("kind", parts.kinds("observations"))
@pytest.mark.parametrize("problem", ["linear", "crosswell", OWN_PROBLEM])
def test_an_observation_holds_what_observations_hold(kind, problem):
    one = instance("observations", "seen", {"kind": kind, **SAID.get(kind, {})}, "observations.seen")
    place = SimpleNamespace(problem=problem_called(problem))
    if not one.part.unfit(one.settings, place):
        testing.check_observation(one, place.problem)


@pytest.mark.parametrize("problem", ["linear", OWN_PROBLEM])
@pytest.mark.parametrize(
    ("kind", "said"),
    [*((kind, NETWORKS.get(kind)) for kind in parts.kinds("networks")), *ON_COMPONENTS.items(), ("paired", OF_DATA)],
)
def test_a_network_holds_what_networks_hold(kind, said, problem):
    testing.check_network(parts.find("networks", kind), {"kind": kind, **said}, problem_called(problem))


def network_of(part, problem, on_components=False):
    """A network that offers what a method wants, ready for inference; None where it wants none."""
    if part.wants is None:
        return None
    kind = part.wants if part.wants in ("linear", "patches") else "paired"
    given = ON_COMPONENTS[kind] if on_components else NETWORKS[kind]
    said = instance("networks", "network", {"kind": kind, **given}, "networks.network")
    torch.manual_seed(0)
    network = said.part.build(said.settings, problem, None)
    x, y = problem.draw("train", np.arange(60), 1, {"train": 60})
    if kind == "paired":
        for scaling, u in ((network.x_scaling, x), (network.y_scaling, y)):
            scaling.scale.fill_(float(u.std()))
    if said.part.closed_form or on_components:
        said.part.solve(network, x, y, problem.symmetries)
    if on_components:
        torch.nn.init.normal_(network.y_decoder.correction.output.weight, std=0.05)
    if kind == "paired":
        latent_prior.fit(network, SimpleNamespace(epoch=lambda number: [(None, torch.from_numpy(y))]))
    return network.eval().requires_grad_(False)


METHODS = [
    (kind, problem)
    for kind in [*parts.kinds("methods"), OWN_METHOD]
    for problem in ("linear", "crosswell", OWN_PROBLEM)
    if (problem != "crosswell" or kind == "mlsi")  # waves are dear: one search with the simulation will do
    and not (parts.find("methods", kind).linear and problem == "crosswell")
    and not (parts.find("methods", kind).differentiable and problem == "linear")
]


@pytest.mark.parametrize(("kind", "problem"), METHODS)
@pytest.mark.parametrize("where", WHERE)
def test_a_method_holds_what_methods_hold(kind, problem, where):
    problem = problem_called(problem)
    one = instance("methods", "tested", {"kind": kind, **SAID.get(kind, {})}, "methods.tested")
    seen = {"name": "random", "kind": "random", "percents": [25], "seed": 1}
    observation, network = observations.made(seen, problem, 0), network_of(one.part, problem)
    if where == "here":
        testing.check_method(one, problem, observation, network)
        return
    if not one.part.on_gpu or problem.kind == "crosswell":
        pytest.skip("a GPU has nothing to do for it, or deepwave has no kernels for a pretend one: see test_gpu")
    with Cuda() as device:
        on = network.to("cuda") if network is not None else None
        testing.check_method(one, problem, observation, on, device="cuda")
        assert device.operations_done > 0


@pytest.mark.parametrize("where", WHERE)
def test_inversion_band_by_band_holds_what_methods_hold(where):
    problem = problem_called(OWN_PROBLEM)
    problem.sample_interval = 0.01  # so that its signals are records
    said = {"kind": "fwi", "iterations": 4, "roughness": [0.1], "bands": [15.0, None]}
    one = instance("methods", "tested", said, "methods.tested")
    seen = {"name": "random", "kind": "random", "percents": [25], "seed": 1}
    with Cuda() if where != "here" else contextlib.nullcontext():
        device = "cpu" if where == "here" else "cuda"
        testing.check_method(one, problem, observations.made(seen, problem, 0), device=device)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("kind", ["pair", "lsi", "lsi-zx", "lsi-prior"])
def test_a_method_holds_it_on_principal_components_too(kind, where, linear):
    said = SAID.get(kind, {}) | ({"misfit": "weighted"} if kind == "lsi-prior" else {})
    one = instance("methods", "tested", {"kind": kind, **said}, "methods.tested")
    observation = observations.made({"name": "random", "kind": "random", "percents": [25], "seed": 1}, linear, 0)
    network = network_of(one.part, linear, on_components=True)
    if where == "here":
        testing.check_method(one, linear, observation, network)
        return
    with Cuda() as device:
        testing.check_method(one, linear, observation, network.to("cuda"), device="cuda")
        assert device.operations_done > 0


def test_a_part_that_breaks_what_its_kind_holds_is_found(linear):
    class Mixing(parts.find("methods", "mean")):
        label = "mixing"

        def estimate(self, y, split, numbers):
            found = super().estimate(y, split, numbers)
            return type(found)(found.x + y.mean())

    one = instance("methods", "mean", {}, "methods.mean")._replace(part=Mixing)
    seen = observations.made({"name": "none", "kind": "none"}, linear, 0)
    with pytest.raises(AssertionError, match="mixes the samples of a batch"):
        testing.check_method(one, linear, seen)

    class Skewed(type(linear)):
        label = "skewed"

        def adjoint(self, y):
            return 1.01 * super().adjoint(y)

    with pytest.raises(AssertionError, match="⟨A x, y⟩"):
        testing.check_problem(Skewed(linear.settings))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nowhere_to_be_found", "cannot be imported: ModuleNotFoundError"),
        ("x = 1", "has no class with a label derived from pairlsi.methods.Method"),
        (
            "from pairlsi.methods import Method\nclass A(Method):\n  label = 'a'\nclass B(Method):\n  label = 'b'\n",
            "has several parts, A, B: one to a file",
        ),
    ],
)
def test_a_file_that_is_no_part_is_named(tmp_path, text, said):
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as raised:
        parts.find("methods", str(file))
    assert str(file) in str(raised.value)
