"""Clients of the servers that run models: one folder a wire."""
