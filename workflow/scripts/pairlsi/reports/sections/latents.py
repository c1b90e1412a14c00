"""What the latents of a variational paired autoencoder carry."""

from pairlsi.reports.sections import Section


class Latents(Section):
    """Their divergences from the prior, one by one."""

    label = "What the latents carry"
    description = "The divergence of each latent of a variational network from its prior."

    def show(self):
        from pairlsi.networks import latents
        from pairlsi.reports import tables
        from pairlsi.reports.display import show, show_table, show_text
        from pairlsi.reports.figures import curves

        stored = self.results
        described = stored.network(stored.paired)[0] if stored.paired in stored.networks else {}
        divergences = described.get("divergence_of_latents")
        if not divergences:
            show_text("No variational autoencoder, whose latents are random variables, was trained for this report.")
            return
        show_text("""
A variational network gives each latent a distribution. Where that is the prior whatever goes in, its divergence from
it is zero and the latent carries nothing.
""")
        show(
            curves.latents(divergences, latents.ACTIVE),
            stored.figures,
            "latents",
            "Mean divergence of each latent from the prior on validation samples, from the largest to the least.",
        )
        show_table(
            tables.active_latents(divergences),
            f"Latents with a divergence of more than {latents.ACTIVE:g} nats are active.",
        )
