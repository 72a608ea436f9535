"""Sessions on several hosts: what is cached."""
