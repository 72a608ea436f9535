"""`cc-proxy replay`: another model on the requests of a capture."""
