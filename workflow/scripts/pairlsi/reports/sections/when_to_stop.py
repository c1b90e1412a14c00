"""Where searches stop, and where they had better."""

from pairlsi.reports.sections import Section


class WhenToStop(Section):
    """Where searches stop, and where they had better."""

    label = "When to stop"
    description = "Misfit and error of every search against iterations on validation samples."

    def show(self):
        from pairlsi.reports import searches
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope

        show_text("""
Searches go on explaining what was measured long after their estimates have ceased to improve: they begin to fit noise
and what the networks cannot represent, or follow the waves into a local minimum.
""")
        searches.stops(Scope(self.results))
