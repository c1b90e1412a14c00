"""The methods from best to worst with most receivers missing."""

from pairlsi.reports.sections import Section


class RankingCrosswell(Section):
    """On the samples that all methods share, and on all."""

    label = ""
    description = "Mean errors with most receivers missing, from best to worst, on shared and on all samples."

    def show(self):
        from pairlsi.reports import tables
        from pairlsi.reports.display import show_table
        from pairlsi.reports.scope import Scope

        stored, scope = self.results, Scope(self.results)
        show_table(
            tables.on_shared_and_all(stored.sweep, stored.methods, scope.kind, scope.heavy, scope.confidence),
            f"Mean relative error of the velocity, {scope.loss}, with intervals, from best to worst; each column on "
            "the draws of the mask that all its methods share. Relative to the deviation: the error over the truth's "
            "distance from the mean model, on the same samples as the column before; 1 is no better "
            "than the mean model.",
        )
