"""Evaluation: metrics with and without the truth, sweeps over masks, and the claims."""
