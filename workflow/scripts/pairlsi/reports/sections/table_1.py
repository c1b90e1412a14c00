"""Table 1 of the paper, beside its numbers."""

from pairlsi.reports.sections import Section


class Table1(Section):
    """As far as its masks and methods were run."""

    label = "Table 1 of the paper"
    description = "RRE and SSIM of the paper's three methods on its masks, beside the paper's numbers."

    def show(self):
        from pairlsi.reports import tables
        from pairlsi.reports.display import show_table, show_text

        show_text("""
RRE ± half the interval / SSIM as measured here, and the paper's numbers. The encoder-decoder is the one that was
trained on that kind of mask.
""")
        found = False
        for name, symbols in (
            ("(a) full data", ["none"]),
            ("(b) random masks", ["R", "R′"]),
            ("(c) blocks", ["B", "B′"]),
        ):
            table = tables.table_1(self.results.sweep, symbols, self.results.confidence)
            if not table.empty:
                show_table(table, name)
                found = True
        if not found:
            show_text(
                "This needs one of its methods, pair, lsi and encoder-decoders, on full data or on masks of "
                "evaluation.percent."
            )
