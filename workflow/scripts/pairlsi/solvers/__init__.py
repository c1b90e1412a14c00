"""Batched solvers and what they minimise: they know arrays, not networks."""
