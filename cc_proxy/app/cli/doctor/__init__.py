"""`cc-proxy doctor`: a check a subject."""
