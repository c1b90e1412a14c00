"""A method behind one draw of an observation, be its mask that of all samples or one of several dealt out to them."""

from dataclasses import replace

import numpy as np

from pairlsi.methods import Given, Method
from pairlsi.methods.choosing import deal
from pairlsi.methods.estimates import Estimates, joined


class Drawn:
    """methods: one behind each mask of the draw (`observations.Observation.dealt`), to which samples go in turn."""

    def __init__(self, part: type[Method], settings, given: Given):
        self.observation, self.network = given.observation, given.network
        self.methods = [part(settings, replace(given, observation=one)) for one in self.observation.dealt]
        self.tensor = self.methods[0].tensor

    def __call__(self, y: np.ndarray, split: str) -> Estimates:
        """Estimate x from full data y (N, C, H, W) of a split, each sample by the method behind its own mask."""
        numbers = [own for own in deal(len(y), len(self.methods)) if len(own)]
        found = [
            self._checked(method, method(y[own], split, own))
            for method, own in zip(self.methods, numbers, strict=False)
        ]
        if len(found) == 1:
            return found[0]
        return joined(
            found, float(np.average([one.seconds for one in found], weights=list(map(len, numbers)))), numbers
        )

    @staticmethod
    def _checked(method: Method, found: Estimates) -> Estimates:
        """What a method found. Raises ValueError naming it where x has another shape than the problem's."""
        wanted = method.problem.x_shape
        if np.shape(found.x)[1:] != wanted:
            raise ValueError(
                f"method {method.kind} estimates x of the shape {np.shape(found.x)[1:]}; expected {wanted}"
            )
        return found
