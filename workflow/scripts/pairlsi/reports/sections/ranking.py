"""The methods from best to worst."""

from pairlsi.reports.sections import Section


class Ranking(Section):
    """A table right below the picture."""

    label = ""
    description = "Mean errors over all observations with something missing, from the best method to the worst."

    def show(self):
        from pairlsi.reports import tables
        from pairlsi.reports.display import show_table

        missing = self.results.problem.missing_name
        show_table(
            tables.over_masks(self.results.sweep, self.results.methods, self.results.confidence),
            f"Mean relative error with {missing} missing, over all observations that all methods were run on, with "
            "intervals, from best to worst. Relative to the deviation: the error over the truth's distance from the "
            "mean image; 1 is no better than the mean image.",
            otherwise=f"There is no observation with {missing} missing that all methods were run on.",
        )
