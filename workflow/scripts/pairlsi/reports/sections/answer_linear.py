"""The title and the answer of the report on the linear problem."""

from pairlsi.reports.sections import Section


class AnswerLinear(Section):
    """Exact errors with and without views missing."""

    label = ""
    description = "The title, what the report is about, and the answer in short."

    def show(self):
        import numpy as np

        from pairlsi.reports.display import show_text
        from pairlsi.reports.exact import Exact
        from pairlsi.theory import sweeps

        exact = Exact(self.results)
        problem, percent = exact.problem, exact.percent
        masks = [(0, exact.observe("none-0-0")), (percent, exact.observe(f"random-{percent}-0"))]
        table = sweeps.by_percent(exact.moments, masks, exact.rank)
        at = table.pivot(index="method", columns="percent", values="rre")
        condition = np.linalg.cond(problem.matrix)
        limit = 1 / np.finfo(float).eps
        told = "A is singular" if condition > limit else f"The condition number of A is {condition:.0f}"
        show_text(f"""
# Paired autoencoders where the answer is known: a linear problem

**In short.** With {percent} % of the views missing at random, the error of PAIR goes from {at.loc["pair", 0]:.3f} to
{at.loc["pair", percent]:.3f} and that of LSI (9) from {at.loc["lsi", 0]:.3f} to {at.loc["lsi", percent]:.3f}; the
least possible from {at.loc["lmmse", 0]:.3f} to {at.loc["lmmse", percent]:.3f}.

Everything about this problem is linear and Gaussian, so that the best paired autoencoder (PAIR), latent space
inference (LSI) and the best possible estimate all have closed forms, and their expected errors follow from the
moments of x and of the noise without drawing a sample. The report shows where LSI gains and what the bounds of the
paper *Latent Space Inference via Paired Autoencoders* (Hart, Peters, Chung, Chung, 2026) say about it, beside the
exact errors.

**The problem.** $x$: Gaussian fields of {problem.x_shape[1]} × {problem.x_shape[2]} pixels with a Matérn covariance
of correlation length {problem.settings.correlation_length:g} image widths. $y$: {exact.rows} parallel-beam views of
{problem.y_shape[2]} bins, {exact.data_size} data for {exact.unknowns} unknowns, with white noise of
{exact.level:.0%}. Whole views go missing. {told}.

**The estimators.** *PAIR (5)*: encode, map, decode, taking missing data for zeros. *LSI in $Z_y$ (9)*: the data
latent that explains what was measured, then mapped and decoded. *LSI in $Z_x$ (8)*: the latent of $x$ that does so by
way of $M$. *LMMSE*: the linear estimator with the least mean square error, which knows $A$ and all moments.
*Truncated SVD*: knows $A$ alone.

**How to read it.** Errors are $\\sqrt{{E\\|\\hat x - x\\|^2 / E\\|x\\|^2}}$, exact. Where nothing else is said both
latents have length {exact.rank}, as in the settings, and the truncated SVD its best rank.
""")
