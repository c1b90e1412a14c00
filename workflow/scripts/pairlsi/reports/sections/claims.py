"""The verdict on each claim of the paper."""

from pairlsi.reports.sections import Section


class Claims(Section):
    """A table of verdicts, and what became of the controls."""

    label = "The claims"
    description = "The verdict on each of the paper's claims that was to be judged."

    def lacking(self):
        return "" if self.results.claims.empty else None  # evaluation.claims has none

    def show(self):
        from pairlsi.reports import tables
        from pairlsi.reports.display import show_table, show_text

        claims = self.results.claims
        show_text("Each claim is judged by its parts, which stand further below with their effects.")
        show_table(tables.verdicts(claims)[0][["claim", "statement", "verdict"]], index=False)
        show_text(tables.controls(claims))
