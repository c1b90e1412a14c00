"""Networks that know the forward operator: a classical inverse corrected by a U-Net, and learned primal-dual.

Both are trained end to end on data behind fresh masks, and see by rows that are zero what is missing.
Sources: Jin, McCann, Froustey & Unser, doi:10.1109/TIP.2017.2713099, for the first; Adler & Öktem,
doi:10.1109/TMI.2018.2799231, for the second.
"""

import torch
from torch import Tensor, nn

from pairlsi.networks.autoencoders import Scaling, squared_error
from pairlsi.networks.fresh_masks import FreshMasks, arrived
from pairlsi.networks.unet import UNet
from pairlsi.problems.products import backproject, on_host, project


class KnownOperator(nn.Module):
    """What they share: the problem, the masks of their training, their loss, and the classical inverse.

    problem: with a linear A; missing: percent of the rows at most that fresh masks take away.
    """

    def __init__(self, problem, missing: float):
        super().__init__()
        self.problem, self.masks = problem, FreshMasks.of(problem, missing)
        self.weights = {"inverse": 1.0}
        self.x_scaling, self.y_scaling = Scaling(problem.x_shape), Scaling(problem.y_shape)

    def invert(self, y: Tensor) -> Tensor:
        """x̂ (B, C, H, W) of ỹ (B, C, H, W), zero where nothing arrived."""
        return self.x_scaling.inverse(self.inverted(y))

    def inverted(self, y: Tensor) -> Tensor:
        """The same in the scaling of x."""
        raise NotImplementedError

    def classical(self, y: Tensor, keep: Tensor) -> Tensor:
        """The problem's approximate inverse, in the scaling of x: rows that arrived stand for those that did not."""
        return self.x_scaling(on_host(self.problem.approximate_inverse, y / keep.flatten(1).mean(1).view(-1, 1, 1, 1)))

    def loss_terms(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """‖x̂(P y) - x‖² for each sample, (B,), in units of the training split's variance; P fresh in training."""
        y = self.masks(y, self.training) * y
        return {"inverse": squared_error(self.inverted(y), self.x_scaling(x))}


class Postprocessing(KnownOperator):
    """x̂ = u + c(u), u the classical inverse and c a U-Net of that width."""

    def __init__(self, problem, missing: float, width: int):
        super().__init__(problem, missing)
        self.correction = UNet(problem.x_shape[0], width)

    def inverted(self, y: Tensor) -> Tensor:
        image = self.classical(y, arrived(y, self.masks.axis))
        return image + self.correction(image)


class PrimalDual(KnownOperator):
    """From the classical inverse, in turn, data and image are updated by small networks that see each other's last.

    iterations: of both; width: channels of their convolutions; memory: how many images, and data, they pass on. The
    last update of the image is by a U-Net.
    """

    def __init__(self, problem, missing: float, iterations: int, width: int, memory: int):
        super().__init__(problem, missing)
        (of_x, *_), (of_y, *_) = problem.x_shape, problem.y_shape
        self.memory = memory
        self.duals = nn.ModuleList(update((memory + 1) * of_y + 1, width, memory * of_y) for _ in range(iterations))
        self.primals = nn.ModuleList(update((memory + 1) * of_x, width, memory * of_x) for _ in range(iterations))
        self.correction = UNet(memory * of_x, width)

    def inverted(self, y: Tensor) -> Tensor:
        keep, unit = arrived(y, self.masks.axis), self.x_scaling.scale * self.problem.norm
        seen = keep.expand(len(y), 1, *y.shape[2:])
        first, of_y = self.classical(y, keep), y.shape[1]
        of_x = first.shape[1]
        image = torch.cat([first, first.new_zeros(len(y), (self.memory - 1) * of_x, *first.shape[2:])], 1)
        data = y.new_zeros(len(y), self.memory * of_y, *y.shape[2:])
        for dual, primal in zip(self.duals, self.primals, strict=True):
            residual = keep * (project(self.problem, self.x_scaling.inverse(image[:, :of_x])) - y) / unit
            data = data + dual(torch.cat([data, residual, seen], 1))
            back = backproject(self.problem, keep * data[:, :of_y]) / self.problem.norm
            image = image + primal(torch.cat([image, back], 1))
        return (image + self.correction(image))[:, :of_x]


def update(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Three convolutions; the last begins small, so that the first updates change little."""
    last = nn.Conv2d(width, outputs, 3, padding=1)
    nn.init.normal_(last.weight, std=1e-3)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), last
    )
