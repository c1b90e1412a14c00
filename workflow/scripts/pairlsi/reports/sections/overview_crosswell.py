"""The median test model by every search."""

from pairlsi.reports.sections import Section


class OverviewCrosswell(Section):
    """The median test model by every search."""

    label = ""
    description = "The test model of median error, one of its records, and the estimates of the methods."

    def show(self):
        from pairlsi.reports.scope import Scope
        from pairlsi.reports.seismic_examples import Examples

        Examples(Scope(self.results)).overview()
