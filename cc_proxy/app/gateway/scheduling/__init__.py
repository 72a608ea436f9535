"""The order in which requests reach the model."""
