"""From an Anthropic request to the chat request that the model gets."""
