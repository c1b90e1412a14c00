"""Figure 3 of the paper: what the surrogate metrics see."""

from pairlsi.reports.sections import Section

TEXT = """
Two quality metrics that need no truth: for the measured data $\\tilde y$, their estimate $\\hat x$ and the data
$\\hat y$ that the method completes, the *residual estimate*
$\\|P d_y(M e_x(\\hat x)) - \\tilde y\\| / \\|\\tilde y\\|$ and the *misfit*
$\\|P \\hat y - \\tilde y\\| / \\|\\tilde y\\|$. For full data and PAIR these are the paper's,
$\\|d_y(M e_x(\\hat x)) - y\\| / \\|y\\|$ and $\\|d_y(e_y(y)) - y\\| / \\|y\\|$. The paper holds completed data
against themselves, which lie in the range of the decoder whatever the latents are: of random latents that makes the
same picture. So what was measured counts here. Full data, the same samples with a block missing, and those after LSI
should form three clusters; the lines show how LSI moves each sample.
"""


class Clusters(Section):
    """Full data, the same with a block missing, and those after LSI."""

    label = "Figure 3: what the surrogate metrics see"
    description = "Two metrics that need no truth for full data, the same with a block missing, and those after LSI."

    def lacking(self):
        if {"pair", "lsi"} <= set(self.results.methods) and {"none", "B"} <= set(self.results.sweep.masks):
            return None
        return "This figure needs the methods pair and lsi, full data, and draw 0 of the block of evaluation.percent."

    def show(self):
        import numpy as np

        from pairlsi.reports.display import show, show_text
        from pairlsi.reports.figures import common

        show_text(TEXT)
        stored = self.results
        block = stored.sweep.names("B")[0]
        points = {
            "full data, PAIR": self.metrics("pair", "none-0-0"),
            "mask B, PAIR": self.metrics("pair", block),
            "mask B, PAIR+LSI": self.metrics("lsi", block),
        }
        show(
            common.clusters(points),
            stored.figures,
            "figure-3",
            "Surrogate metrics of each test sample; colour is the true error, which the metrics do not know.",
        )
        full, before, after = (np.median(table.misfit) for table in points.values())
        order = "between the other two, as in the paper" if full < after < before else "not between the other two"
        show_text(f"The cluster after LSI lies {order}.")

    def metrics(self, method: str, mask: str):
        """The tidy metrics of a method on a mask, a row for each test sample in order."""
        table = self.results.sweep.table
        chosen = (table.method == method) & (table["mask"] == mask) & (table.split == "test")
        return table[chosen & (table.seed == self.results.seed)].sort_values("sample")
