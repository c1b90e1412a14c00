"""How the networks were trained."""

from pairlsi.reports.sections import Section


class Training(Section):
    """Loss of the inversion against epochs, and the time that it took."""

    label = "Training"
    description = "The loss of the inversion against epochs for every network, what each leaves, the time of training."

    def show(self):
        import pandas as pd

        from pairlsi.reports import components, tables
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.figures import common

        stored = self.results
        histories = {name: stored.network(name)[1] for name in stored.networks}
        shown = {name: history for name, history in histories.items() if "validation_inverse" in history}
        if shown:
            show(
                common.training_curves(shown, stored.labels, stored.colours),
                stored.figures,
                "training",
                "Loss of the inversion, 0 for perfect and 1 for the mean of the training samples.",
            )
        table, said = components.beside(stored)
        show_table(table, tables.VARIANCE_LEFT)
        show_text(said)
        told = {stored.label(name): history.seconds.iloc[-1] for name, history in histories.items()}
        seconds = pd.Series(told, name="seconds")
        show_table(seconds.round().astype(int).to_frame(), "Time of training.")
