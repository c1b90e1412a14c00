"""Figures of the reports, each a matplotlib Figure; data come as arrays and tables, nothing is read here."""
