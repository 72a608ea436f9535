"""Token counts, learned from what the model reports."""
