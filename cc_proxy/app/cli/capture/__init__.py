"""`cc-proxy capture`: write the exchanges of a session to a file, for a bug report."""
