"""One sample: its data, and what the methods make of it."""

from pairlsi.reports.sections import Section

MOST = 11  # estimates that are shown


class Example(Section):
    """The test sample of median error behind the observation that is hardest, in one or two dimensions."""

    label = ""
    description = "The test sample of median error: truth, data as observed, and the estimates of the methods."

    def show(self):
        import numpy as np

        from pairlsi.reports import examples
        from pairlsi.reports.display import show
        from pairlsi.reports.figures import samples

        stored, scope = self.results, self.hardest()
        at_heavy = scope.at_heavy(scope.shared)
        method = "lsi" if "lsi" in at_heavy else next(iter(at_heavy))
        number = examples.median(scope.errors(method), scope.shared)
        shown = [name for name in at_heavy if not stored.experiment.methods[name].part.blind][:MOST]
        found = examples.by_method(stored, shown, scope.mask, [number])
        y = stored.samples("test", "y", slice(number, number + 1))
        seen = np.moveaxis(y[0], stored.problem.missing_axis - 1, 0)
        seen = np.where(stored.keep(scope.mask, number).reshape(-1, 1, 1), seen, np.nan)
        seen = np.moveaxis(seen, 0, stored.problem.missing_axis - 1)[0]
        estimates = {name: (images[0], found.errors[name][0]) for name, images in found.estimates.items()}
        show(
            samples.one(found.truths[0], seen, estimates, stored.problem),
            stored.figures,
            "overview",
            f"Test sample {number}, of median error, with {scope.loss}: the truth, what was measured of its data "
            "(missing ones grey or left out), and the estimates with their relative errors, the least in bold.",
        )

    def hardest(self):
        """The `Scope` of the observation behind which errors are largest, of those that most methods were run on."""
        import numpy as np

        from pairlsi.reports.scope import Scope

        def rank(scope):
            at_heavy = scope.at_heavy(scope.shared)
            return len(at_heavy), np.mean([means[0] for means in at_heavy.values()])

        return max((Scope(self.results, kind) for kind in Scope(self.results).kinds), key=rank)
