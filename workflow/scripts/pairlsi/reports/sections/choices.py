"""What the validation split chose."""

from pairlsi.reports.sections import Section


class Choices(Section):
    """Where each method was stopped, and what each weight of a prior would have given."""

    label = "What the validation split chose"
    description = (
        "Errors on validation samples against iterations, where each method was stopped, weights that were tried."
    )

    def show(self):
        from pairlsi.evaluation.comparisons import describe
        from pairlsi.reports import choices
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.figures import common

        stored = self.results
        show_text("""
Searches and classical solvers go on explaining what was measured after their estimates have ceased to improve: they
begin to fit noise and what the networks cannot represent. Where to stop, and how much a prior weighs, is therefore
chosen on validation samples, for each observation.
""")
        masks = {symbol: names[0] for symbol, names in stored.sweep.shown.items() if "′" not in symbol}
        found = choices.on_masks(stored, stored.methods, masks)
        if not found:
            show_text("No method here leaves anything open.")
            return
        told = {symbol: describe(symbol) for symbol in masks}
        if curves := choices.curves(found):
            show(
                common.validation_curves(curves, stored.labels, told),
                stored.figures,
                "choices",
                "Mean relative error on validation samples against iterations; dots where the solver was stopped for "
                "the test samples.",
            )
        named = {name: {told[case]: one for case, one in by_case.items()} for name, by_case in found.items()}
        if edge := choices.at_the_edge(named, stored.labels):
            show_text(edge)
        others = choices.others(named, stored.labels)
        if not others.empty:
            show_table(others, "What was chosen on validation samples by methods that do not iterate.")
        weights = choices.weights(named, stored.labels)
        if not weights.empty:
            show_table(weights, "Each weight of the prior, with its least mean error on validation samples.")
