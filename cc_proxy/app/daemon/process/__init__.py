"""The background process: identity, lock, port, signals and state."""
