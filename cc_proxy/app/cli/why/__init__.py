"""`cc-proxy why`: where the time of a request went, and why its prompt was read again."""
