"""The same methods on variants of the experiment."""

from pairlsi.reports.sections import Section


class Regimes(Section):
    """The same methods on variants of the experiment."""

    label = "In which regime does the paper's finding hold?"
    description = "M-LSI and PAIR+LSI in an experiment and its variants, against the mean model."

    def show(self):
        from pairlsi.reports import searches
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope

        show_text("""
Whether M-LSI finds the model from the mean model depends on the problem: the longer the waves and the weaker the
contrasts, the fewer its local minima.
""")
        searches.across_regimes(Scope(self.results))
