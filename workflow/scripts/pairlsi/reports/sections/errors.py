"""Errors of every method by observation."""

from pairlsi.reports.sections import Section

WIDE = 10  # columns: observations beyond that are rows


class Errors(Section):
    """Bars with intervals, and tables of all metrics."""

    label = "Errors by observation"
    description = "Mean errors of every method on every observation, with intervals, in and out of distribution."

    def show(self):
        from pairlsi.evaluation.bootstrap import interval
        from pairlsi.reports import tables
        from pairlsi.reports.display import show, show_table
        from pairlsi.reports.figures import common

        stored, sweep, methods = self.results, self.results.sweep, self.results.methods
        run = {symbol: [method for method in methods if sweep.was_run(method, symbol)] for symbol in sweep.shown}
        means = {
            method: {
                symbol: interval(sweep.mean(method, symbol, among=among), stored.confidence)
                for symbol, among in run.items()
                if method in among
            }
            for method in methods
        }
        show(
            common.errors_by_mask(means, stored.labels, stored.colours),
            stored.figures,
            "errors",
            "Mean relative reconstruction error on the test split, with intervals.",
        )
        for split, metric, digits, caption in (
            ("test", "rre", 3, "Mean RRE in distribution."),
            ("ood", "rre", 3, "Mean RRE out of distribution."),
            ("test", "deviation_error", 3, "Mean error relative to the truth's distance from the mean image."),
            ("test", "ssim", 3, "Mean SSIM in distribution."),
            ("test", "psnr", 2, "Mean PSNR in dB in distribution."),
        ):
            table = tables.all_methods(sweep, split, methods, metric).round(digits)
            show_table(table if table.shape[1] <= WIDE else table.T, caption)
