"""What stopping early does to latent space inference."""

from pydantic import Field

from pairlsi.core.base import Iterations
from pairlsi.reports.sections import Section


class StoppingEarly(Section):
    """The solver's point beside the minimiser."""

    label = "What stopping early does"
    description = "Errors of LSI where its solver stops, beside its minimiser, PAIR and the least possible."

    class Settings(Section.Settings):
        """Of the solver, where the experiment has no method lsi."""

        iterations: Iterations = Field(10, description="of L-BFGS")

    def show(self):
        from types import SimpleNamespace

        from pairlsi.reports.display import show_table, show_text
        from pairlsi.reports.exact import DRAWS, Exact
        from pairlsi.theory import measured

        show_text("""
The bounds and the exact errors above are about the minimiser of (9). The solver starts at $e_y(\\tilde y)$, whose
missing part is zero, and stops after few iterations: combinations of latents that the mask hides hardly move by then.
So stopping early acts as the regulariser that (9) lacks, the more so the more data are missing.
""")
        stored, exact = self.results, Exact(self.results)
        own = {"iterations": self.settings.iterations, "history": 10}
        solver = SimpleNamespace(**own | stored.settings_of("lsi"))
        x, y = exact.samples
        masks = exact.masks_of("random", exact.tensor_weights)
        reached = measured.stopped_early(exact.network, exact.moments, x, y, masks, solver)
        show_table(
            reached.map("{:.3g}".format).rename(index="{} % missing".format).rename_axis(index=None),
            f"Relative errors on the test split with views missing at random, mean over {DRAWS} draws of the mask.",
        )
