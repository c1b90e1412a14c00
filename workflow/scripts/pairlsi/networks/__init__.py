"""Networks: what is learned from the training split, made from settings and a problem's shapes.

A module `networks/KIND.py`, or a file of a user's, has one class derived from `Network`. What it builds is a torch
module in physical units at its interfaces, with

    weights: dict[str, float], loss_terms(x, y) -> dict[str, (B,)]
                            the terms of the training loss with their weights; nothing else is asked by training
    x_scaling, y_scaling    `autoencoders.Scaling`, set from statistics of the training split before training
    invert(y) -> x          data that are masked already, zeros for what is missing; offered as "inversion"
    encode_x, encode_y, decode_x, decode_y, distribution_x, distribution_y, forward_map, inverse_map
                            those of `autoencoders.PairedAutoencoder`; offered as "latents" beside "inversion"
"""


def __getattr__(name: str):
    # the networks themselves are taken, by make gpu, to machines that lack what settings need
    if name in ("Network", "BASE"):
        from pairlsi.networks.part import Network

        return Network
    raise AttributeError(name)
