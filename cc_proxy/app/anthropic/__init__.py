"""The Anthropic Messages API as it is on the wire."""
