"""The model and the context window for a request."""
