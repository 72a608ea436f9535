"""Captures: the exchanges of a session in a file, while somebody has asked for that."""
