"""What clients can ask for: one route, or one family of them, a file."""
