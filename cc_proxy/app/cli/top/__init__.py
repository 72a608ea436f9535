"""`cc-proxy top`: the sessions and requests as they go on."""
