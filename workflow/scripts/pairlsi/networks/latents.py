"""What the latents of a variational paired autoencoder carry: their divergence from the prior, one by one.

A latent whose distribution q(z|u) is the prior N(0, 1) whatever u is has collapsed: it carries nothing.
"""

import logging

import torch

from pairlsi.data.batches import Batches
from pairlsi.networks.autoencoders import PairedAutoencoder, divergence, in_units_of

log = logging.getLogger(__name__)
ACTIVE = 0.01  # nats, mean divergence from which a latent counts as active


@torch.no_grad()
def describe(network: PairedAutoencoder, data: Batches) -> dict[str, list[float]]:
    """Mean divergence over `data` of each latent, in nats, under "x" and "y"; warns where latents have collapsed."""
    network.eval()
    means = {}
    for space, distribution in (("x", network.distribution_x), ("y", network.distribution_y)):
        encoder = getattr(network, f"{space}_encoder")
        samples = (x if space == "x" else y for x, y in data.epoch(0))
        found = [divergence(*in_units_of(encoder, *distribution(u))) for u in samples]
        means[space] = torch.cat(found).double().mean(0).tolist()
        warn(space, means[space])
    return means


def active(means: list[float]) -> int:
    """How many of the latents with these mean divergences are active."""
    return sum(mean > ACTIVE for mean in means)


def warn(space: str, means: list[float]) -> None:
    collapsed = len(means) - active(means)
    log.info("%d of %d latents of %s are active, %.0f nats in all", active(means), len(means), space, sum(means))
    if collapsed:
        log.warning(
            "%d of %d latents of %s have collapsed (divergence under %g nats): they carry nothing; "
            "lower the divergence of the network, or %s.latent of it or of architecture",
            collapsed,
            len(means),
            space,
            ACTIVE,
            space,
        )
