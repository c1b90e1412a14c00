"""Datasets in Zarr: their files, batches of them, and their simulation."""
