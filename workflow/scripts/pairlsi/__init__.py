"""Paired autoencoders and latent space inference for inverse problems.

model = pairlsi.load("results/ct")
found = model.infer(y)              # found.x, found.p_value, found.estimates["lsi-prior"].band
"""


def load(path):
    """The model of an experiment's results, to infer with: see `predictions.model`."""
    from pairlsi.predictions.model import load as loaded

    return loaded(path)
