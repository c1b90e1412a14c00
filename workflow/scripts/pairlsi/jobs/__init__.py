"""What every job does first: log, threads, memory, written outputs, provenance, digest of sources."""
