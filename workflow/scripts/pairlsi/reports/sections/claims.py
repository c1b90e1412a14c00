"""The verdict on each claim of the paper."""

from pairlsi.reports.sections import Section


class Claims(Section):
    """A table of verdicts, and what became of the controls."""

    label = "The claims"
    description = "The verdict on each of the paper's claims that was to be judged."

    def lacking(self):
        return "" if self.results.claims.empty else None  # evaluation.claims has none

    def show(self):
        from pairlsi.reports import tables
        from pairlsi.reports.display import show_table, show_text

        claims = self.results.claims
        show_text("Each claim is judged by its parts, which stand further below with their effects.")
        if started := self.on_principal_components():
            show_text(
                f"The paper's networks learn from random weights. {', '.join(started)} start from principal components "
                "and know more than those did, so that what holds of one kind need not hold of the other: the presets "
                "`variants` and `paper` judge the claims on the paper's architectures."
            )
        show_table(tables.verdicts(claims)[0][["claim", "statement", "verdict"]], index=False)
        show_text(tables.controls(claims))

    def on_principal_components(self) -> list[str]:
        """Labels of the networks that start from principal components of the data and were trained from there."""
        stored = self.results
        networks = stored.experiment.networks
        kinds = {name: getattr(getattr(one.settings, "y", None), "kind", None) for name, one in networks.items()}
        return [stored.label(name) for name in stored.networks if kinds[name] == "principal"]
