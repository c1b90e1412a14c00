"""Whether the trust that predictions report can be trusted."""

from pairlsi.reports.sections import Section


class Trust(Section):
    """Rates on test data: false alarms, power, coverage."""

    label = "Data of your own: is the trust in them right?"
    description = "False alarms, power and coverage of what predictions say of themselves, on test data."

    def lacking(self):
        return None if (self.results.results / "trust.csv").is_file() else ""

    def show(self):
        import pandas as pd

        from pairlsi.reports import trusted
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.figures import trust as figures

        stored = self.results
        table = pd.read_csv(stored.results / "trust.csv")
        table["mask"] = table["mask"].map(stored.in_words)
        name = stored.label(table.method.iloc[0])
        show_text(trusted.in_words(table, name))
        show_table(
            trusted.nominal(table),
            f"{name} on test data behind each mask, held against validation samples behind the same mask: how often a "
            "false alarm is raised at 5 %, and how often the 90 % interval held the error and the 90 % band a pixel. "
            "In brackets, where 95 % of such rates lie if the nominal one is true.",
            index=False,
        )
        show(
            figures.rates(trusted.first(table)),
            stored.figures,
            "trust",
            "Left: p-values of test samples, as evenly spread as they should be where the line is the diagonal. "
            "Middle: errors as they were expected and as they were. Right: how often intervals of each level hold the "
            "error of a sample, and bands a pixel: as often as they say where the line is the diagonal.",
        )
        show_table(
            trusted.power(table),
            "How often it is noticed, at 5 % of false alarms, and the area under the ROC curve: how often a spoiled "
            "sample has a smaller p-value than one that is not.",
            index=False,
        )
        show(
            figures.roc(trusted.first(table)),
            stored.figures,
            "roc",
            "ROC curves: which part of the samples is noticed, by kind and severity, against the part of samples as "
            "they should be that raise an alarm. The area under a curve stands in the table; on the dotted line "
            "nothing is noticed.",
        )
