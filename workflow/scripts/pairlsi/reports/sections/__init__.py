"""Sections of reports: a heading, and below it text, tables and figures.

A report is a list of sections: those that the problem names (`Problem.sections`), or else the generic ones, and what
the config adds under `sections`. Each is shown in a cell of a notebook, from what lies in the experiment's folder. A
module `reports/sections/KIND.py`, or a file of a user's, has one class derived from `Section`.
"""

from typing import ClassVar

from pydantic import Field

from pairlsi.core.base import Strict
from pairlsi.core.parts import Part


class Section(Part):
    """One section of a report.

    label: its heading, "" for none. results: what lies in the experiment's folder (`reports.stored.Stored`).
    """

    room: ClassVar[str] = "reports.sections"

    class Settings(Strict):
        """What all sections have."""

        label: str | None = Field(None, description="its heading; null: that of its kind")

    def __init__(self, settings, results):
        self.settings, self.results = settings, results

    def lacking(self) -> str | None:
        """What is said in place of the section where the results do not have what it is about; None where they do.

        "" where it is no loss: then the section is left out with its heading.
        """
        return None

    def show(self) -> None:
        """Display the section below its heading, by `reports.display`."""
        raise NotImplementedError


BASE = Section
