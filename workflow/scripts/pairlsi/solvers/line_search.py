"""The strong Wolfe line searches of many rows at once, a trial of each a round: see `solvers.lbfgs`.

Source: Nocedal & Wright, Numerical Optimization, 2nd ed. (2006): line search Alg. 3.5, zoom Alg. 3.6, cubic step
eq. 3.59.
"""

from types import SimpleNamespace

import torch
from torch import Tensor

_C1, _C2 = 1e-4, 0.9  # sufficient decrease and curvature constants, N&W eq. 3.7
_MIN_BRACKET = 1e-9  # torch's: a search ends at a bracket narrower than this in x, whatever tolerance_change is


def search(w: SimpleNamespace, f_new: Tensor, g_new: Tensor, limit: int) -> Tensor:
    """Advance every line search by its new trial (N&W Alg. 3.5 and 3.6); returns (A,) bool, the searches that ended.

    The outcome of an ended search is in ``lo`` and ``lo_g``; the others have their next trial in ``t``.
    """
    slope_new = (g_new * w.d).sum(1)
    broken = ~(torch.isfinite(f_new) & torch.isfinite(slope_new))  # any bad gradient entry shows in the slope
    f_new, slope_new = f_new.masked_fill(broken, torch.inf), slope_new.masked_fill(broken, 0.0)
    new = torch.stack([w.t, f_new, slope_new], 1)
    lo_t, lo_f, _ = w.lo.unbind(1)
    w.broken, w.evaluations, w.trials = w.broken | broken, w.evaluations + 1, w.trials + 1
    room = w.evaluations <= limit

    above = (f_new > w.f + _C1 * w.t * w.slope) | ((f_new >= lo_f) & (w.zoom | (w.trials > 2)))
    flat = slope_new.abs() <= -_C2 * w.slope
    done = ~above & flat
    # the new point becomes an end of the bracket (a search out of evaluations takes the better of its last two)
    split = above | (~w.zoom & ~done & ((slope_new >= 0) | ~room))
    forward = ~w.zoom & ~split & ~done
    flip = w.zoom & ~above & ~flat & (slope_new * (w.hi[:, 0] - lo_t) >= 0)
    better = split & torch.where(w.lo_first, f_new < lo_f, f_new <= lo_f)
    take = (~split | better)[:, None]
    w.hi = torch.where((better | flip | forward)[:, None], w.lo, torch.where(split[:, None], new, w.hi))
    w.lo, w.lo_g = torch.where(take, new, w.lo), torch.where(take, g_new, w.lo_g)
    w.lo_first, w.zoom = w.lo_first ^ better, w.zoom | split

    lo_t, hi_t = w.lo[:, 0], w.hi[:, 0]
    left, right = torch.minimum(lo_t, hi_t), torch.maximum(lo_t, hi_t)
    span = right - left
    # without a bracket the step grows, by 1 % of the last stride at least and tenfold at most
    t = _cubic(w.lo, w.hi, torch.where(forward, lo_t + 0.01 * span, left), torch.where(forward, 10 * lo_t, right))
    # a second trial near an end, or one at it, would shrink the bracket too little: move a tenth inside
    margin = 0.1 * span
    near = w.zoom & (torch.minimum(right - t, t - left) < margin)
    push = near & (w.stalled | (t >= right) | (t <= left))
    w.t = torch.where(push, torch.where(right - t < t - left, right - margin, left + margin), t)
    w.stalled = near & ~push
    return done | ~room | (w.zoom & (span * w.d.abs().amax(1) < _MIN_BRACKET))


def _cubic(p: Tensor, q: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Minimiser (A,) in [low, high] of the cubic through (t, loss, slope) p and q (A, 3), N&W eq. 3.59.

    The midpoint of the bounds where there is none, or where a loss is infinite.
    """
    ordered = p[:, :1] <= q[:, :1]
    ta, fa, sa = torch.where(ordered, p, q).unbind(1)
    tb, fb, sb = torch.where(ordered, q, p).unbind(1)
    d1 = sa + sb - 3 * (fa - fb) / (ta - tb)
    square = d1 * d1 - sa * sb
    d2 = square.clamp(min=0).sqrt()
    t = tb - (tb - ta) * ((sb + d2 - d1) / (sb - sa + 2 * d2))
    t = torch.minimum(torch.maximum(t, low), high)
    return torch.where((square >= 0) & torch.isfinite(t), t, (low + high) / 2)
