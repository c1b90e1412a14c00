"""A classical inverse and a U-Net after it."""

from pairlsi.networks.on_fresh_masks import OnFreshMasks


class PostprocessingNetwork(OnFreshMasks):
    """The problem's quick inverse of what was measured, corrected by a U-Net that is trained on whatever is missing."""

    label = "Classical inverse + U-Net"
    colour = "#B5651D"
    description = (
        "The problem's approximate inverse, filtered backprojection for CT, and a U-Net after it, trained end to end "
        "on data of which fresh rows are missing for every sample."
    )

    @staticmethod
    def build(settings, problem, observation):
        from pairlsi.networks.known_operator import Postprocessing

        return Postprocessing(problem, settings.missing, settings.width)
