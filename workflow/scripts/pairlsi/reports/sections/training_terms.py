"""Every term of the training loss."""

from pairlsi.reports.sections import Section


class TrainingTerms(Section):
    """Of the paired network."""

    label = "Training"
    description = "The terms of the loss of the paired network against epochs."

    def lacking(self):
        return (
            None if self.results.paired else "No method here takes a paired autoencoder, whose training this is about."
        )

    def show(self):
        from pairlsi.reports import components, tables
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.figures import curves

        stored = self.results
        history = stored.network(stored.paired)[1]
        show(
            curves.training_terms(history),
            stored.figures,
            "training",
            "The terms of the loss (4), 0 for perfect and 1 for the mean of the training samples, and divergences from "
            "the prior.",
        )
        last, hours = history.iloc[-1], history.seconds.iloc[-1] / 3600
        took = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"
        show_text(
            f"Training took {took}; the inversion ends at {last.validation_inverse:.3f} on validation samples and at "
            f"{last.train_inverse:.3f} in training."
        )
        table, said = components.beside(stored)
        show_table(table, tables.VARIANCE_LEFT)
        show_text(said)
