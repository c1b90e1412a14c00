"""An encoder-decoder: one network, trained end to end."""

from pairlsi.methods import Method
from pairlsi.methods.estimates import Estimates


class EncoderDecoder(Method):
    """x̂ = N(ỹ) of any network that inverts."""

    label = "Encoder-decoder"
    colour = "#4E8A3E"
    description = "One network from data to x, trained end to end."
    wants = "inversion"

    @classmethod
    def title(cls, settings, labels):
        return labels.get(settings.network, cls.label)

    @classmethod
    def told(cls, settings, networks):
        return networks[settings.network].part.description

    def estimate(self, y, split, numbers):
        import torch

        with torch.no_grad():
            return Estimates(self.network.invert(self.tensor(y)).cpu().numpy())
