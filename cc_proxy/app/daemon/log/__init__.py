"""The proxy's log file and its formats."""
