"""What to do where a device's memory does not suffice: go on with smaller batches, or say which setting to change."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

log = logging.getLogger(__name__)
Found = TypeVar("Found")
# what libraries say whose errors are plain RuntimeErrors: torch's allocator on the CPU, cuBLAS and cuDNN
SAYINGS = ("DefaultCPUAllocator", "not enough memory", "STATUS_ALLOC_FAILED")


class OutOfMemory(RuntimeError):
    """The memory does not suffice; the message names the setting to change."""


class Batched:
    """Work on samples, at most `size` at a time, or as many as the memory has turned out to hold.

    kept: where what batches found is kept for another try of the job (`methods.kept.Kept`), None for nowhere.
    """

    def __init__(self, size: int, kept=None):
        self.size, self.kept, self.earlier = size, kept, 0.0

    def clock(self) -> float:
        """Seconds from some moment to now, with those that kept batches took in an earlier try."""
        return time.perf_counter() + self.earlier

    def __call__(self, work: Callable[[slice], Found], count: int) -> Iterator[Found]:
        """Yield work(samples) for slices that follow one another from 0 to `count`.

        Where the memory does not suffice, the same samples are tried again, half as many at a time, from then on.
        Raises OutOfMemory where it does not suffice for a single sample.
        """
        first = 0
        while first < count:
            if self.kept and (batch := self.kept.next()):
                first, seconds, found = batch
                self.earlier += seconds
                yield found
                continue
            samples, began = slice(first, min(first + self.size, count)), time.perf_counter()
            try:
                found = work(samples)
            except (RuntimeError, MemoryError) as error:
                if not is_exhausted(error):
                    raise
                if samples.stop - first == 1:
                    raise OutOfMemory(
                        f"out of memory with one sample at a time ({error}): no smaller inference.batch_size would "
                        "help, ask for fewer members where the method has any, or run on a larger device"
                    ) from error
            else:
                if self.kept:
                    self.kept.add(samples.stop, time.perf_counter() - began, found)
                yield found
                first = samples.stop
                continue
            # only here, after the error with its traceback, are the tensors of the failed try gone
            torch.cuda.empty_cache()
            self.size = (samples.stop - first) // 2
            log.warning("out of memory with %d samples at once: going on with %d", samples.stop - first, self.size)


@contextmanager
def explained(advice: str) -> Iterator[None]:
    """Turn an error of exhausted memory into OutOfMemory with this advice."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_exhausted(error):
            raise
        raise OutOfMemory(f"out of memory: {advice} ({error})") from error


def is_exhausted(error: Exception) -> bool:
    """Whether an error says that memory, of a device or of the host, did not suffice."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(saying in str(error) for saying in SAYINGS)
