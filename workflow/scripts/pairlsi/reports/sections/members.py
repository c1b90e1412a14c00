"""What becomes of the members of ensembles."""

from pairlsi.reports.sections import Section


class Members(Section):
    """What becomes of the members of ensembles."""

    label = "What becomes of the members"
    description = "What becomes of the members of searches for latents, and how many find the model."

    def show(self):
        from pairlsi.reports import searches
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope

        show_text("""
A search for a model that explains waves has many local minima. A member is *successful* when its error is at most
half that of the mean model: it has found the model rather than another one that fits some of the waves.
""")
        searches.outcomes(Scope(self.results))
