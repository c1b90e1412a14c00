"""The encoder-decoder: the network of PAIR's inversion, trained end to end."""

from pydantic import Field

from pairlsi.networks.architectures import OfBoth
from pairlsi.networks.fresh_masks import FreshMasks, Missing
from pairlsi.networks.part import Network
from pairlsi.observations import split_case


class EncoderDecoderNetwork(Network):
    """One network from data to x, trained behind one draw of an observation."""

    label = "Encoder-decoder"
    colour = "#4E8A3E"
    description = "The layers of PAIR's inversion, trained end to end on data that are observed in one way, or in many."

    class Settings(Network.Settings, OfBoth):
        """What it is trained on."""

        missing: Missing | None = Field(
            None,
            description="percent of the rows, at most, in masks drawn anew for each sample of its training; null: none",
        )
        trained_on: str | None = Field(
            None, description="{observation}-{level} whose draw 0 it is trained behind, as random-25; null: full data"
        )

    @classmethod
    def title(cls, settings) -> str:
        if settings.missing:
            return f"{cls.label} (fresh masks)"
        return f"{cls.label} ({settings.trained_on})" if settings.trained_on else cls.label

    @classmethod
    def completed(cls, settings, architecture):
        return settings.with_defaults(architecture)

    @classmethod
    def observed(cls, settings) -> str | None:
        return settings.trained_on

    @classmethod
    def unfit(cls, settings, experiment) -> str | None:
        case = settings.trained_on
        if case is not None and settings.missing is not None:
            return f"missing' is {settings.missing}, and trained_on {case!r}: one of both will do"
        if case is not None:
            name, level = split_case(case)
            known = experiment.observations
            if name not in known or level not in known[name].part.levels(known[name].settings):
                return f"trained_on' is {case!r}: it may be {', '.join(experiment.cases) or 'null'}"
            if getattr(known[name].settings, "masks", 1) > 1:
                return f"trained_on' is {case!r}, which has several masks: it may have one, or set missing instead"
        return settings.contradiction(experiment.problem)

    @staticmethod
    def build(settings, problem, observation):
        from pairlsi.networks.autoencoders import EncoderDecoder

        keep = 1.0 if observation is None else observation.mask.weights()
        masks = FreshMasks.of(problem, settings.missing) if settings.missing else None
        x, y = settings.x.model_dump(), settings.y.model_dump()
        return EncoderDecoder(problem.x_shape, problem.y_shape, x, y, keep, masks)

    @classmethod
    def begins_as(cls, settings, networks) -> str | None:
        full = settings.trained_on is None and settings.missing is None
        return settings.same_components(networks) if full else None

    @staticmethod
    def starts_in_closed_form(network) -> bool:
        return hasattr(network.y_encoder, "basis")

    @staticmethod
    def solve(network, x, y, symmetries, start=None) -> None:
        from pairlsi.networks.principal_start import set_closed_forms

        keep = None if bool((network.keep == 1).all()) else network.keep.cpu().numpy()
        if network.masks:
            keep = network.masks.always
        set_closed_forms(network, x, y, symmetries, keep, start)
