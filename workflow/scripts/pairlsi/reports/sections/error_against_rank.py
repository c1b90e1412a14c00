"""Exact errors against the length of the latents."""

from pairlsi.reports.sections import Section


class ErrorAgainstRank(Section):
    """On complete data and with views missing."""

    label = "Error against the length of the latents"
    description = "Exact errors of every estimator against the length of both latents."

    def show(self):
        import numpy as np
        import pandas as pd

        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.exact import Exact
        from pairlsi.reports.figures import theory
        from pairlsi.theory import sweeps

        show_text("""
On complete data (9) and (5) agree at every length, and at full length they are the LMMSE estimator: the projection on
the leading directions of $\\Gamma_y$ and the map $M^\\dagger$ weigh signal against noise. (8) inverts $A$ on the
latents of $x$ instead, which amplifies noise wherever the data see them poorly; its curve is uneven since $M$ depends
on which directions of $\\Gamma_x$ and of $\\Gamma_y$ come in together. With views missing, longer latents stop
helping (9) too: some combinations of latents are hardly seen any more, and the fit has no prior to hold them.
""")
        exact = Exact(self.results)
        percent, longest = exact.percent, exact.unknowns
        ranks = sorted({*np.unique(np.geomspace(4, longest, 24).astype(int)), exact.rank})
        masks = {
            "complete data": "none-0-0",
            f"{percent} % missing at random": f"random-{percent}-0",
            f"{percent} % missing, one block": f"block-{percent}-0",
        }
        by_rank = {title: sweeps.by_rank(exact.moments, exact.observe(mask), ranks) for title, mask in masks.items()}
        show(
            theory.errors(by_rank, "rank", "length of both latents, rank of the SVD", log=True),
            self.results.figures,
            "rank",
            "Exact relative error against the length of both latents. LMMSE has no rank; it is drawn for comparison.",
        )
        best = pd.DataFrame(
            {
                title: {
                    theory.ESTIMATORS[method][1]: f"{group.rre.min():.3f} at {group['rank'].loc[group.rre.idxmin()]}"
                    for method, group in table.groupby("method")
                    if method != "lmmse"
                }
                for title, table in by_rank.items()
            }
        )
        show_table(best, "The least error of each estimator and the rank where it has it.")
