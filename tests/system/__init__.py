"""Proofs of the whole server: real processes, real TLS, real faults."""
