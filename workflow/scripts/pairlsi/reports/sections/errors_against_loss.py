"""Figure 7 of the paper: errors against loss."""

from pairlsi.reports.sections import Section


class ErrorsAgainstLoss(Section):
    """Of completed data and of velocities, a row for each kind of mask."""

    label = "Figure 7: errors against loss"
    description = "Errors of completed data and of estimates against the percentage missing, and tables of them."

    def show(self):
        from pairlsi.evaluation import by_percent
        from pairlsi.reports.display import show, show_table
        from pairlsi.reports.figures import curves
        from pairlsi.reports.scope import Scope
        from pairlsi.reports.wording import plus_minus

        stored, scope = self.results, Scope(self.results)
        sweep, methods, confidence = stored.sweep, stored.methods, scope.confidence
        run_on = {each: by_percent.run_on(sweep, methods, each) for each in scope.kinds}
        figure_7 = {
            each: {
                metric: by_percent.statistics(
                    sweep, "test", [m for m in run_on[each] if m not in sweep.blind], each, metric
                )
                for metric in ("data_rre", "rre")
            }
            for each in scope.kinds
        }
        blind = {m: by_percent.values(sweep, "test", m, scope.kind, 0).mean() for m in methods if m in sweep.blind}
        shared, everyone = int(scope.shared.sum()), len(scope.everyone)
        show(
            curves.by_loss(
                figure_7, {each: scope.missing_of(each) for each in scope.kinds}, stored.labels, stored.colours, blind
            ),
            stored.figures,
            "figure-7",
            "Mean errors, with bars of one standard deviation over samples. Methods that simulate: the first "
            f"{shared} test samples; all others: all {everyone}. Data errors are against the full noisy data: of "
            "decoded data for PAIR and PAIR+LSI, of simulated data for M-LSI and FWI; what lies above the panels is "
            "worse than no data at all.",
        )
        for each in scope.kinds:
            samples = by_percent.shared_samples(sweep, "test", run_on[each])
            means = by_percent.means(sweep, "test", run_on[each], each, samples)
            show_table(
                by_percent.table(means, lambda values: plus_minus(values, confidence), stored.labels),
                f"Mean RRE ± half the interval, {scope.missing_of(each)}, on the {int(samples.sum())} test samples "
                "that all these methods share, and in each column on the draws that all its methods do.",
            )
        samples = by_percent.shared_samples(sweep, "ood", methods)
        means = by_percent.means(sweep, "ood", methods, scope.kind, samples)
        show_table(
            by_percent.table(means, lambda values: values[0], stored.labels).round(3),
            f"Mean RRE out of distribution, {scope.missing}, on the {int(samples.sum())} samples that all methods "
            "share.",
        )
