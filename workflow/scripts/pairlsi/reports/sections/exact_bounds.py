"""The bounds of the paper where all constants are exact."""

from pairlsi.reports.sections import Section
from pairlsi.reports.sections.bounds import STATEMENTS


class ExactBounds(Section):
    """They must hold for every sample."""

    label = "The bounds"
    description = (
        "Both sides of the paper's bounds on the linear PAIR, where all constants are exact, and how loose they are."
    )

    def show(self):
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.exact import Exact
        from pairlsi.reports.figures import theory
        from pairlsi.theory import sweeps

        show_text(f"""
For solutions $z^*$ of (9), with {STATEMENTS.strip()}

The last term is ours: it lets the data have noise, and is zero for the noise-free data of the paper. For the linear
PAIR all constants are exact, $c_P$ is the smallest singular value of $P U_y$, and the bounds must hold for every
sample.
""")
        exact, figures = Exact(self.results), self.results.figures
        x, y = exact.samples
        masks = exact.masks_of("random", exact.tensor_weights)
        table = sweeps.bounds_by_percent(exact.network, exact.problem.matrix, x, y, masks)
        show(
            theory.bounds(table),
            figures,
            "bounds",
            "What is bounded and its bound against the percentage of views missing at random: median, and 5 to 95 % of "
            "test samples and draws.",
        )
        failed = sweeps.broken(table) or "none"
        show_text(f"Of {len(table)} inequalities (samples × masks × statements) {failed} failed.")
        show_table(
            sweeps.looseness(table)
            .map("{:.3g}".format)
            .rename(index="{} % missing".format, columns=lambda name: name.replace("c_P", "$c_P$"))
            .rename_axis(index=None, columns=None),
            "How loose the bounds are: bound over what it bounds, median over samples and draws.",
        )
        self.looseness(table)

    def looseness(self, table) -> None:
        """Where it comes from."""
        from pairlsi.reports.display import show, show_text
        from pairlsi.reports.figures import theory

        show_text("""
### Where the looseness comes from
Proposition 1 degrades as $1 / c_P$. The latent moves by at most $\\sqrt{1 - c_P^2} / c_P$ times $\\varepsilon_y$, the
tangent of the largest angle between the span of $U_y$ and the signals that the mask keeps. That is nothing when no
data are missing, where the paper's factor is still 1, and close to the paper's when many are. A typical sample stays
far below both: its error $\\varepsilon_y$ would have to lie along the one direction that the mask hides best.
""")
        if ((table.lower > 0) & (table.percent > 0)).any():
            show(
                theory.movement(table),
                self.results.figures,
                "movement",
                "How far missing data move the latent of the data, relative to the autoencoder's error, against $c_P$. "
                "Each mark is a mask.",
            )
        else:
            show_text(
                "Every mask here hides some combination of the latents altogether: $c_P$ is 0, and there is no bound."
            )
