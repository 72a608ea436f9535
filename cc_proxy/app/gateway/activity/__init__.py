"""The sessions and requests of this moment, and the totals since the start."""
