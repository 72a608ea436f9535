"""Requests to the practice server, checked as Ollama checks them."""
