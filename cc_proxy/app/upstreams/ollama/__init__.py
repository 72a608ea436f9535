"""Ollama's HTTP API: requests out, chunks and errors in."""
