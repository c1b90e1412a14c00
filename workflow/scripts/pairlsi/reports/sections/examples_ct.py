"""Figures 1 and 2 of the paper: samples by every method."""

from pairlsi.reports.sections import Section


class ExamplesCT(Section):
    """The median samples in and out of distribution."""

    label = "Figures 1 and 2: examples"
    description = (
        "The median test samples in and out of distribution, their data by mask, and every method's estimates."
    )

    def show(self):
        from pairlsi.reports.display import show, show_text
        from pairlsi.reports.sections.overview_ct import example, median_sample
        from pairlsi.reports.wording import SPLITS

        stored = self.results
        show_text("""
The samples of the overview and of its like out of distribution, by every method. The upper row shows the data, angles
running to the right, missing ones grey; below them the estimates with their RRE, the least on each mask in bold.
""")
        rows = {stored.label(method): dict.fromkeys(stored.sweep.pictured, method) for method in stored.methods}
        for split, name in (("test", "figure-1"), ("ood", "figure-2")):
            sample = median_sample(stored, split)
            show(
                example(stored, split, sample, rows),
                stored.figures,
                name,
                f"Sample {sample} {SPLITS[split]}: data and estimates by mask and method, with their RRE.",
            )
