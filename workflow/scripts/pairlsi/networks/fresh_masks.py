"""Masks drawn anew for every sample of a training: so that a network learns to invert whatever is missing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pairlsi.core.base import Integer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Missing = Annotated[Integer, Field(ge=1, lt=100)]


@dataclass(frozen=True)
class FreshMasks:
    """Of a third of the samples nothing is missing, of a third rows at random, of a third a block of rows.

    axis: of a batch of data, which masks act on; rows: its length; most: how many rows may be missing. How many are is
    uniform between one and that.
    """

    axis: int
    rows: int
    most: int

    def __call__(self, y: "Tensor", training: bool) -> "Tensor":
        """(B, …), to multiply data y (B, C, H, W) with, 1 where they arrive; outside training always the same."""
        # made on the host: the same masks whatever device the data are on
        weights = self.weights(len(y)) if training else self.always(len(y))
        return weights.to(y.device, y.dtype)

    def always(self, count: int) -> "Tensor":
        """`weights` that are the same every time."""
        import torch

        return self.weights(count, torch.Generator().manual_seed(0))

    def weights(self, count: int, generator: "torch.Generator | None" = None) -> "Tensor":
        """(count, …), broadcastable to data (count, C, H, W), 1 where they arrive, on the host."""
        import torch

        kind, amount, first = torch.rand(3, count, generator=generator)
        order = torch.rand(count, self.rows, generator=generator).argsort(dim=1)
        missing = (1 + (amount * self.most).long().clamp(max=self.most - 1))[:, None]
        start = (first[:, None] * (self.rows - missing + 1)).long()
        row = torch.arange(self.rows)
        block = (row >= start) & (row < start + missing)
        lost = torch.where((kind < 1 / 3)[:, None], order < missing, block) & (kind < 2 / 3)[:, None]
        shape = [count, 1, 1, 1]
        shape[self.axis] = self.rows
        return (~lost).float().view(shape)

    @classmethod
    def of(cls, problem, percent: float) -> "FreshMasks":
        """Of a problem's data, with at most so many percent of the rows missing, and one row at least left."""
        most = min(max(1, round(problem.missing_count * percent / 100)), problem.missing_count - 1)
        return cls(problem.missing_axis, problem.missing_count, most)


def arrived(y: "Tensor", axis: int) -> "Tensor":
    """1 for the rows along `axis` of each sample ỹ (B, C, H, W) that are not all zero: noise leaves none so."""
    others = tuple(d for d in (1, 2, 3) if d != axis)
    return (y != 0).any(dim=others).to(y.dtype).unflatten(1, [y.shape[d] if d == axis else 1 for d in (1, 2, 3)])
