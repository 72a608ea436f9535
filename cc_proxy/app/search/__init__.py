"""Searching the web for the model, with the provider that the user has configured."""
