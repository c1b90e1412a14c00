"""Is one method the best of all?"""

from pydantic import Field

from pairlsi.reports.sections import Section


class Best(Section):
    """Case by case the method is held against the best of the others."""

    label = "Is ours the best of all?"
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
        kin = rivals.kin(method, stored.experiment.methods)
        cases = {case: {m: v for m, v in found.items() if m not in kin} for case, found in self.cases().items()}
        table = rivals.against_best(cases, method, stored.confidence, stored.labels)
        left_out = f" Left out is what starts from it or what it starts from ({', '.join(map(stored.label, kin))})."
        show_text(
            f"{rivals.in_words(table, name)} For every case, in and out of distribution, it is held against the best "
            f"of all other methods.{left_out if kin else ''}"
        )
        show_table(
            table,
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
            for case, found in rivals.on_masks(each, name).items():
                cases[case] = {m: values for m, values in found.items() if m in stored.methods}
            if name != stored.results.name:
                show_text(f"{regimes.differences(stored, name)} What was run there alone is left out here.")
        return cases
