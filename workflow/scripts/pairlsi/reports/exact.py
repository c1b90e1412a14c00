"""What sections of the report on the linear problem share: exact moments, masks, the length of latents."""

from functools import cached_property

import numpy as np

from pairlsi import observations
from pairlsi.theory import sweeps

DRAWS = 5  # masks of each percentage and kind


class Exact:
    """Of one experiment with a linear problem. `rank`: the length of both latents; `rows`: views that may miss."""

    def __init__(self, stored):
        self.stored, self.problem, self.percent = stored, stored.problem, stored.percent
        self.data_size, self.unknowns = self.problem.matrix.shape
        lengths = next(
            (one.settings.latent for one in stored.experiment.networks.values() if one.part.closed_form), None
        )
        self.rank = min((lengths or [self.unknowns, self.data_size])[1], self.data_size)
        self.rows, self.level = self.problem.missing_count, self.problem.noise_level

    @cached_property
    def moments(self) -> sweeps.Moments:
        return sweeps.Moments(self.problem.matrix, self.problem.moment_x, self.problem.moment_noise)

    def weights(self, mask: str) -> np.ndarray:
        """1 for the data that a mask {kind}-{percent}-{draw} keeps and 0 for others, broadcastable to (C, H, W)."""
        case, draw = observations.split_draw(mask)
        kind, percent = observations.split_case(case)
        own = self.stored.experiment.observations.get(kind)
        seed = own.settings.seed if own else 0
        said = {"name": kind, "kind": kind, "seed": seed, "percents": [percent]}
        return observations.made(
            said if percent else {"name": "none", "kind": "none"}, self.problem, draw
        ).mask.weights()

    def observe(self, mask: str) -> np.ndarray:
        """Which of all data a mask keeps, (m,) bool."""
        return np.broadcast_to(self.weights(mask), self.problem.y_shape).ravel() > 0

    def masks_of(self, kind: str, look_at) -> list:
        """(percent, mask) of every percentage in steps of about an eighth of the rows, and every draw."""
        steps = range(0, 3 * self.rows // 4 + 1, max(1, self.rows // 8))
        percents = [round(100 * missing / self.rows) for missing in steps]
        return [(p, look_at(f"{kind}-{p}-{draw}")) for p in percents for draw in (range(DRAWS) if p else [0])]

    @cached_property
    def samples(self):
        """x and y of the test split as float64 tensors."""
        import torch

        return tuple(torch.from_numpy(self.stored.samples("test", name)).double() for name in ("x", "y"))

    @cached_property
    def network(self):
        """The linear PAIR of the exact moments."""
        from pairlsi.networks import linear_pair

        shapes = self.problem.x_shape, self.problem.y_shape
        network = linear_pair.LinearPair(*shapes, min(self.rank, self.unknowns), self.rank).double()
        moments = self.moments
        linear_pair.fit_moments(
            network.requires_grad_(False), moments.moment_x, moments.moment_y, moments.moment_x @ moments.matrix.T
        )
        return network

    def tensor_weights(self, mask: str):
        """`weights` as a float64 tensor."""
        import torch

        return torch.from_numpy(self.weights(mask)).double()
