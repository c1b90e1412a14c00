"""Errors against how much is missing."""

from pairlsi.reports.sections import Section


class ErrorsByLevel(Section):
    """A curve for each method, a panel for each observation that was run at several levels."""

    label = "Errors against how much is missing or wrong"
    description = "Mean errors against the level, over all draws, a panel for each observation."

    def lacking(self):
        levels = {level for level in self.results.sweep.table.percent if level}
        return None if len(levels) > 1 else ""

    def show(self):
        from pairlsi.evaluation import by_percent
        from pairlsi.reports.display import show
        from pairlsi.reports.figures import common
        from pairlsi.reports.scope import Scope

        stored, scope = self.results, Scope(self.results)
        found = by_percent.intervals(stored.sweep, stored.methods, "test", stored.confidence)
        found = {kind: found[kind] for kind in stored.experiment.observations if kind in found}
        run = {kind: by_percent.run_on(stored.sweep, stored.methods, kind) for kind in found}
        seen = {kind: stored.experiment.observations[kind] for kind in found}
        parts = {kind: one.part for kind, one in seen.items()}
        spoiling = set(stored.sweep.spoiling)
        titles = {
            kind: (seen[kind].settings.label or parts[kind].label) if kind in spoiling else scope.missing_of(kind)
            for kind in found
        }
        called = list(titles.values())  # several observations may be of one kind
        titles = {k: f"{title} ({k})" if called.count(title) > 1 else title for k, title in titles.items()}
        panels = {
            titles[kind]: {name: curve for name, curve in curves.items() if name in run[kind]}
            for kind, curves in found.items()
        }
        missing = stored.problem.missing_name
        show(
            common.errors_by_percent(
                panels,
                stored.labels,
                stored.colours,
                [parts[kind].unit if kind in spoiling else "percent missing" for kind in found],
            ),
            stored.figures,
            "percent",
            f"Mean relative reconstruction error on the test split against the percentage of {missing} missing, or "
            "against how much else is wrong, which no method is told; at each level over the draws that all methods "
            "there were run on.",
        )
