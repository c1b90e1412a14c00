"""What an estimate costs, and what can be said of it without the truth."""

from pairlsi.reports.sections import Section


class Cost(Section):
    """Seconds a sample, and surrogate metrics."""

    label = "Time, and what the surrogate metrics say"
    description = "Mean time of an estimate for every method, and metrics that need no truth."

    def show(self):
        from pairlsi.reports import tables
        from pairlsi.reports.display import show_table, show_text
        from pairlsi.reports.scope import Scope

        stored = self.results
        if stored.simulating:
            show_text("Methods that simulate do so in every iteration, forth and back; the others never do.")
        show_table(
            tables.seconds(stored.sweep, stored.methods),
            "Mean time of one estimate with all its members, over observations; choices on validation samples are "
            "not counted.",
        )
        scope = Scope(stored)
        shown = [method for method in ("pair", "lsi") if method in stored.methods]
        if shown:
            show_table(
                tables.surrogates(stored.sweep, shown, scope.kind).round(3),
                f"Means of two metrics that need no truth, for data $b$ and their estimate $\\hat x$, {scope.missing}: "
                "$\\|d_y(M e_x(\\hat x)) - b\\| / \\|b\\|$ and $\\|d_y(e_y(b)) - b\\| / \\|b\\|$. $b$: the "
                "zero-filled data for PAIR, the completed ones for PAIR+LSI.",
            )
