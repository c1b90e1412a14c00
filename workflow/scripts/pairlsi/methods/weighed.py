"""What methods share that weigh a prior, without a search that chooses more."""

from pairlsi.methods import Method
from pairlsi.methods.choosing import best_of


class Weighed(Method):
    """A method whose settings have `weights`, of which the validation split chooses one, `weight`."""

    def __init__(self, settings, given):
        super().__init__(settings, given)
        self.weight = settings.weights[0]

    @property
    def leaves_open(self):
        return len(self.settings.weights) > 1

    @classmethod
    def choose(cls, methods, x, y):
        weight, tried = best_of(methods, "weight", methods[0].settings.weights, x, y)
        return {"weight": weight, "validation_rre_by_weight": tried}
