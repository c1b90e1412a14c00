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
        table = rivals.against_best(self.cases(set(kin)), stored.confidence, stored.labels)
        left_out = f" Left out is what starts from it or what it starts from ({', '.join(map(stored.label, kin))})."
        show_text(
            f"{rivals.in_words(table, name)} For every case, in and out of distribution, it is held against the best "
            f"of all other methods.{left_out if kin else ''}"
        )
        show_table(
            table,
            f"{name} against the one of the others that comes closest or is furthest ahead, on the samples and masks "
            "that the two share.",
            index=False,
            otherwise=f"This needs {FEWEST} test samples that two methods share.",
        )

    def cases(self, kin: set[str]) -> dict:
        """The cases of `rivals.against_best`: by level where some methods were run on few samples, else by mask, with
        the experiment's relatives. kin: methods that are left out."""
        from pairlsi.reports import regimes, rivals
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope

        stored, method = self.results, self.settings.method
        others = [name for name in stored.methods if name not in kin]
        if any(one.settings.samples for one in stored.experiment.methods.values()):
            return rivals.on_percents(stored.sweep, others, Scope(stored).kinds, method, stored.where)
        cases = {}
        sweeps = regimes.sweeps(stored)
        for name, each in sweeps.items():
            cases |= rivals.on_masks(each, name if len(sweeps) > 1 else "", method, others)
            if name != stored.results.name:
                show_text(f"{regimes.differences(stored, name)} What was run there alone is left out here.")
        return cases
