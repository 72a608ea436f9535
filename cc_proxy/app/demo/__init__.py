"""The practice model: a small Ollama-shaped server for `cc-proxy demo` and the tests."""
