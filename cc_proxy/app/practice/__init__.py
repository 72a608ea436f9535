"""A server that behaves like Ollama and plays scripts."""
