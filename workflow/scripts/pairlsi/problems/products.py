"""Products with a problem's linear operator and its adjoint that gradients flow through."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


class Product(torch.autograd.Function):
    """u -> B u; the gradient takes the transpose. Both work on the host's arrays, as problems do."""

    @staticmethod
    def forward(ctx, u: Tensor, there: Callable, back: Callable) -> Tensor:
        ctx.there, ctx.back = there, back
        return on_host(there, u)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        return Product.apply(gradient, ctx.back, ctx.there), None, None


def on_host(function: Callable[[np.ndarray], np.ndarray], u: Tensor) -> Tensor:
    """A problem's function of arrays, of a tensor; in single precision, whatever is mixed around it."""
    return torch.from_numpy(function(u.detach().float().contiguous().cpu().numpy())).to(u)


def project(problem, x: Tensor) -> Tensor:
    """A x: (B, C, H, W) of x -> of y."""
    return Product.apply(x, problem.forward, problem.adjoint)


def backproject(problem, y: Tensor) -> Tensor:
    """Aᵀ y: (B, C, H, W) of y -> of x."""
    return Product.apply(y, problem.adjoint, problem.forward)
