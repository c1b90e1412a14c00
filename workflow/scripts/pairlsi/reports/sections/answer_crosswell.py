"""The title and the answer of the report on cross-well seismics."""

from pairlsi.reports.sections import Section


class AnswerCrosswell(Section):
    """How methods rank with most receivers missing."""

    label = ""
    description = "The title, what the report is about, and the answer in short."

    def show(self):
        from pairlsi.evaluation import by_percent
        from pairlsi.reports import tables
        from pairlsi.reports.display import show_text
        from pairlsi.reports.scope import Scope
        from pairlsi.reports.wording import difference

        stored, scope = self.results, Scope(self.results)
        shared, everyone, labels = int(scope.shared.sum()), len(scope.everyone), stored.labels
        at_heavy = scope.at_heavy(scope.shared)
        said = []
        if {"pair", "lsi"} <= set(at_heavy):
            both = by_percent.means_at(stored.sweep, ["pair", "lsi"], scope.kind, scope.heavy, scope.everyone)
            told = difference(both["lsi"], both["pair"], labels["pair"], scope.confidence)
            said.append(f"On all {everyone} test samples, the error of PAIR+LSI is {told}.")
        if {"lsi", "mlsi"} <= set(at_heavy):
            told = difference(at_heavy["mlsi"], at_heavy["lsi"], labels["lsi"], scope.confidence)
            said.append(f"On the {shared} samples that all methods share, the error of M-LSI is {told}.")
        if not stored.claims.empty:
            _, judged, held = tables.verdicts(stored.claims)
            which = (
                f"{len(held)} held ({', '.join(map(str, held.claim))})" if len(held) else "none held in all its parts"
            )
            said.append(
                "Of the claims of the paper (*Latent Space Inference via Paired Autoencoders*, Hart, Peters, Chung, "
                f"Chung, 2026), {len(judged)} could be judged here and {which}."
            )
        show_text(f"""
# Cross-well seismics with missing receivers: PAIR and latent space inference

**In short.** With {scope.loss}, the methods rank, from the least error to the largest:
{"; ".join(labels[m] for m in at_heavy)}. {" ".join(said)}

Sound is sent through the rock between two boreholes; from what receivers record, the velocity of the rock is to be
found. A paired autoencoder learned to turn records into velocities from complete data. This report says what can
still be found when up to {max(stored.sweep.table.percent):g} % of the receivers are missing: by the autoencoder alone
(*PAIR*), with latent space inference (*PAIR+LSI*), and by inversions that simulate the waves in every iteration
(*M-LSI*, *FWI*).
""")
