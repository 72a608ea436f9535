"""Claude Code on local models: Anthropic Messages API in front, Ollama behind."""

__version__ = "0.1.0"
