"""PAIR: encode, map, decode."""

from pairlsi.methods import Method
from pairlsi.methods.estimates import Estimates


class Pair(Method):
    """x̂ = d_x(M† e_y(ỹ)), equation (5)."""

    label = "PAIR"
    colour = "#4C72B0"
    description = (
        "Encode the data, missing ones taken for zeros, map the latent to that of x, decode: "
        "$\\hat x = d_x(M^\\dagger e_y(\\tilde y))$."
    )
    wants = "latents"
    controlled = True

    def estimate(self, y, split, numbers):
        import torch

        with torch.no_grad():
            measured = self.tensor(y)
            z = self.network.encode_y(measured)
            x, completed = self.network.invert(measured), self.network.decode_y(z)
        return Estimates(x.cpu().numpy(), completed.cpu().numpy(), y, latents=z[:, None].cpu().numpy())
