"""Latent space inference in the latent space of x (8)."""

from pairlsi.methods.lsi import LSI


class LSIInZx(LSI):
    """min ‖P d_y(M z_x) - ỹ‖² from M† of the start of (9), then x̂ = d_x(z_x)."""

    label = "LSI in Z_x (8)"
    colour = "#E8A3A5"
    description = "The same search in the latent space of x, $\\min_{z_x} \\|P d_y(M z_x) - \\tilde y\\|$."
    controlled = False
    latents_of_data = False
    space = "x"

    @classmethod
    def unfit(cls, settings, experiment):
        if settings.regulariser == "mahalanobis":
            return "regulariser' is 'mahalanobis', the distance from training latents of the data: these are those of x"
        return super().unfit(settings, experiment)
