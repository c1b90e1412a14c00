"""What methods make of data that something went wrong with, and whether it is noticed."""

from pairlsi.reports.sections import Section


class Inconsistencies(Section):
    """Methods × what goes wrong × how much of it."""

    label = "When something is wrong with the data"
    description = "Which method is best at which kind and amount of inconsistency, and whether the trust notices it."

    def lacking(self):
        return None if (self.results.results / "trust.csv").is_file() else ""

    def show(self):
        import pandas as pd

        from pairlsi.reports import inconsistencies
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.figures import inconsistencies as figures

        stored = self.results
        table = pd.read_csv(stored.results / "trust.csv")
        if inconsistencies.spoiled(table).empty:
            return
        methods = list(inconsistencies.usual(table).index)
        labels = {method: stored.label(method) for method in methods}
        first = labels[methods[0]]
        show_text(
            "Data as nobody expects them: full, and wrong in a way that inference is not told of. "
            + inconsistencies.in_words(table, labels)
        )
        show(
            figures.panels(table, labels, {method: stored.colours[method] for method in methods}),
            stored.figures,
            "inconsistencies",
            "Mean relative error of test samples over how much is wrong, each panel in its own unit, on the left "
            "as they should be; lines that leave a panel at the top are worse than all it shows. Bars: how often the "
            f"p-value of {first} raises an alarm, from none to all of the height.",
        )
        show_table(
            inconsistencies.comparison(table, labels),
            "Mean relative errors, the method that is best by the whole 95 % interval of every paired difference, "
            "and how often it is noticed at 5 % of false alarms.",
            index=False,
        )
