"""Figure 4 of the paper: models and their data."""

from pairlsi.reports.sections import Section


class ModelsAndData(Section):
    """Figure 4 of the paper: models and their data."""

    label = "Figure 4: models and data"
    description = "The first velocity models in and out of distribution, and records of the first."

    def show(self):
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope
        from pairlsi.reports.seismic_examples import Examples

        show_text("""
Velocities vary around one mean that is the same everywhere, so the mean model says nothing of where the layers are.
""")
        Examples(Scope(self.results)).models_and_data()
