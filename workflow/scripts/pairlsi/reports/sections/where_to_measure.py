"""Where to measure, when few rows of the data can be."""

from pairlsi.reports.sections import Section


class WhereToMeasure(Section):
    """Designs of rows, and errors behind them on test data."""

    label = "Where to measure"
    description = "Which rows of the data leave the least error, and whether evenly spread ones do as well."

    def lacking(self):
        return None if (self.results.results / "designs.csv").is_file() else ""

    def show(self):
        import pandas as pd

        from pairlsi.reports import designed
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.figures import designs as figures

        stored, problem = self.results, self.results.problem
        found = designed.Designs(pd.read_csv(stored.results / "designs.csv"), stored.experiment.evaluation)
        rows = problem.missing_name
        show_text(
            f"If only a few {rows} can be measured, which? For a linear-Gaussian model of the training split the "
            "error behind any choice is known beforehand, "
            "$\\mathrm{tr}(B (S^{-1} + U_P^T U_P/(\\sigma^2 + \\rho))^{-1} B^T)$ with the variances $S$ of the latents "
            f"and the regression $B$ of x on them. The {rows} are chosen by that, or by errors of validation samples; "
            "the errors below are of test samples. " + designed.in_words(found, stored.label, rows)
        )
        method = found.each()[0][0]
        show(
            figures.designs(found, method, problem),
            stored.figures,
            "where-to-measure",
            f"Left: the {rows} of each design, as many as in its middle size. Right: mean error of "
            f"{stored.label(method)} on test samples against their number, with intervals.",
        )
        show_table(
            designed.gains(found, stored.label),
            f"Mean errors on test samples behind so many {rows}, and by how much they are smaller than behind evenly "
            "spread ones (the mean over three phases), relatively, with intervals over samples; "
            "docs/where-to-measure.md says how each is chosen.",
            index=False,
        )
