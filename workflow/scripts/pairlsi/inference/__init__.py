"""Inference: the batched solver, latent space inference on it, and the methods it is compared with."""
