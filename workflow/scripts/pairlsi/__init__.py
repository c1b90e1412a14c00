"""Paired autoencoders and latent space inference for inverse problems."""
