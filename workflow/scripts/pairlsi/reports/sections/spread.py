"""Spreads of ensembles against errors."""

from pairlsi.reports.sections import Section


class Spread(Section):
    """Spreads of ensembles against errors."""

    label = "Does the ensemble know how wrong it is?"
    description = "The spread of ensembles against the error of their mean."

    def show(self):
        from pairlsi.reports import searches
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope

        show_text("""
The members of an ensemble differ in their starts. If they were samples of a posterior, the error of their mean would
be about as large as their spread (by the factor $\\sqrt{1 + 1/K}$ for $K$ members).
""")
        searches.spreads(Scope(self.results))
