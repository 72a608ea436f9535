"""Benchmarks; each folder says how it is run and what came out."""
