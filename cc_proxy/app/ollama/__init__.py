"""Ollama as it is on the wire."""
