"""Paired autoencoders and latent space inference for inverse problems.

model = pairlsi.load("results/ct")
found = model.infer(y)              # found.x, found.p_value, found.estimates["lsi-prior"].band
"""

from importlib import import_module


def load(path):
    """The model of an experiment's results, to infer with: see `predictions.loading`."""
    # not as a statement: what this imports belongs to none of the jobs that import the package (`jobs.sources`)
    return import_module("pairlsi.predictions.loading").load(path)
