"""A report: the sections of an experiment, shown one by one."""

from pathlib import Path

from pairlsi.reports.display import show_text
from pairlsi.reports.listing import listed
from pairlsi.reports.stored import Stored


class Report:
    """The report on what lies in an experiment's folder."""

    def __init__(self, results: Path | str):
        self.stored = Stored(Path(results))
        self.sections = listed(self.stored.problem, self.stored.experiment.given["sections"])

    def show(self, name: str) -> None:
        """Display a section, or what it lacks; nothing where it is to be left out."""
        _, part, settings = self.sections[name]
        section = part(settings, self.stored)
        lacking = section.lacking()
        if lacking is None:
            section.show()
        elif lacking:
            show_text(lacking)
