"""What the paper leaves open, for cross-well seismics."""

from pairlsi.reports.left_open import crosswell_choices, show
from pairlsi.reports.sections import Section


class LeftOpenCrosswell(Section):
    """Its value, what is unknown to us, ours."""

    label = "What the paper leaves open"
    description = "What could not be recovered from the paper and is our choice."

    def show(self):
        show(crosswell_choices(self.results))
