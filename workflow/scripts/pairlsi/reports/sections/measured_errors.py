"""Errors measured on samples, beside the exact ones."""

from pairlsi.reports.sections import Section


class MeasuredErrors(Section):
    """Of networks fitted to samples."""

    label = "What networks fitted to samples make of it"
    description = "Errors of the methods on the test split beside exact ones."

    def lacking(self):
        there = (self.results.results / "metrics.csv").is_file()
        return None if there else "No networks were trained in this experiment."

    def show(self):
        import pandas as pd

        from pairlsi.reports.display import show_table, show_text
        from pairlsi.reports.exact import Exact
        from pairlsi.reports.figures import theory
        from pairlsi.theory import measured

        show_text("""
Root of the ratio of mean squares on the test split, by which the measured errors compare with the exact ones.
""")
        stored, exact = self.results, Exact(self.results)
        energy = exact.samples[0].flatten(1).square().sum(1).numpy()
        found = measured.of_methods(stored.sweep.table, energy)
        order = [kind for kind in stored.where if kind in found.columns.get_level_values(0)]
        found = found[sorted(found, key=lambda column: (order.index(column[0]), column[1]))]
        for name, one in stored.experiment.methods.items():
            if one.part.blind and name in found.index:
                found.loc[name] = found.loc[name].max()  # the same on all masks, so it is run on one
        known = {
            (kind, p): exact.observe(f"{kind}-{p}-0")
            for kind, p in found.columns
            if kind in ("none", "random", "block")
        }
        at = measured.exact(exact.moments, known, exact.rank)
        found = found.rename(index=lambda method: f"{stored.label(method)}, measured")
        both = pd.concat([found, at.rename(index=lambda method: f"{theory.ESTIMATORS[method][1]}, exact")])
        both.columns = ["complete" if kind == "none" else f"{kind}, {p} %" for kind, p in both.columns]
        show_table(both.round(3), "Exact errors are for draw 0 of each mask, measured ones over all draws.")
