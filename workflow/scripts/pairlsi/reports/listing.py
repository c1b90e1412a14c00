"""Which sections a report has, in order: asked while planning, so nothing heavy is imported."""

from pairlsi.core.instances import Instance, instance

ROOM = "reports.sections"
# of a problem that names none of its own
GENERIC = ("answer", "example", "ranking", "methods", "errors", "errors-by-level", "choices", "claims", "best")
GENERIC += (
    "training",
    "cost",
    "inconsistencies",
    "posteriors",
    "trust",
    "where-to-measure",
    "claims-in-detail",
    "origin",
)


def listed(problem, added: dict[str, dict | None]) -> dict[str, Instance]:
    """The sections of a report by name: those of the problem, or the generic ones, then what the config adds.

    added: name -> kind and settings, None to take one out.
    """
    said = dict.fromkeys(problem.sections or GENERIC, {}) | added
    return {name: instance(ROOM, name, one, "sections") for name, one in said.items() if one is not None}


def headings(sections: dict[str, Instance]) -> dict[str, str]:
    """What stands above each, "" for nothing."""
    return {name: one.settings.label or one.part.label for name, one in sections.items()}


def kinds(problem, added: dict[str, dict | None]) -> list[str]:
    """The kinds in use, for the digest of the report's source."""
    return [one.part.kind for one in listed(problem, added).values()]
