"""What the bounds of the paper say of trained networks."""

from pydantic import Field

from pairlsi.core.base import Count
from pairlsi.reports.sections import Section

STATEMENTS = """
$\\varepsilon_x$, $\\varepsilon_y$ the errors of the autoencoders,
$\\varepsilon_M = \\|M^\\dagger e_y(y) - e_x(x)\\|$, $\\varepsilon_z = \\|e_y(d_y(z^*)) - z^*\\|$ and
$c_P \\|u - v\\| \\le \\|P u - P v\\| \\le C_P \\|u - v\\|$:

- Statement 1: $\\|P d_y(z^*) - P y\\| \\le C_P \\varepsilon_y$
- Proposition 1: $\\|\\hat x - x\\| \\le \\varepsilon_x + L_{d_x} (\\varepsilon_M + L_{M^\\dagger} (\\varepsilon_z +
L_{e_y} (C_P / c_P) \\varepsilon_y))$
- Statement 2: $\\|P A(\\hat x) - P y\\| \\le C_P L_A \\cdot b + \\|P (y - A(x))\\|$, with $b$ the bound of
Proposition 1
"""


class Bounds(Section):
    """Of the trained PAIR on the first test samples."""

    label = "What the bounds of the paper say here"
    description = "Both sides of the paper's bounds for the trained PAIR, observation by observation."

    class Settings(Section.Settings):
        """On how many samples."""

        samples: Count = Field(8, description="test samples that are looked at, the first ones")

    def lacking(self):
        return None if {"pair", "lsi"} <= set(self.results.methods) else "This needs the methods pair and lsi."

    def show(self):
        from pairlsi.reports.display import show_table, show_text
        from pairlsi.reports.scope import Scope
        from pairlsi.theory import trained

        show_text(f"""
With {STATEMENTS.strip()}

The constants of trained networks are the largest found at the samples themselves, so the bounds are estimates. What
they assume, a minimiser of (9), is not what a search gives that is stopped early.
""")
        stored, scope = self.results, Scope(self.results)
        count = min(self.settings.samples, stored.experiment.data.samples.test)
        shown = sorted({0, *scope.percents[::-2][:2]})
        seen = [(q, stored.observation(stored.mask(scope.kind, q))) for q in shown]
        masks = [(q, one.mask) for q, one in seen if len(one.dealt) == 1]
        weights = stored.results / "networks" / stored.paired / f"seed-{stored.seed}" / "weights.safetensors"
        x, y = (stored.samples("test", name, slice(0, count)) for name in ("x", "y"))
        solver = stored.experiment.methods["lsi"].settings
        table = trained.of_results(weights, stored.problem, x, y, masks, solver, stored.seed)
        show_table(
            trained.summary(table).rename(columns={"c_P": "$c_P$"}),
            f"Bound over what it bounds, median over the first {count} test samples, {scope.missing}, and how often it "
            "held. Searches start from the mean of the encoded data.",
        )
