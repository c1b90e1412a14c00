"""The misfit of latent space inference and its gradient for a decoder whose weights do not change any more.

The same function as ‖keep (d(z) - y)‖² by autograd, up to rounding, in less time (benchmarks/solver.py measures it):

fold        batch normalisation goes into the convolutions before it
layout      channels last throughout; nothing is recorded, the gradient is written out with reversed kernels
sub-pixels  a transposed convolution of stride s is a 3x3 convolution to s² phases of every pixel
tail        nothing is nonlinear after the last ReLU, so the last block's two transposed convolutions and the output's
            become one 3x3 convolution to 16 phases; data and mask are brought to phases once, not the estimate to
            pixels in every evaluation. At the edges the intermediate image ends: the difference is subtracted there.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import fusion

REACH = {"all": slice(None), "first": slice(0, 1), "last": slice(-1, None)}


def fold(convolution: nn.Module, norm: nn.Module) -> nn.Module:
    """One convolution that does what the two do in eval mode."""
    transposed = isinstance(convolution, nn.ConvTranspose2d)
    same = isinstance(norm, nn.Identity)
    return convolution if same else fusion.fuse_conv_bn_eval(convolution, norm, transpose=transposed)


def phases(weight: Tensor, stride: int, padding: int) -> Tensor:
    """Kernels (outputs * stride², inputs, 3, 3) of the convolution that gives the phases of a transposed one."""
    inputs, outputs, size, _ = weight.shape
    phase, place = (torch.arange(count, device=weight.device) for count in (stride, 3))
    taps = phase[:, None] - stride * (place - 1) + padding  # (phase, place in the 3x3 kernel)
    inside = ((taps >= 0) & (taps < size)).to(weight.dtype)
    taps = taps.clamp(0, size - 1)
    both = weight[:, :, taps[:, :, None, None], taps] * (inside[:, :, None, None] * inside)  # (i, o, a, u, b, v)
    return both.permute(2, 4, 1, 0, 3, 5).reshape(stride**2 * outputs, inputs, 3, 3)


def spread(u: Tensor) -> Tensor:
    """Phases side by side in the channels, (B, 4 C, H, W), to pixels (B, C, 2 H, 2 W); channels last."""
    batch, channels, height, width = u.shape
    u = u.permute(0, 2, 3, 1).reshape(batch, height, width, 2, -1).transpose(2, 3)
    return u.reshape(batch, 2 * height, 2 * width, channels // 4).permute(0, 3, 1, 2)


def gather(u: Tensor) -> Tensor:
    """The reverse of `spread`, and its adjoint."""
    batch, channels, height, width = u.shape
    u = u.permute(0, 2, 3, 1).reshape(batch, height // 2, 2, width // 2, -1).transpose(2, 3)
    return u.reshape(batch, height // 2, width // 2, 4 * channels).permute(0, 3, 1, 2)


def pair(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """A convolution's kernel and that of its adjoint, both channels last."""
    adjoint = kernel.transpose(0, 1).flip(2, 3)
    return tuple(k.contiguous(memory_format=torch.channels_last) for k in (kernel, adjoint))


def where_active(gradient: Tensor, h: Tensor) -> Tensor:
    """The gradient behind a ReLU from that in front of it, in its place; h: what the ReLU gave."""
    return torch.ops.aten.threshold_backward.grad_input(gradient, h, 0, grad_input=gradient)


class FrozenMisfit:
    """(z, rows) -> losses and gradients for a residual decoder of stem 2 whose last block has stride 2.

    The decoder (`networks.autoencoder.Decoder`, whose `frozen_misfit` says whether it is one) is in evaluation mode.

    y: (N, C, H, W), in the decoder's own units, zero where nothing was measured.
    keep: (C, H, W), broadcastable, 0 or 1.
    before: a linear layer from the latents searched to the decoder's, if any.
    """

    def __init__(self, decoder: nn.Module, y: Tensor, keep: Tensor, before: nn.Linear | None = None):
        channels, height, width = self.features = decoder.features
        self.grid = (height, width)
        order = torch.arange(channels * height * width, device=decoder.from_latent.weight.device)
        order = order.view(self.features).permute(1, 2, 0).flatten()
        self.weight, self.bias = decoder.from_latent.weight[order], decoder.from_latent.bias[order]
        if before is not None:
            self.bias = self.bias + self.weight @ before.bias
            self.weight = self.weight @ before.weight
        self.twice_weight = 2 * self.weight  # the gradient of a square
        self.blocks = [self.block(block) for block in decoder.blocks[:-1]]
        last, scale = decoder.blocks[-1], 2 ** sum(up for *_, up in self.blocks)
        self.rows, self.columns = height * scale, width * scale
        first = fold(last.body[0], last.body[1])
        self.first, self.first_bias = pair(first.weight), first.bias
        second = fold(last.body[3], last.body[4])
        skip = F.pad(last.skip.weight, (1, 1, 1, 1))
        everywhere, *self.edges = self.tail(torch.cat([second.weight, skip]), decoder.output.weight, y.shape)
        self.last, self.beside = map(pair, everywhere[0].chunk(2, dim=1))
        self.edges = [(pair(kernel), *rest) for kernel, *rest in self.edges]
        shape = (1, len(second.bias), 2 * self.rows, 2 * self.columns)
        image = (second.bias + last.skip.bias)[:, None, None].expand(shape)
        constant = decoder.output(image)[..., : y.shape[2], : y.shape[3]]
        self.keep = self.to_phases(keep.expand(y.shape[1:])[None])
        self.data = self.to_phases(keep * (y - constant))

    def block(self, block) -> tuple:
        """Kernels and biases of one residual block, its skip's 1x1 kernel (None: identity), whether it doubles."""
        first, second = fold(block.body[0], block.body[1]), fold(block.body[3], block.body[4])
        up = isinstance(second, nn.ConvTranspose2d)
        if not up:
            skip = None if isinstance(block.skip, nn.Identity) else pair(block.skip.weight)
            return pair(first.weight), first.bias, pair(second.weight), second.bias, skip, False
        kernel, bias = phases(second.weight, 2, 1), (second.bias + block.skip.bias).repeat(4)
        skip = pair(phases(block.skip.weight, 2, 0)[:, :, 1:2, 1:2])
        return pair(first.weight), first.bias, pair(kernel), bias, skip, True

    def tail(self, inner: Tensor, outer: Tensor, shape) -> list:
        """(kernel, its padding, where) of the last linear part on [ReLU's output, skip]: everywhere, then at edges."""
        parts = []
        ends = ("all", "first", "last") if 4 * self.rows == shape[2] else ("all", "first")
        sides = ("all", "first", "last") if 4 * self.columns == shape[3] else ("all", "first")
        for end, side in itertools.product(ends, sides):
            at = (end, side)
            opposite = [{"all": "all", "first": "last", "last": "first"}[name] for name in at]
            cut = inner[:, :, REACH[end], REACH[side]]
            composed = F.conv_transpose2d(cut, outer[:, :, REACH[opposite[0]], REACH[opposite[1]]], stride=2)
            # where the intermediate row -1 (or the one past the last) meets the output: tap 3 (or 6) of 10
            zeros = [{"all": (0, 0), "first": (3, 6), "last": (6, 3)}[name] for name in at]
            kernel = phases(F.pad(composed, (*zeros[1], *zeros[0])), 4, 3)
            keep = [slice(None) if name == "all" else slice(1, 2) for name in at]
            sign = (-1) ** sum(name != "all" for name in at)
            padding = tuple(int(name == "all") for name in at)
            parts.append((sign * kernel[:, :, keep[0], keep[1]], padding, (..., REACH[end], REACH[side])))
        return parts

    def to_phases(self, u: Tensor) -> Tensor:
        padded = F.pad(u, (0, 4 * self.columns - u.shape[3], 0, 4 * self.rows - u.shape[2]))
        cells = padded.unflatten(3, (-1, 4)).unflatten(2, (-1, 4))  # (B, C, rows, a, columns, b)
        found = cells.permute(0, 3, 5, 1, 2, 4).flatten(1, 3)
        return found.contiguous(memory_format=torch.channels_last)

    def __call__(self, z: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Losses (A,) and gradients (A, n) at z (A, n) for the samples `rows` (A,)."""
        u = F.linear(z, self.weight, self.bias).view(-1, *self.grid, self.features[0]).permute(0, 3, 1, 2)
        active = []
        for first, first_bias, second, second_bias, skip, up in self.blocks:
            h = F.conv2d(u, first[0], first_bias, padding=1).relu_()
            active.append(h)
            beside = u if skip is None else F.conv2d(u, skip[0])
            u = F.conv2d(h, second[0], second_bias, padding=1).add_(beside)
            u = spread(u) if up else u
        h = F.conv2d(u, self.first[0], self.first_bias, padding=1).relu_()
        out = F.conv2d(h, self.last[0], padding=1).add_(F.conv2d(u, self.beside[0], padding=1))
        for kernel, padding, where in self.edges:
            out[where].add_(F.conv2d(torch.cat([h[where], u[where]], 1), kernel[0], padding=padding))
        data = self.data if len(rows) == len(self.data) else self.data[rows]
        residual = out.mul_(self.keep).sub_(data)  # data are zero where keep is, and keep² = keep
        flat = residual.permute(0, 2, 3, 1).flatten(1)
        loss = torch.linalg.vector_norm(flat, dim=1).square()
        gh, gu = (F.conv2d(residual, kernel[1], padding=1) for kernel in (self.last, self.beside))
        for kernel, padding, where in self.edges:
            parts = F.conv2d(residual[where], kernel[1], padding=padding).chunk(2, dim=1)
            for gradient, part in zip((gh, gu), parts, strict=True):
                gradient[where].add_(part)
        g = gu.add_(F.conv2d(where_active(gh, h), self.first[1], padding=1))
        for (first, _, second, _, skip, up), h in zip(reversed(self.blocks), reversed(active), strict=True):
            g = gather(g) if up else g
            gh = where_active(F.conv2d(g, second[1], padding=1), h)
            beside = g if skip is None else F.conv2d(g, skip[1])
            g = F.conv2d(gh, first[1], padding=1).add_(beside)
        return loss, g.permute(0, 2, 3, 1).flatten(1) @ self.twice_weight


class Recorded(torch.autograd.Function):
    """A FrozenMisfit as a function that autograd can differentiate: the gradient comes with the loss."""

    @staticmethod
    def forward(ctx, z: Tensor, rows: Tensor, misfit: FrozenMisfit) -> Tensor:
        loss, gradient = misfit(z, rows)
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx, weights: Tensor):
        return weights[:, None] * ctx.saved_tensors[0], None, None
