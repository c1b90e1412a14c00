"""Uncertainty by the methods' own word, against the errors."""

from pairlsi.reports.sections import Section


class Posteriors(Section):
    """Uncertainty by the methods' own word, against the errors."""

    label = "Do methods know how wrong they are?"
    description = "Standard deviations of posteriors and ensembles, and the coverage of their bands at every level."

    def lacking(self):
        from pairlsi.reports import posteriors

        return "" if posteriors.rows(self.results.sweep, str).empty else None

    def show(self):
        from pairlsi.reports import posteriors
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.figures.posteriors import coverage

        stored = self.results
        found = posteriors.rows(stored.sweep, stored.in_words)
        show_text(
            "Two kinds of methods state a standard deviation for every entry of their estimate: the best linear "
            "estimate that of its posterior, which is right where objects are normally distributed, and ensembles that "
            "of their members, which differ in their starts alone. Nothing here was calibrated, unlike the bands of "
            "predictions."
        )
        show(
            coverage(posteriors.coverage(found), stored.labels),
            stored.figures,
            "posteriors",
            "The part of all entries of test samples that lie within the bands of each level, as wide as normal errors "
            "of the stated deviations would need. On the diagonal the bands are right, below it too narrow.",
        )
        show_text("\n".join(f"- {sentence}" for sentence in posteriors.sentences(found, stored.labels)))
        show_table(
            posteriors.told(found, stored.labels),
            "Means over test samples and draws, relative to the norm of the truth; the ratio is of root mean squares.",
            index=False,
        )
