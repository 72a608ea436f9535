"""The HTTP server: who may connect, how much may come, and what is refused."""
