"""The batched L-BFGS against torch.optim.LBFGS row by row, SciPy's L-BFGS-B, and its own promises."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))
from pairlsi.solvers.lbfgs import minimize

F64 = torch.float64


def reference(fun, x0, max_iter=10, history=10, max_evaluations=None, tolerance_grad=1e-7, tolerance_change=1e-9):
    """torch.optim.LBFGS on each row alone: x, loss, iterations, evaluations."""
    xs, fs, iterations, evaluations = [], [], [], []
    for i in range(len(x0)):
        row = torch.tensor([i])
        x = x0[i : i + 1].clone().requires_grad_(True)
        solver = torch.optim.LBFGS(
            [x],
            max_iter=max_iter,
            max_eval=max_evaluations,
            history_size=history,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            line_search_fn="strong_wolfe",
        )

        def closure(x=x, row=row, solver=solver):
            solver.zero_grad()
            loss = fun(x, row).sum()
            loss.backward()
            return loss

        solver.step(closure)
        state = solver.state[x]
        xs.append(x.detach()[0])
        with torch.no_grad():
            fs.append(float(fun(x, row)))
        iterations.append(state["n_iter"])
        evaluations.append(state["func_evals"])
    return torch.stack(xs), torch.tensor(fs, dtype=x0.dtype), torch.tensor(iterations), torch.tensor(evaluations)


def relative(a, b):
    """Largest difference of each row relative to the row's size."""
    return (a - b).abs().amax(1) / b.abs().amax(1)


def quadratics(n_rows=40, n=30, cond=1e4, dtype=F64, seed=0):
    gen = torch.Generator().manual_seed(seed)
    q, _ = torch.linalg.qr(torch.randn(n_rows, n, n, generator=gen, dtype=F64))
    scales = torch.logspace(0, -np.log10(cond), n, dtype=F64)
    matrix = ((q * scales) @ q.mT).to(dtype)
    target = torch.randn(n_rows, n, generator=gen, dtype=F64).to(dtype)
    x0 = (3 * torch.randn(n_rows, n, generator=gen, dtype=F64)).to(dtype)

    def fun(x, rows):
        r = x - target[rows]
        return 0.5 * ((matrix[rows] @ r[:, :, None]).squeeze(2) * r).sum(1)

    return fun, x0


# More, Garbow & Hillstrom, ACM TOMS 7 (1981) 17-41, each as (function, dimension, standard start, minimum)
def rosenbrock(x):
    return 100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2


def beale(x):
    return sum((c - x[:, 0] * (1 - x[:, 1] ** (i + 1))) ** 2 for i, c in enumerate((1.5, 2.25, 2.625)))


def helical_valley(x):
    theta = torch.atan2(x[:, 1], x[:, 0]) / (2 * np.pi)
    return 100 * ((x[:, 2] - 10 * theta) ** 2 + (x[:, :2].norm(dim=1) - 1) ** 2) + x[:, 2] ** 2


def powell_singular(x):
    a, b, c, d = x.unbind(1)
    return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4


def wood(x):
    a, b, c, d = x.unbind(1)
    return (
        100 * (b - a**2) ** 2
        + (1 - a) ** 2
        + 90 * (d - c**2) ** 2
        + (1 - c) ** 2
        + 10 * (b + d - 2) ** 2
        + 0.1 * (b - d) ** 2
    )


def brown_dennis(x):
    t = torch.arange(1, 21, dtype=x.dtype) / 5
    a, b, c, d = x[:, :, None].unbind(1)
    return (((a + t * b - t.exp()) ** 2 + (c + d * t.sin() - t.cos()) ** 2) ** 2).sum(1)


PROBLEMS = (
    (rosenbrock, 2, (-1.2, 1.0), 0.0),
    (beale, 2, (1.0, 1.0), 0.0),
    (helical_valley, 3, (-1.0, 0.0, 0.0), 0.0),
    (powell_singular, 4, (3.0, -1.0, 0.0, 1.0), 0.0),
    (wood, 4, (-3.0, -1.0, -3.0, -1.0), 0.0),
    (brown_dennis, 4, (25.0, 5.0, -5.0, -1.0), 85822.20162635),
)


def classics(starts=8, dtype=F64, spread=0.2, seed=1):
    """Another function in every row of one batch, unused unknowns last; the first start of each is the standard one."""
    gen = torch.Generator().manual_seed(seed)
    x0, kind = torch.zeros(starts * len(PROBLEMS), 4, dtype=F64), torch.arange(starts * len(PROBLEMS)) % len(PROBLEMS)
    for i, k in enumerate(kind.tolist()):
        _, n, start, _ = PROBLEMS[k]
        noise = torch.randn(n, generator=gen, dtype=F64) * (0 if i < len(PROBLEMS) else spread)
        x0[i, :n] = torch.tensor(start, dtype=F64) * (1 + noise) + noise
    x0 = x0.to(dtype)

    def fun(x, rows):
        loss = x.new_zeros(len(rows))
        for k, (function, n, _, _) in enumerate(PROBLEMS):
            at = (kind[rows] == k).nonzero().squeeze(1)
            if len(at):
                loss = loss.index_put((at,), function(x[at, :n]))
        return loss

    return fun, x0, kind


def rough(x, rows):
    """Kinks, waves and jumps."""
    return (x.abs() + torch.sin(20 * x) + 0.1 * x**2 + 0.3 * torch.sign(x)).sum(1) + (x[:, 0] * x[:, 1]).abs().sqrt()


def decoder_problem(n_rows=24, n=32, dtype=F64, seed=2):
    gen = torch.Generator().manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(n, 8 * 4 * 4),
        torch.nn.Tanh(),
        torch.nn.Unflatten(1, (8, 4, 4)),
        torch.nn.ConvTranspose2d(8, 6, 4, 2, 1),
        torch.nn.ELU(),
        torch.nn.ConvTranspose2d(6, 1, 4, 2, 1),
    ).to(dtype)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=gen, dtype=F64) * (0.3 if p.ndim > 1 else 0.05))
        truth = net(torch.randn(n_rows, n, generator=gen, dtype=F64).to(dtype))
    mask = (torch.rand(truth.shape, generator=gen) < 0.4).to(dtype)
    data = mask * (truth + 0.05 * torch.randn(truth.shape, generator=gen, dtype=F64).to(dtype))

    def fun(x, rows):
        return ((mask[rows] * net(x) - data[rows]) ** 2).flatten(1).sum(1)

    return fun, (0.3 * torch.randn(n_rows, n, generator=gen, dtype=F64)).to(dtype)


@pytest.mark.parametrize("max_iter", [1, 2, 5, 10])
def test_quadratics_agree_with_torch(max_iter):
    fun, x0 = quadratics()
    x, f, iterations, evaluations = reference(fun, x0, max_iter)
    r = minimize(fun, x0, max_iter=max_iter)
    assert relative(r.x, x).max() < 1e-8
    torch.testing.assert_close(r.fun, f, rtol=1e-8, atol=0)
    assert torch.equal(r.iterations, iterations)
    assert torch.equal(r.evaluations, evaluations)
    assert (r.iterations <= max_iter).all()


@pytest.mark.parametrize("history", [1, 3, 10])
def test_history_wraps_as_in_torch(history):
    fun, x0 = quadratics(n_rows=20, cond=100)
    x, _, iterations, evaluations = reference(fun, x0, 20, history)
    r = minimize(fun, x0, max_iter=20, history=history)
    assert relative(r.x, x).max() < 1e-6
    assert torch.equal(r.iterations, iterations)
    assert torch.equal(r.evaluations, evaluations)


@pytest.mark.parametrize("budget", [None, 2, 5, 60])
def test_classics_agree_with_torch(budget):
    fun, x0, _ = classics()
    x, f, iterations, evaluations = reference(fun, x0, 10, max_evaluations=budget)
    r = minimize(fun, x0, max_iter=10, max_evaluations=budget)
    # a search cut off while its step still grows: torch forgets the last but one point, we keep the best
    worse = r.fun < f * (1 - 1e-9)
    assert worse.sum() <= 2
    assert ((r.x - x).abs().amax(1) <= 1e-7 * (1 + x.abs().amax(1)))[~worse].all()
    torch.testing.assert_close(r.fun[~worse], f[~worse], rtol=1e-6, atol=1e-10)
    assert torch.equal(r.iterations, iterations)
    assert torch.equal(r.evaluations, evaluations)


def test_rejected_pairs_and_small_gradients_as_in_torch():
    """s'y falls below the threshold on the way, and the 1-norm of the first gradient is below 1."""
    fun, x0 = quadratics(n_rows=20, cond=10)

    def small(x, rows):
        return 0.02 * fun(x, rows)

    options = {"max_iter": 25, "tolerance_grad": 0.0, "tolerance_change": 1e-14}
    x, f, iterations, evaluations = reference(small, x0, **options)
    r = minimize(small, x0, **options)
    assert relative(r.x, x).max() < 1e-12
    torch.testing.assert_close(r.fun, f, rtol=1e-8, atol=0)
    assert torch.equal(r.iterations, iterations)
    assert torch.equal(r.evaluations, evaluations)


@pytest.mark.parametrize(("steps", "tolerance_change"), [(None, 1e-9), (50.0, 1e-9), (1.0, 1e-3)])
def test_rough_functions_agree_with_torch(steps, tolerance_change):
    """Waves and jumps make the line searches zoom; rounding the loss (not the gradient) makes ties in them."""
    x0 = 4 * torch.randn(40, 4, generator=torch.Generator().manual_seed(6), dtype=F64)

    def fun(x, rows):
        loss = rough(x, rows)
        return loss if steps is None else loss + ((steps * loss).round() / steps - loss).detach()

    options = {"tolerance_change": tolerance_change, "max_evaluations": 40}
    x, f, iterations, evaluations = reference(fun, x0, **options)
    r = minimize(fun, x0, **options)
    # waves amplify rounding: rarely a row goes another way
    same = relative(r.x, x) < 1e-6
    assert same.double().mean() > 0.94
    torch.testing.assert_close(r.fun[same], f[same], rtol=1e-6, atol=1e-9)
    assert (r.iterations == iterations).double().mean() > 0.94
    assert (r.evaluations == evaluations).double().mean() > 0.94


def test_line_searches_over_waves_agree_with_torch():
    """One or two line searches along each of many random waves: every branch of bracketing and zoom is met."""
    gen = torch.Generator().manual_seed(7)
    rows, waves = 300, 5
    height = torch.rand(rows, waves, generator=gen, dtype=F64) * 10 ** (-torch.arange(waves, dtype=F64) / 4)
    number = 3.0 ** torch.arange(waves) * 0.05 * (1 + torch.rand(rows, waves, generator=gen, dtype=F64))
    phase = 6 * torch.rand(rows, waves, generator=gen, dtype=F64)
    grain = torch.tensor([0.0, 0.2, 0.02])[torch.arange(rows) % 3]  # two thirds with a rounded loss: ties

    def fun(x, at):
        loss = (height[at] * torch.sin(number[at] * x + phase[at])).sum(1)
        g = grain[at]
        return torch.where(g > 0, loss + (g * (loss / g.clamp(min=0.01)).round() - loss).detach(), loss)

    x0 = 4 * torch.randn(rows, 1, generator=gen, dtype=F64)
    x, f, iterations, evaluations = reference(fun, x0, 2, max_evaluations=16)
    r = minimize(fun, x0, max_iter=2, max_evaluations=16)
    assert ((r.x - x).abs() < 1e-6 * (1 + x.abs())).double().mean() > 0.99
    assert (r.evaluations == evaluations).double().mean() > 0.99
    assert torch.equal(r.iterations, iterations)


def parabolas(falls):
    """Losses (R,) that along their gradient fall by the parts `falls` (R,) of their value of 1 at x0 (R, 2)."""
    floor, x0 = 1 - falls, torch.stack([falls.sqrt(), torch.zeros_like(falls)], 1)

    def fun(x, rows):
        return x.square().sum(1) + floor[rows]

    return fun, x0


def test_known_to_be_positive_a_loss_is_led_down_by_the_first_step_wherever_there_is_some_way_to_go():
    falls = torch.tensor([0.14, 0.3, 0.6, 0.9, 1.0, 0.12, 0.05], dtype=F64)
    fun, x0 = parabolas(falls)
    r = minimize(fun, x0, max_iter=1, max_evaluations=10, lower_bound=0.0)
    assert r.evaluations.tolist() == [2] * 5 + [3] * 2  # 13 % is where the line search has to look twice
    step = falls.sqrt() - r.x[:, 0]
    torch.testing.assert_close(step[:5], 1 / (4 * falls[:5].sqrt()))  # (1 - 0) / (2 |gradient|²) |gradient|
    higher = minimize(lambda x, rows: fun(x, rows) + 7, x0, max_iter=1, max_evaluations=10, lower_bound=7.0)
    torch.testing.assert_close(higher.x, r.x)


def test_a_bound_above_the_loss_does_no_harm():
    fun, x0 = quadratics(n_rows=6)
    wrong = minimize(fun, x0, lower_bound=float(fun(x0, torch.arange(6)).max()) + 1)
    torch.testing.assert_close(wrong.x, minimize(fun, x0).x)


def test_with_many_unknowns_a_first_step_of_the_right_scale_saves_an_iteration():
    fun, x0 = decoder_problem(n=256)
    bounded, torchs = (minimize(fun, x0, lower_bound=bound) for bound in (0.0, None))
    assert bounded.fun.mean() < torchs.fun.mean() and bounded.evaluations.sum() < torchs.evaluations.sum()


def test_classics_reach_the_minimum_as_scipy():
    from scipy.optimize import minimize as scipy_minimize

    fun, x0, kind = classics(starts=3, spread=0.05)  # near enough for both to stay in the same valley
    tolerances = {"tolerance_grad": 1e-9, "tolerance_change": 1e-14}
    r = minimize(fun, x0, max_iter=400, history=20, max_evaluations=1000, **tolerances)
    for i, k in enumerate(kind.tolist()):
        function, n, _, minimum = PROBLEMS[k]

        def both(z, function=function):
            t = torch.tensor(z[None], requires_grad=True)
            loss = function(t).sum()
            loss.backward()
            return loss.item(), t.grad[0].numpy()

        other = scipy_minimize(both, x0[i, :n].numpy(), jac=True, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-8})
        assert other.fun == pytest.approx(minimum, rel=1e-8, abs=1e-9), function.__name__
        assert r.fun[i].item() == pytest.approx(minimum, rel=1e-8, abs=1e-9), function.__name__
        if function is not powell_singular:  # singular Hessian: the loss fixes the point only weakly
            np.testing.assert_allclose(r.x[i, :n].numpy(), other.x, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [(F64, 1e-8), (torch.float32, 2e-3)])
def test_decoder_agrees_with_torch(dtype, tolerance):
    fun, x0 = decoder_problem(dtype=dtype)
    x, f, iterations, evaluations = reference(fun, x0)
    r = minimize(fun, x0)
    assert r.x.dtype == r.fun.dtype == r.grad.dtype == dtype
    assert relative(r.x, x).max() < tolerance
    torch.testing.assert_close(r.fun, f, rtol=tolerance, atol=0)
    assert (r.iterations == iterations).float().mean() > 0.9
    assert (r.evaluations == evaluations).float().mean() > 0.9


def test_float32_is_as_good_as_torch():
    fun, x0 = quadratics(dtype=torch.float32)
    _, f, iterations, evaluations = reference(fun, x0)
    r = minimize(fun, x0)
    torch.testing.assert_close(r.fun, f, rtol=1e-2, atol=0)
    assert (r.iterations == iterations).float().mean() > 0.9
    assert (r.evaluations == evaluations).float().mean() > 0.9


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_reported_values_belong_to_the_reported_point(dtype):
    fun, x0, _ = classics(dtype=dtype)
    before = x0.clone()
    r = minimize(fun, x0, max_iter=7)
    rows = torch.arange(len(x0))
    x = r.x.clone().requires_grad_(True)
    loss = fun(x, rows)
    loss.sum().backward()
    rtol = 1e-12 if dtype == F64 else 1e-5
    torch.testing.assert_close(r.fun, loss.detach(), rtol=rtol, atol=rtol)
    torch.testing.assert_close(r.grad, x.grad, rtol=100 * rtol, atol=100 * rtol)
    assert not r.x.requires_grad
    assert torch.equal(x0, before)


def test_rows_do_not_depend_on_their_company():
    fun, x0 = decoder_problem()
    whole = minimize(fun, x0)
    order = torch.randperm(len(x0), generator=torch.Generator().manual_seed(3))
    for chosen in (order, torch.arange(5), torch.cat([order, order[:7]]), order[:1]):
        part = minimize(lambda x, rows, chosen=chosen: fun(x, chosen[rows]), x0[chosen])
        assert relative(part.x, whole.x[chosen]).max() < 1e-9
        assert torch.equal(part.iterations, whole.iterations[chosen])
        assert torch.equal(part.evaluations, whole.evaluations[chosen])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("first", [0, 3])
def test_a_row_that_is_not_finite_leaves_the_others_alone(value, first):
    """From evaluation `first` on, the losses of rows 2 and 5 are not finite, and with them their gradients."""
    fun, x0 = decoder_problem()
    clean = minimize(fun, x0)
    calls = torch.zeros(len(x0), dtype=torch.long)

    def spoilt(x, rows):
        bad = ((rows == 2) | (rows == 5)) & (calls[rows] >= first)
        calls[rows] += 1
        return fun(x, rows) * torch.where(bad, value, 1.0)

    r = minimize(spoilt, x0)
    others = torch.ones(len(x0), dtype=torch.bool)
    others[[2, 5]] = False
    assert relative(r.x, clean.x)[others].max() < 1e-10
    assert torch.equal(r.evaluations[others], clean.evaluations[others])
    assert torch.isfinite(r.x).all()
    for i in (2, 5):
        assert not r.converged[i]
        assert "not finite" in r.message[i]
    if first:
        start = fun(x0, torch.arange(len(x0))).detach()
        assert torch.isfinite(r.fun).all()
        assert torch.isfinite(r.grad).all()
        assert (r.fun < start).all()
    else:
        assert torch.equal(r.x[~others], x0[~others])
        assert (r.iterations[~others] == 0).all()
        assert (r.evaluations[~others] == 1).all()


def test_a_wall_is_backed_away_from():
    """The loss is infinite beyond a wall that the second step would cross; the minimum lies short of it."""

    def fun(x, rows):
        return (-torch.log(1 - x) - 5 * x).sum(1)

    r = minimize(fun, torch.tensor([[0.0], [0.5], [-30.0]], dtype=F64), max_iter=60, tolerance_change=1e-14)
    torch.testing.assert_close(r.x, torch.full((3, 1), 0.8, dtype=F64), rtol=1e-6, atol=0)
    assert r.converged.all()


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("max_iter", [1, 3, 40])
def test_never_worse_than_the_start(dtype, max_iter):
    gen = torch.Generator().manual_seed(4)
    x0 = (4 * torch.randn(200, 6, generator=gen, dtype=F64)).to(dtype)

    def rough(x, rows):  # kinks, waves and jumps
        return (x.abs() + torch.sin(20 * x) + 0.1 * x**2 + 0.3 * torch.sign(x)).sum(1) + (
            x[:, 0] * x[:, 1]
        ).abs().sqrt()

    r = minimize(rough, x0, max_iter=max_iter)
    assert (r.fun <= rough(x0, torch.arange(200))).all()
    torch.testing.assert_close(r.fun, rough(r.x, None), rtol=1e-5, atol=1e-5)
    assert (r.iterations <= max_iter).all()
    assert (r.evaluations <= max_iter * 5 // 4 + 1).all()


def test_stopped_rows_are_not_evaluated():
    """The rows seen by the function give each row's evaluations; the batches are as many as the slowest row needs."""
    fun, x0 = quadratics(cond=3.0)
    x0[::4] *= 1e-4
    x0[7] = 0.0
    calls, sizes = torch.zeros(40, dtype=torch.long), []

    def counted(x, rows):
        assert rows.dtype == torch.int64
        assert x.shape == (len(rows), x0.shape[1])
        assert torch.equal(rows, rows.unique())
        calls[rows] += 1
        sizes.append(len(rows))
        return fun(x, rows)

    r = minimize(counted, x0, max_iter=60)
    assert torch.equal(calls, r.evaluations)
    assert len(sizes) == r.evaluations.max()
    assert sizes == sorted(sizes, reverse=True)
    assert r.evaluations.unique().numel() > 1
    assert r.converged.all()


def test_a_row_at_its_minimum_stops_at_once():
    def fun(x, rows):
        return (x**2).sum(1)

    r = minimize(fun, torch.tensor([[0.0, 0.0], [1.0, 2.0]], dtype=F64))
    assert r.evaluations[0] == 1
    assert r.iterations[0] == 0
    assert r.converged.all()
    assert all("tolerance_grad" in m for m in r.message)
    assert r.x[1].abs().max() < 1e-7


def test_messages_tell_why_a_row_stopped():
    fun, x0 = quadratics(n_rows=3)
    assert all("max_iter" in m for m in minimize(fun, x0, max_iter=3, max_evaluations=99).message)
    assert all("max_evaluations" in m for m in minimize(fun, x0, max_iter=50, max_evaluations=5).message)
    assert all("tolerance_change" in m for m in minimize(fun, x0, max_iter=50, tolerance_change=1e-1).message)

    def uphill(x, rows):  # the gradient has the wrong sign: no step can lower the loss
        return (2 * x.detach() - x).square().sum(1) + 0 * x.sum(1)

    r = minimize(uphill, torch.ones(2, 3, dtype=F64))
    assert all("no lower point" in m for m in r.message)
    assert not r.converged.any()
    assert torch.equal(r.x, torch.ones(2, 3, dtype=F64))


def test_callback_sees_every_iteration():
    fun, x0, _ = classics()
    seen = torch.zeros(len(x0), dtype=torch.long)
    last = torch.full((len(x0),), torch.inf, dtype=F64)

    def callback(rows, iterations, x, loss):
        assert torch.equal(iterations, seen[rows] + 1)
        assert (loss <= last[rows]).all()
        seen[rows] = iterations
        last[rows] = loss

    r = minimize(fun, x0, callback=callback)
    assert torch.equal(seen, r.iterations)
    assert torch.equal(last, r.fun)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gradients_may_be_off_outside(mode):
    fun, x0 = quadratics(n_rows=5)
    expected = minimize(fun, x0)
    with mode():
        r = minimize(fun, x0)
        assert not torch.is_grad_enabled()
    assert torch.equal(r.x, expected.x)


def test_parameters_get_no_gradient():
    layer = torch.nn.Linear(3, 4).double()
    minimize(lambda z, rows: (layer(z) - 1).square().sum(1), torch.zeros(2, 3, dtype=F64))
    assert layer.weight.grad is None


def test_no_rows():
    r = minimize(lambda x, rows: x.sum(1), torch.zeros(0, 3))
    assert r.x.shape == (0, 3)
    assert r.fun.shape == r.converged.shape == (0,)
    assert r.message == []


@pytest.mark.gpu
def test_cuda_agrees_with_the_cpu():
    fun, x0 = quadratics()
    expected = minimize(fun, x0)
    r = minimize(lambda x, rows: fun(x.cpu(), rows.cpu()).to(x.device), x0.cuda())
    assert relative(r.x.cpu(), expected.x).max() < 1e-8
    assert torch.equal(r.evaluations.cpu(), expected.evaluations)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"x0": torch.zeros(3)}, "x0"),
        ({"x0": torch.zeros(2, 3, 4)}, "x0"),
        ({"x0": torch.zeros(2, 0)}, "x0"),
        ({"x0": torch.zeros(2, 3, dtype=torch.int64)}, "x0"),
        ({"x0": torch.tensor([[0.0, float("nan")]])}, "x0"),
        ({"x0": np.zeros((2, 3))}, "x0"),
        ({"max_iter": 0}, "max_iter"),
        ({"history": 0}, "history"),
        ({"max_evaluations": 0}, "max_evaluations"),
        ({"tolerance_grad": -1.0}, "tolerance_grad"),
        ({"tolerance_change": float("nan")}, "tolerance_change"),
        ({"fun": lambda x, rows: x.square().sum()}, "fun"),
    ],
)
def test_wrong_arguments_are_named(change, named):
    arguments = {"fun": lambda x, rows: x.square().sum(1), "x0": torch.ones(2, 3), **change}
    with pytest.raises(ValueError, match=named):
        minimize(arguments.pop("fun"), arguments.pop("x0"), **arguments)
