"""What a method of inference gives back."""

from dataclasses import dataclass, fields, replace

import numpy as np


@dataclass(frozen=True)
class Estimates:
    """What a method made of N samples, all arrays float32 and on the host.

    x (N, C, H, W), the mean over members where there are several; y (N, C, H, W): the data as the method completes or
    predicts them, None where it does not; surrogate_data (N, C, H, W): b of the surrogate quality metrics
    (METHOD.md), None without a PAIR network; iterations (N,): of the solver, 0 without one, the mean over members;
    members (N, K, C, H, W): the estimates of each member, None for a single one; data_members (n, K, C, H, W): the
    data of each member for the first few samples, likewise; latents, starts (N, K, n): z_y of each member and where its
    search started, None for a method that has none; seconds: wall time a sample, that of the estimates it started from
    included; surrogate_latents (N, n): what stands in the metrics for e_y(b), None for just that; stated (N, C, H, W):
    how far off each entry of x is by the method's own word, the standard deviation of its posterior or over its
    members.
    """

    x: np.ndarray
    y: np.ndarray | None = None
    surrogate_data: np.ndarray | None = None
    iterations: np.ndarray | int = 0
    members: np.ndarray | None = None
    data_members: np.ndarray | None = None
    latents: np.ndarray | None = None
    starts: np.ndarray | None = None
    seconds: float = 0.0
    surrogate_latents: np.ndarray | None = None
    stated: np.ndarray | None = None


def joined(parts: list[Estimates], seconds: float, numbers: list[np.ndarray] | None = None) -> Estimates:
    """The estimates of several parts of the samples as one; seconds: wall time a sample; numbers: which samples are in
    each part, None where they follow one another.
    """
    parts = [replace(part, iterations=np.broadcast_to(part.iterations, len(part.x))) for part in parts]
    columns = {}
    for field in fields(Estimates):
        values = [getattr(part, field.name) for part in parts]
        if field.name != "seconds":
            columns[field.name] = None if values[0] is None else np.concatenate(values)
    if numbers is not None:
        order = np.argsort(np.concatenate(numbers))
        columns = {name: v if v is None or len(v) < len(order) else v[order] for name, v in columns.items()}
    return Estimates(**columns, seconds=seconds)
