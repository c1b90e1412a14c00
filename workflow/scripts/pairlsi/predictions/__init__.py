"""What becomes of a measurement of one's own: read, laid onto what networks were trained for, estimated, and judged."""


class ObservationError(ValueError):
    """A measurement cannot be used as it is; the message says what was found, what is expected and what to try."""


def methods_of(experiment) -> list[str]:
    """The methods of predictions with a `config.Experiment`, the first speaking for all.

    Those that the config names, or the one that its report holds against all others.
    """
    best = [one.settings.method for one in experiment.sections.values() if one.part.kind == "best"]
    found = [name for name in experiment.predictions.methods or best if name in experiment.methods]
    return found or list(experiment.methods)[:1]
