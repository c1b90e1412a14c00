"""Figure 6 of the paper: estimates from easy to hard."""

from pairlsi.reports.sections import Section


class VelocityEstimates(Section):
    """Figure 6 of the paper: estimates from easy to hard."""

    label = "Figure 6: velocity estimates"
    description = "Test models from easy to hard as each method estimates them."

    def show(self):
        from pairlsi.reports.scope import Scope
        from pairlsi.reports.seismic_examples import Examples

        Examples(Scope(self.results)).estimates()
