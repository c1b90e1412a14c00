"""Figure 5 of the paper: data as PAIR+LSI completes them."""

from pairlsi.reports.sections import Section


class CompletedData(Section):
    """Figure 5 of the paper: data as PAIR+LSI completes them."""

    label = "Figure 5: completing the data"
    description = "Data with receivers missing, completed by the members of an ensemble."

    def show(self):
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope
        from pairlsi.reports.seismic_examples import Examples

        show_text("""
PAIR+LSI finds latents of the records that explain what was measured; decoded, they say what the missing receivers
would have recorded.
""")
        Examples(Scope(self.results)).completed_data()
