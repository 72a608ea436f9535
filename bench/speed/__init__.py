"""What the proxy costs: against a relay that only copies bytes, and against peers."""
