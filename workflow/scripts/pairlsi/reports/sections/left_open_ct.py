"""What the paper leaves open, for tomography."""

from pairlsi.reports.left_open import ct_choices, show
from pairlsi.reports.sections import Section


class LeftOpenCT(Section):
    """Its value, what is unknown to us, ours."""

    label = "What the paper leaves open"
    description = "What could not be recovered from the paper and is our choice."

    def show(self):
        show(ct_choices(self.results))
