"""From the model's chunks to Anthropic events."""
