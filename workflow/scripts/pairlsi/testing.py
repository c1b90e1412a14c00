"""One suite for all parts of a kind, a user's too: what every problem, observation, network and method has to hold.

Each check takes a part as a config would name it and raises AssertionError with a sentence. In a test of one's own:

    from pairlsi import problems, testing
    testing.check_problem(problems.create({"kind": "deblur.py"}))
"""

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from pairlsi import observations
from pairlsi.core.instances import Instance, instance
from pairlsi.data.statistics import Statistics
from pairlsi.methods import Given

COUNT = 4
COUNTS = dict.fromkeys(("train", "validation", "test", "ood"), COUNT)


def check_problem(problem) -> None:
    """Shapes, seeds, independence of samples; the adjoint and the gradient where there are any."""
    x, y = problem.draw("test", np.arange(COUNT), 3, COUNTS)
    for name, values, shape in (("x", x, problem.x_shape), ("y", y, problem.y_shape)):
        assert values.shape == (COUNT, *shape), f"draw gives {name} of shape {values.shape}, it says {(COUNT, *shape)}"
        assert values.dtype == np.float32, f"draw gives {name} as {values.dtype}, it should be float32"
        assert np.isfinite(values).all(), f"draw gives {name} that is not finite"
    some_x, some_y = problem.draw("test", np.array([2]), 3, COUNTS)
    same = np.array_equal(some_x[0], x[2]) and np.array_equal(some_y[0], y[2])
    assert same, "a sample depends on what else is drawn"
    for split, seed in (("test", 4), ("train", 3)):
        other = problem.draw(split, np.arange(COUNT), seed, COUNTS)[0]
        assert not np.array_equal(other, x), f"split {split} with seed {seed} has the samples of another"
    rows = problem.y_shape[problem.missing_axis - 1]
    assert rows == problem.missing_count, f"missing_count is {problem.missing_count}, the axis has {rows}"
    clean = problem.forward(x)
    assert clean.shape == y.shape, f"forward gives shape {clean.shape}, not {y.shape}"
    alone = np.concatenate([problem.forward(x[i : i + 1]) for i in range(COUNT)])
    assert np.allclose(alone, clean, rtol=1e-5, atol=1e-6 * np.abs(clean).max()), "forward mixes the samples of a batch"
    check_symmetries(problem, x)
    between = problem.sample_interval
    assert between is None or between > 0, f"sample_interval is {between}, it should be the seconds between samples"
    if problem.linear:
        check_adjoint(problem)
    if problem.differentiable:
        check_gradient(problem, x[:2])


def check_adjoint(problem) -> None:
    """⟨A x, y⟩ = ⟨x, Aᵀ y⟩ for random x and y."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((3, *shape)).astype(np.float32) for shape in (problem.x_shape, problem.y_shape))
    left, right = (np.sum(u.astype(float) * v) for u, v in ((problem.forward(x), y), (x, problem.adjoint(y))))
    assert abs(left - right) <= 1e-4 * max(abs(left), abs(right), 1e-30), f"⟨A x, y⟩ is {left}, ⟨x, Aᵀ y⟩ is {right}"


def check_symmetries(problem, x: np.ndarray) -> None:
    """Permutations, the identity first; data of turned x are turned data but for what a grid makes of it."""
    symmetries, clean = problem.symmetries, problem.forward(x).reshape(len(x), -1)
    for name, turns, entries in (("x", symmetries.x, x[0].size), ("y", symmetries.y, clean[0].size)):
        assert np.array_equal(np.sort(turns), np.tile(np.arange(entries), (len(turns), 1))), (
            f"no permutations of {name}"
        )
        assert np.array_equal(turns[0], np.arange(entries)), f"the first symmetry does not leave {name} as it is"
    for i, (of_x, of_y) in enumerate(symmetries):
        turned = problem.forward(x.reshape(len(x), -1)[:, of_x].reshape(x.shape)).reshape(len(x), -1)
        off = np.linalg.norm(turned - clean[:, of_y]) / np.linalg.norm(clean)
        assert off < 0.15, f"symmetry {i}: data of turned x differ from turned data by {off:.0%}"


def check_gradient(problem, x: np.ndarray) -> None:
    """`simulate` is `forward`, and its gradient that of differences."""
    import torch

    given = torch.from_numpy(x).double().requires_grad_(True)
    found = problem.simulate(given)
    clean = problem.forward(x)
    close = np.allclose(found.detach().numpy(), clean, rtol=1e-3, atol=1e-3 * np.abs(clean).max())
    assert close, "simulate and forward differ"
    direction = torch.randn(given.shape, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    (gradient,) = torch.autograd.grad((found * weights).sum(), given)
    step = 1e-5 * float(given.detach().abs().max())
    with torch.no_grad():
        ends = [float((problem.simulate(given + sign * step * direction) * weights).sum()) for sign in (1, -1)]
    wanted, slope = (ends[0] - ends[1]) / (2 * step), float((gradient * direction).sum())
    assert abs(slope - wanted) <= 0.05 * abs(wanted) + 1e-9, f"the gradient says {slope}, differences {wanted}"


def check_observation(one: Instance, problem) -> None:
    """Every draw at every level: an orthogonal projection as inference is told, repeatable, nested over levels."""
    rng = np.random.default_rng(0)
    y, other = rng.standard_normal((2, 3, *problem.y_shape)).astype(np.float32)
    numbers = np.arange(3)
    for draw in range(min(3, one.settings.draws)):
        before = None
        for level in one.part.levels(one.settings):
            seen = observations.made(observations.described(one, level), problem, draw)
            again = observations.made(observations.described(one, level), problem, draw)
            arrived = seen(y, "test", numbers)
            assert np.array_equal(arrived, again(y, "test", numbers)), f"{seen.name} is not the same twice"
            alone = np.concatenate([seen(y[i : i + 1], "test", numbers[i : i + 1]) for i in range(3)])
            assert np.array_equal(alone, arrived), f"{seen.name} mixes the samples of a batch"
            kept = seen.weights(numbers)
            assert np.array_equal(kept * arrived, arrived), f"{seen.name} gives data where it says that none arrive"
            left, right = np.vdot(kept * y, other), np.vdot(y, kept * other)
            assert abs(left - right) <= 1e-3 * max(abs(left), 1), f"the mask of {seen.name} is not its own adjoint"
            assert kept.any(axis=(1, 2, 3)).all(), f"{seen.name} leaves nothing"
            nested = before is None or (kept <= before).all()
            assert nested, f"{seen.name} keeps what a lesser level does not"
            before = kept


def check_network(part, said: dict, problem, observation=None) -> None:
    """Shapes, loss terms with gradients, independence of samples, weights that come back."""
    import torch

    settings = instance("networks", "tested", said, "networks.tested").settings
    torch.manual_seed(0)
    network = part.build(settings, problem, observation)
    x, y = (torch.from_numpy(u) for u in problem.draw("train", np.arange(6), 1, COUNTS))
    if part.closed_form or part.starts_in_closed_form(network):
        many = problem.draw("train", np.arange(60), 1, {**COUNTS, "train": 60})
        part.solve(network, *many, problem.symmetries)
    terms = network.loss_terms(x, y)
    assert set(terms) == set(network.weights), f"loss_terms gives {set(terms)}, weights are of {set(network.weights)}"
    assert all(bool(torch.isfinite(term).all()) for term in terms.values()), "a term of the loss is not finite"
    if not part.closed_form:
        moved = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=1e-3)
        for _ in range(2):  # what starts at zero passes gradients on after a step only
            terms = network.loss_terms(x, y)
            sum(network.weights[name] * term.mean() for name, term in terms.items()).backward()
            moved.step()
        still = [name for name, p in network.named_parameters() if p.requires_grad and not is_moved(p)]
        assert not still, f"no gradient reaches {', '.join(still)}"
    network = network.eval().requires_grad_(False)
    fresh = part.build(settings, problem, observation)
    fresh.load_state_dict(network.state_dict())
    for name, term in network.loss_terms(x, y).items():
        again = fresh.eval().loss_terms(x, y)[name]
        assert torch.allclose(again, term, rtol=1e-4, atol=1e-5), "weights that are loaded make another network"
    if "inversion" not in part.offers:
        return
    estimate = network.invert(y)
    assert estimate.shape == x.shape, f"invert gives shape {tuple(estimate.shape)}, x has {tuple(x.shape)}"
    alone = torch.cat([network.invert(y[i : i + 1]) for i in range(len(y))])
    assert torch.allclose(alone, estimate, rtol=1e-3, atol=1e-4), "invert mixes the samples of a batch"
    again = fresh.eval().invert(y)
    assert torch.allclose(again, estimate, rtol=1e-4, atol=1e-5), "weights that are loaded make another network"


def is_moved(parameter) -> bool:
    """Whether a gradient has reached it."""
    return parameter.grad is not None and bool(parameter.grad.any())


def check_method(one: Instance, problem, observation, network=None, starts=None, device: str = "cpu") -> None:
    """Estimates of each sample are its own: whatever lies beside it, in any order, twice the same; what did not arrive
    is never read.

    starts: estimates of another method on split "test", for those that start from one: "test/x" and "test/y";
    device: where the network is and the work is to be done.
    """
    x, y = problem.draw("test", np.arange(COUNT), 5, COUNTS)
    means = {"x": x.mean(0), "y": y.mean(0)}
    scalars = {
        n: {"mean": float(u.mean()), "std": float(u.std()), "pixel_std": float(u.std())}
        for n, u in zip("xy", (x, y), strict=True)
    }
    statistics = Statistics(scalars, means)

    def estimates(data: np.ndarray, numbers: np.ndarray, seen=observation):
        given = Given(problem, seen, statistics, "global", network, starts, device, batch_size=COUNT)
        method = one.part(one.settings, given)
        return method.estimate(seen(data, "test", numbers), "test", numbers).x

    numbers = np.arange(COUNT)
    whole, scale = estimates(y, numbers), max(float(np.abs(x).max()), 1e-30)
    close = SimpleNamespace(rtol=2e-2, atol=2e-3 * scale)
    assert whole.shape == x.shape, f"{one.name} gives shape {whole.shape}, x has {x.shape}"
    assert np.isfinite(whole).all(), f"{one.name} gives estimates that are not finite"
    assert np.array_equal(estimates(y, numbers), whole), f"{one.name} is not the same twice"
    alone = np.concatenate([estimates(y[i : i + 1], numbers[i : i + 1]) for i in range(COUNT)])
    assert np.allclose(alone, whole, **vars(close)), f"{one.name} mixes the samples of a batch"
    turned = estimates(y[::-1], numbers[::-1])[::-1]
    assert np.allclose(turned, whole, **vars(close)), f"{one.name} depends on the order of the samples"
    dirty = y + 1000 * scale * (1 - observation.mask.weights())
    assert np.array_equal(estimates(dirty, numbers), whole), f"{one.name} reads data that did not arrive"
    by_channel = copy.copy(observation)
    keep = np.tile(observation.mask.keep, (problem.y_shape[0], 1))
    by_channel.mask = replace(observation.mask, keep=keep)
    same = np.array_equal(estimates(y, numbers, by_channel), whole)
    assert same, f"{one.name} takes a mask of each channel, all alike, for another"
