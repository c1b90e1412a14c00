"""L-BFGS over many small independent problems at once, one batched evaluation per round.

Every row of ``x`` is a minimisation of its own: its own curvature pairs, its own strong Wolfe line search, its own
stop. A round evaluates the pending trial point of every row still running, whatever its iteration or phase, so the
number of batched evaluations is the largest number that any one row needs. Rules and constants are those of
``torch.optim.LBFGS(lr=1, line_search_fn="strong_wolfe")`` run for one ``step()`` on the row alone, but for the length
of the very first step where the loss is known to be bounded below: torch's knows no scale, and with hundreds of
unknowns it is so short that an iteration goes into finding one.

Source: Nocedal & Wright, Numerical Optimization, 2nd ed. (2006): line search Alg. 3.5, zoom Alg. 3.6, cubic step
eq. 3.59, two-loop recursion Alg. 7.4, scaling eq. 7.20. First step: Polyak, doi:10.1016/0041-5553(69)90061-5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import torch
from torch import Tensor

from pairlsi.solvers.line_search import search

__all__ = ["Result", "minimize"]

_MIN_CURVATURE = 1e-10  # a pair with a smaller s'y would make the inverse Hessian huge or indefinite
_RUNNING, _START, _GRADIENT, _STEP, _VALUE, _SLOPE, _FAILED, _NONFINITE, _ITERATIONS, _EVALUATIONS = range(10)
_MESSAGES = (
    "running",
    "loss or gradient not finite at the start",
    "largest gradient entry within tolerance_grad",
    "largest step entry within tolerance_change",
    "change of the loss below tolerance_change",
    "directional derivative within tolerance_change of zero",
    "line search found no lower point; stopped at the best point seen",
    "loss or gradient not finite in the line search; stopped at the best finite point",
    "max_iter reached",
    "max_evaluations reached",
)
_REPORTED = ("x", "f", "g", "iterations", "evaluations", "code")


@dataclass
class Result:
    """Outcome of :func:`minimize`, on the device of ``x0``; iterations and evaluations count as torch's do."""

    x: Tensor  # (N, n), the best point of each row
    fun: Tensor  # (N,), its loss
    grad: Tensor  # (N, n), its gradient
    iterations: Tensor  # (N,), int64
    evaluations: Tensor  # (N,), int64
    converged: Tensor  # (N,), bool, stopped by a tolerance
    message: list[str]  # N, why each row stopped


def minimize(
    fun: Callable[[Tensor, Tensor], Tensor],
    x0: Tensor,
    *,
    max_iter: int = 10,
    history: int = 10,
    lower_bound: float | None = None,
    tolerance_grad: float = 1e-7,
    tolerance_change: float = 1e-9,
    max_evaluations: int | None = None,
    callback: Callable[[Tensor, Tensor, Tensor, Tensor], None] | None = None,
) -> Result:
    """Minimise ``fun`` over each row of ``x0`` (N, n), float32 or float64, independently.

    fun: called as ``fun(x, rows)`` with x (A, n), the trial points of the A rows still running, and rows (A,), int64,
        their indices in x0 (ascending); returns their losses (A,). Loss a may depend on x[a] only. Differentiated by
        autograd with respect to x alone; gradients are enabled for it even if the caller has turned them off.
    max_iter: most iterations (line searches) of a row.
    history: most curvature pairs kept for a row; memory is about 3 * N * min(history, max_iter) * n numbers.
    lower_bound: what no loss can be below, 0 for sums of squares. Where it is given, the first step tried is half of
        Polyak's, (loss - lower_bound) / (2 |gradient|^2) times the gradient: were the loss a parabola along it, the
        line search would take that at once wherever the parabola falls by 13 % or more of the way to the bound.
        None: torch's, of length 1 at most in the 1-norm, and all points that are met are torch's.
    tolerance_grad: a row stops when its largest absolute gradient entry is at most this (loss per unit of x).
    tolerance_change: a row stops when its largest absolute step entry is at most this (unit of x), when its loss
        changes by less than this (unit of the loss), or when its directional derivative is above minus this.
    max_evaluations: evaluations of a row, default ``max_iter * 5 // 4``; as in torch, a line search under way may
        exceed it by one.
    callback: called after a round as ``callback(rows, iterations, x, fun)`` with the rows that ended an iteration.

    A trial point with a loss or gradient that is not finite counts as an infinite loss and the line search halves
    its bracket. A row never ends above its start, except one not finite there, which is returned as it came.

    Raises ValueError naming the argument for an x0 that is not 2-D, floating and finite, a count below 1, a
    negative tolerance, or a fun that returns another shape than (A,).
    """
    counts = (("max_iter", max_iter, 1), ("history", history, 1), ("max_evaluations", max_evaluations, 1))
    _check(x0, (*counts, ("tolerance_grad", tolerance_grad, 0), ("tolerance_change", tolerance_change, 0)))
    limit = max_iter * 5 // 4 if max_evaluations is None else max_evaluations
    # inference mode is left as well: enable_grad alone cannot record a graph inside it
    with torch.inference_mode(False), torch.no_grad():
        w = _start(
            fun, x0.detach().clone(), min(history, max(1, max_iter - 1)), lower_bound, tolerance_grad, tolerance_change
        )
        out = SimpleNamespace(**{name: getattr(w, name).clone() for name in _REPORTED})
        _retire(out, w)
        rounds = 0
        while w.rows.numel():
            rounds += 1
            f_new, g_new = _evaluate(fun, torch.addcmul(w.x, w.t[:, None], w.d), w.rows)
            ended = search(w, f_new, g_new, limit)
            _iterate(w, ended, rounds, limit, max_iter, tolerance_grad, tolerance_change)
            if callback is not None:
                # a device is waited for here and in _retire: indices rather than a mask, which would wait at each use
                ended = ended.nonzero().squeeze(1)
                finished = w.iterations - (w.trials == 0).long()  # a row that goes on is in its next iteration already
                if len(ended):
                    callback(w.rows[ended], finished[ended], w.x[ended], w.f[ended])
            _retire(out, w)
        converged = (out.code >= _GRADIENT) & (out.code <= _SLOPE)
        message = [_MESSAGES[code] for code in out.code.tolist()]
        return Result(out.x, out.f, out.g, out.iterations, out.evaluations, converged, message)


def _check(x0, counts_and_tolerances) -> None:
    if not isinstance(x0, Tensor) or x0.ndim != 2 or x0.shape[1] == 0:
        raise ValueError("x0 must be a tensor of shape (N, n) with n at least 1")
    if x0.dtype not in (torch.float32, torch.float64) or not bool(torch.isfinite(x0).all()):
        raise ValueError("x0 must be float32 or float64 and finite")
    for name, value, least in counts_and_tolerances:
        if value is not None and not value >= least:  # written so that NaN is refused too
            raise ValueError(f"{name} must be at least {least}, got {value}")


def _evaluate(fun, x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Losses (A,) and gradients (A, n) at x (A, n); the sum serves because no loss depends on another row."""
    if not rows.numel():
        return x.new_zeros(0), torch.zeros_like(x)
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        loss = fun(x, rows)
        if loss.shape != rows.shape:
            raise ValueError(f"fun must return losses of shape {tuple(rows.shape)}, got {tuple(loss.shape)}")
        (grad,) = torch.autograd.grad(loss.sum(), x)
    return loss.detach().to(x.dtype), grad


def _start(fun, x: Tensor, pairs: int, bound: float | None, tol_grad: float, tol_change: float) -> SimpleNamespace:
    """State of all rows after their first evaluation, first direction set; every entry has the rows in front."""
    rows = torch.arange(x.shape[0], device=x.device)
    f, g = _evaluate(fun, x, rows)
    slope = -(g * g).sum(1)
    # a slope that overflows could not steer a line search either
    code = torch.where(torch.isfinite(f) & torch.isfinite(slope), _RUNNING, _START)
    code = torch.where((code == _RUNNING) & (g.abs().amax(1) <= tol_grad), _GRADIENT, code)
    w = SimpleNamespace(rows=rows, x=x, f=f, g=g, d=-g, slope=slope, iterations=(code == _RUNNING).long())
    w.code = torch.where((code == _RUNNING) & (slope > -tol_change), _SLOPE, code)
    w.evaluations, w.trials, w.count = torch.ones_like(rows), torch.zeros_like(rows), torch.zeros_like(rows)
    w.t = g.abs().sum(1).reciprocal().clamp(max=1.0)
    if bound is not None:
        w.t = torch.where(f > bound, (f - bound) / (-2 * slope), w.t)
    # (t, loss, slope) of the best end of the bracket and of its other end; before there is a bracket, of the last two
    # trials. Only the best end can be returned, so only it keeps its gradient.
    w.lo = torch.stack([torch.zeros_like(f), f, slope], 1)
    w.hi, w.lo_g = w.lo, g
    # zoom: a bracket exists; stalled: the last trial fell close to an end of it; broken: a trial was not finite;
    # lo_first: lo is in the first place of the bracket, which wins a tie
    w.zoom = w.stalled = w.broken = torch.zeros_like(rows, dtype=torch.bool)
    w.lo_first = ~w.zoom
    # the slot past the last one takes the writes of rows with no pair to store, so no copy to the host is needed
    w.S, w.Y = (x.new_zeros(x.shape[0], pairs + 1, x.shape[1]) for _ in range(2))
    w.R, w.gamma = x.new_zeros(x.shape[0], pairs + 1, pairs + 1), torch.ones_like(f)
    return w


def _retire(out: SimpleNamespace, w: SimpleNamespace) -> None:
    """Write the rows to out and drop the stopped ones from w, so that they cost nothing any more."""
    live = (w.code == _RUNNING).nonzero().squeeze(1)
    if live.numel() < w.rows.numel():
        for name in _REPORTED:
            getattr(out, name)[w.rows] = getattr(w, name)
        for name, value in vars(w).items():
            setattr(w, name, value[live])


def _iterate(w: SimpleNamespace, ended, rounds: int, limit: int, max_iter: int, tol_grad: float, tol_change: float):
    """Where a line search ended: accept its point, then stop the row or give it its next direction."""
    step = torch.where(ended, w.lo[:, 0], 0.0)  # 0 leaves the other rows where they are
    f, s, y = torch.where(ended, w.lo[:, 1], w.f), step[:, None] * w.d, w.lo_g - w.g
    # the last assignment wins: what tells most about a row
    code = torch.where(w.evaluations >= limit, _EVALUATIONS, _RUNNING)
    code = torch.where(w.iterations >= max_iter, _ITERATIONS, code)
    code = torch.where((f - w.f).abs() < tol_change, _VALUE, code)
    code = torch.where(s.abs().amax(1) <= tol_change, _STEP, code)
    code = torch.where(step == 0, torch.where(w.broken, _NONFINITE, _FAILED), code)
    code = torch.where(w.lo_g.abs().amax(1) <= tol_grad, _GRADIENT, code)
    go = ended & (code == _RUNNING)
    w.x, w.f, w.g, w.iterations = w.x + s, f, torch.where(ended[:, None], w.lo_g, w.g), w.iterations + go

    # no row has more pairs than there were rounds: the products skip the slots still empty everywhere
    w.d = torch.where(go[:, None], _direction(w, go, s, y, min(rounds, w.S.shape[1] - 1)), w.d)
    slope = (w.g * w.d).sum(1)
    flat = go & ~(slope <= -tol_change)  # written so that NaN stops the row too
    code = torch.where(flat, torch.where(slope <= tol_change, _SLOPE, _FAILED), code)
    w.code = torch.where(ended, code, _RUNNING)
    w.slope, w.t, w.trials = torch.where(go, slope, w.slope), torch.where(go, 1.0, w.t), w.trials * ~go
    w.lo = torch.where(go[:, None], torch.stack([torch.zeros_like(f), f, slope], 1), w.lo)
    w.lo_first, w.zoom, w.stalled, w.broken = w.lo_first | go, w.zoom & ~go, w.stalled & ~go, w.broken & ~go


def _direction(w: SimpleNamespace, go: Tensor, s: Tensor, y: Tensor, k: int) -> Tensor:
    """Store the pairs s, y (A, n) of the rows in go and return -H g (A, n) from the k slots in use.

    The two-loop recursion, N&W Alg. 7.4, with its two sequential loops written as triangular systems: R, the s_i'y_j
    with i not newer than j, is kept in slot order and grows by one column per pair, so no loop touches vectors.
    """
    pairs = w.S.shape[1] - 1
    sy = (s * y).sum(1)
    push = go & (sy > _MIN_CURVATURE)
    row, slot = torch.arange(len(s), device=s.device), torch.where(push, w.count % pairs, pairs)
    w.S[row, slot], w.Y[row, slot], w.R[row, slot] = s, y, 0.0
    S, Y = w.S[:, :k], w.Y[:, :k]
    # sums of products rather than bmm: faster on the CPU for these shapes, and never in TF32 on the GPU
    w.R[row, :k, slot] = (S * y[:, None, :]).sum(2)
    w.gamma = torch.where(push, sy / (y * y).sum(1), w.gamma)  # a rejected pair leaves the scaling as it was
    w.count = w.count + push

    shift = torch.arange(k, device=s.device)
    order = (w.count[:, None] + shift) % k  # slots from the oldest pair to the newest, empty ones in front
    rank = (shift - w.count[:, None]) % k  # the inverse permutation
    R = w.R.flatten(1).gather(1, (order[:, :, None] * (pairs + 1) + order[:, None, :]).flatten(1)).view(-1, k, k)
    sy = R.diagonal(dim1=1, dim2=2)
    R = R + torch.diag_embed((sy == 0).to(R.dtype))  # an empty slot then solves to zero
    sg = (S * w.g[:, None, :]).sum(2).gather(1, order)
    a = torch.linalg.solve_triangular(R, -sg[:, :, None], upper=True).squeeze(2)
    q = w.gamma[:, None] * -(w.g + (a.gather(1, rank)[:, :, None] * Y).sum(1))
    yq = (Y * q[:, None, :]).sum(2).gather(1, order)
    b = torch.linalg.solve_triangular(R.mT, (sy * a - yq)[:, :, None], upper=False).squeeze(2)
    return q + (b.gather(1, rank)[:, :, None] * S).sum(1)
