"""The title of a report, and the answer in short."""

from pairlsi.reports.sections import Section


class Answer(Section):
    """Which methods are best where something is missing, and what held."""

    label = ""
    description = "The title, what the report is about, and the answer in short."

    def show(self):
        from pairlsi.reports import tables
        from pairlsi.reports.display import show_text
        from pairlsi.reports.wording import difference, with_interval

        stored = self.results
        problem, sweep = stored.problem, stored.sweep
        best = tables.best_first(sweep, stored.methods)
        said = []
        if best:
            first = list(best)[0]
            least = with_interval(best[first], stored.confidence)
            said.append(
                f"Where {problem.missing_name} are missing, {stored.label(first)} has the least mean error, {least}, "
                "relative to the norm of the truth."
            )
        else:
            said.append(f"All methods were run together on no data with {problem.missing_name} missing.")
        if {"pair", "lsi"} <= set(best):
            told = difference(best["lsi"], best["pair"], stored.label("pair"), stored.confidence)
            said.append(f"The error of {stored.label('lsi')} is {told}.")
        if not stored.claims.empty:
            _, judged, held = tables.verdicts(stored.claims)
            which = ", ".join(map(str, held.claim)) or "none"
            said.append(f"Of the paper's claims, {len(judged)} could be judged here and {len(held)} held ({which}).")
        show_text(f"""
# {problem.label}: paired autoencoders and latent space inference

**In short.** {" ".join(said)}

{problem.description} A paired autoencoder (PAIR) turns data into an estimate by way of two latent spaces; it was
trained on complete data. When data are missing, latent space inference (LSI) searches the latent space of the data
for what explains the measurements, and inverts that. The report says how well it went, after *Latent Space Inference
via Paired Autoencoders* (Hart, Peters, Chung, Chung, 2026).
""")
