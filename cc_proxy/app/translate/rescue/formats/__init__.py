"""Readers for the formats in which models write calls, and their opening marks."""
