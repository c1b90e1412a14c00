"""Exact errors against the percentage of views missing."""

from pairlsi.reports.sections import Section


class ErrorAgainstMissing(Section):
    """The same networks, with ever more of the views missing."""

    label = "Error against missing data"
    description = "Exact errors of every estimator against the percentage of views missing."

    def show(self):
        from pairlsi.reports.display import show, show_text
        from pairlsi.reports.exact import DRAWS, Exact
        from pairlsi.reports.figures import theory
        from pairlsi.theory import sweeps

        show_text("The same networks, fitted to complete data, with ever more of the views missing.")
        exact = Exact(self.results)
        tables = {
            f"{kind} mask": sweeps.by_percent(exact.moments, exact.masks_of(kind, exact.observe), exact.rank)
            for kind in ("random", "block")
        }
        show(
            theory.errors(tables, "percent", "percent missing"),
            self.results.figures,
            "percent",
            f"Exact relative error against the percentage of views missing: mean and range over {DRAWS} draws of "
            f"the mask.",
        )
