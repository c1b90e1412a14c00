"""Latent space inference on the linear PAIR, in closed form."""

from pairlsi.methods import Method
from pairlsi.methods.estimates import Estimates


class LinearLSI(Method):
    """(9) on a linear PAIR: z_y = (P U_y)⁺ ỹ, the shortest least squares solution."""

    label = "Linear PAIR+LSI"
    colour = "#7E57C2"
    description = "Latent space inference on the best linear encoders, decoders and maps, in closed form."
    wants = "linear"
    on_gpu = False

    def estimate(self, y, split, numbers):
        import torch

        from pairlsi.methods.closed_form import solve_y

        with torch.no_grad():
            z = solve_y(self.network, self.tensor(y), self.tensor(self.given.keep))
            x, data = self.network.decode_x(self.network.inverse_map(z)), self.network.decode_y(z)
        return Estimates(x.cpu().numpy(), data.cpu().numpy(), data.cpu().numpy())
