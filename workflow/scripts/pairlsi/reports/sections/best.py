"""Is one method the best of all?"""

from pydantic import Field

from pairlsi.reports.sections import Section


class Best(Section):
    """Case by case the method is held against the best of the others."""

    label = "Is refined LSI the best of all?"
    description = "One method against the best of all others, case by case, in and out of distribution."

    class Settings(Section.Settings):
        """Which method."""

        method: str = Field("lsi-refined", description="the method that is held against all others")

    def lacking(self):
        return None if self.settings.method in self.results.methods and len(self.results.methods) > 1 else ""

    def show(self):
        from pairlsi.evaluation.bootstrap import FEWEST
        from pairlsi.reports import rivals
        from pairlsi.reports.display import show_table, show_text

        stored, method = self.results, self.settings.method
        name = stored.label(method)
        show_text(
            f"{name} takes from LSI what was not measured and from physics what was. For every case, in and out of "
            "distribution, it is held against the best of all other methods."
        )
        show_table(
            rivals.against_best(self.cases(), method, stored.confidence, stored.labels),
            f"{name} against the best of the others, on the samples and draws that all share.",
            index=False,
            otherwise=f"This needs {FEWEST} test samples that all methods share.",
        )

    def cases(self) -> dict:
        """The cases of `rivals.against_best`: by level where some methods were run on few samples, else by mask, with
        the experiment's relatives."""
        from pairlsi.reports import regimes, rivals
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope

        stored = self.results
        if any(one.settings.samples for one in stored.experiment.methods.values()):
            scope = Scope(stored)
            method = self.settings.method
            return rivals.on_percents(stored.sweep, stored.methods, scope.kinds, method, stored.where)
        cases = {}
        for name, each in regimes.sweeps(stored).items():
            cases |= rivals.on_masks(each, name)
            if name != stored.results.name:
                show_text(regimes.differences(stored, name))
        return cases
