"""The practice model: a small Ollama-shaped server for `cc-proxy demo` and the tests.

It behaves as an Ollama 0.32 was seen to behave on the wire, and plays scripted sessions in place
of a model.
"""
